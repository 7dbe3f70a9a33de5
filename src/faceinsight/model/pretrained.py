"""Reading vision towers, language models and text features out of Hugging Face checkpoints.

`from_pretrained` fills what a checkpoint lacks with random weights and a warning. Here a tensor
that is lacking or has another shape is an error that names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoTokenizer,
    CLIPTextModelWithProjection,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from faceinsight.errors import WeightsError
from faceinsight.model.encoders import one_line, without_pooling

_Loaded = TypeVar("_Loaded")

_LLAVA_KEYS = {r"^language_model\.": "", r"^model\.language_model\.": "model."}
"""From a LLaVA checkpoint's names to those of its language model alone; the second form is that
of checkpoints whose body and head were saved apart."""


def load_vision_model(
    part: str, name: str, revision: str | None = None, dtype: torch.dtype = torch.float32
) -> PreTrainedModel:
    """Load a vision model; of a checkpoint that joins picture and text (CLIP), the vision tower.

    Args:
        part: the parameter that asks for it, for messages, e.g. `image_encoder`.
        name: name on the hub, or folder.
        revision: branch, tag or commit on the hub.
        dtype: number format of the weights.

    Raises:
        WeightsError: the checkpoint is not there, or lacks tensors that the model has.
    """
    config = load_config(part, name, revision)
    config = getattr(config, "vision_config", config)
    return _load(AutoModel, part, name, revision, dtype, config=config, **without_pooling(config))


def load_language_model(
    part: str, name: str, revision: str | None = None, dtype: torch.dtype = torch.float32
) -> PreTrainedModel:
    """Load a causal language model; of a LLaVA checkpoint, the language model in it.

    Arguments and errors are those of `load_vision_model`.
    """
    config = load_config(part, name, revision)
    options: dict[str, Any] = {"config": config}
    if hasattr(config, "text_config"):
        options = {"config": config.text_config, "key_mapping": _LLAVA_KEYS}
    return _load(AutoModelForCausalLM, part, name, revision, dtype, **options)


def load_tokenizer(part: str, name: str, revision: str | None = None) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a checkpoint.

    Raises:
        WeightsError: it is not there.
    """
    return _read(part, name, lambda: AutoTokenizer.from_pretrained(name, **_at(revision)))


def load_config(part: str, name: str, revision: str | None = None) -> PretrainedConfig:
    """Load the configuration of a checkpoint.

    Raises:
        WeightsError: it is not there.
    """
    return _read(part, name, lambda: AutoConfig.from_pretrained(name, **_at(revision)))


@torch.no_grad()
def encode_phrases(
    name: str, phrases: Sequence[str], revision: str | None = None
) -> NDArray[np.float32]:
    """Text features T_p^0 of one phrase per characteristic.

    Of a CLIP checkpoint they are its projected text features, not normalised; of another text
    encoder, the mean of its last hidden states over a phrase's tokens.

    Args:
        name: name on the hub, or folder, of the text encoder.
        phrases: K texts.
        revision: branch, tag or commit on the hub.

    Returns:
        float32 [K, d].

    Raises:
        WeightsError: the checkpoint is not there, or lacks tensors that the model has.
    """
    config = load_config("text_encoder", name, revision)
    tokenizer = load_tokenizer("text_encoder", name, revision)
    tokens = tokenizer(list(phrases), padding=True, return_tensors="pt")
    inputs = {"input_ids": tokens.input_ids, "attention_mask": tokens.attention_mask}
    if config.model_type in ("clip", "clip_text_model"):
        text_config = getattr(config, "text_config", config)
        model = _load(
            CLIPTextModelWithProjection,
            "text_encoder",
            name,
            revision,
            torch.float32,
            config=text_config,
        )
        return model(**inputs).text_embeds.numpy()
    model = _load(
        AutoModel, "text_encoder", name, revision, torch.float32, **without_pooling(config)
    )
    mask = inputs["attention_mask"][..., None].float()
    states = model(**inputs).last_hidden_state
    return ((states * mask).sum(1) / mask.sum(1)).numpy()


def _load(
    loader: Any, part: str, name: str, revision: str | None, dtype: torch.dtype, **options: Any
) -> PreTrainedModel:
    with _without_warnings():
        model, info = _read(
            part,
            name,
            lambda: loader.from_pretrained(
                name,
                dtype=dtype,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # reported below, by name
                **_at(revision),
                **options,
            ),
        )
    wrong = sorted(info["missing_keys"]) + sorted(str(k[0]) for k in info["mismatched_keys"])
    if wrong:
        raise WeightsError(
            f"{part}.pretrained: '{name}' lacks {_listed(wrong)} of a {type(model).__name__}; "
            "take a checkpoint of that model, with the names that transformers gives its tensors"
        )
    return model.eval()


def _listed(names: Sequence[str], limit: int = 5) -> str:
    rest = f" and {len(names) - limit} more" if len(names) > limit else ""
    return f"tensor {', '.join(names[:limit])}{rest}"


def _read(part: str, name: str, load: Callable[[], _Loaded]) -> _Loaded:
    # Whatever is wrong with a checkpoint surfaces as an error of any of several libraries
    # (transformers, huggingface_hub, safetensors, tokenizers); all mean the same to the user.
    try:
        return load()
    except Exception as error:
        raise WeightsError(
            f"{part}.pretrained: '{name}' cannot be loaded ({one_line(error)}); fetch it with "
            f"'hf download {name}', or set {part}.pretrained to a folder that holds it"
        ) from error


def _at(revision: str | None) -> dict[str, str]:
    return {} if revision is None else {"revision": revision}


@contextmanager
def _without_warnings() -> Iterator[None]:
    # The tables of what a checkpoint holds beside the wanted part; what matters is an error here.
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)
