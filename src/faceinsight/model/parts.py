"""The three pretrained parts of a model: image encoder, segmentation encoder, language model.

A part that is frozen and comes from a checkpoint is no part of a saved model. The constructor of
`FaceInsightModel` gives it its shape alone (on torch's meta device), and it is attached afterwards:
`from_pretrained` does not work inside a constructor, which transformers may call on that device.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from faceinsight.model.configuration import FaceInsightConfig
from faceinsight.model.encoders import vision_config, vision_model
from faceinsight.model.pretrained import load_language_model, load_vision_model

PARTS = ("image_encoder", "segmentation_encoder", "language_model")


def is_attached(config: FaceInsightConfig, part: str) -> bool:
    """Whether a part of `PARTS` is frozen and read from its checkpoint."""
    settings = getattr(config, part)
    return bool(settings) and settings["pretrained"] is not None and part in config.frozen


def new_parts(config: FaceInsightConfig) -> dict[str, PreTrainedModel]:
    """The parts by name, with random weights; without any where they are attached later."""
    return {part: _new_part(config, part) for part in PARTS if getattr(config, part)}


def _new_part(config: FaceInsightConfig, part: str) -> PreTrainedModel:
    settings = getattr(config, part)
    with ExitStack() as stack:
        if settings["pretrained"] is not None:
            # Its weights come from elsewhere: the random numbers of what is made next stay as if
            # there were none here.
            stack.enter_context(torch.random.fork_rng(devices=[]))
        if is_attached(config, part):
            stack.enter_context(torch.device("meta"))
        if part == "language_model":
            architecture = AutoConfig.for_model(**settings["architecture"])
            made = AutoModelForCausalLM.from_config(architecture, dtype=_dtype(config, part))
        else:
            vision = vision_config(settings["architecture"], config.image_size, part)
            made = vision_model(vision, _dtype(config, part))
    if is_attached(config, part):
        for module in made.modules():  # or the constructor would fill what has no storage
            module._is_hf_initialized = True
    return made


def load_parts(config: FaceInsightConfig, *, trained: bool) -> dict[str, PreTrainedModel]:
    """Read parts from their checkpoints, by name.

    Args:
        config: the model's configuration.
        trained: also those parts that start from a checkpoint and are trained (of a new model).

    Raises:
        WeightsError: a checkpoint is not there, or is not of this model.
    """
    loaded = {}
    for part in PARTS:
        settings = getattr(config, part)
        if settings and settings["pretrained"] and (trained or is_attached(config, part)):
            load: Any = load_vision_model
            if part == "language_model":
                kept = {name: settings.get(name) for name in ("gguf", "layers")}
                load = partial(load_language_model, **kept)
            dtype = _dtype(config, part)
            loaded[part] = load(part, settings["pretrained"], settings["revision"], dtype)
    return loaded


def _dtype(config: FaceInsightConfig, part: str) -> torch.dtype:
    dtype: torch.dtype = getattr(torch, config.frozen_dtype)
    return dtype if part in config.frozen else torch.float32
