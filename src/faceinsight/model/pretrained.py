"""Reading vision towers, language models and text features out of Hugging Face checkpoints.

The published layouts are read as they are: safetensors and the older `pytorch_model.bin` (without
unpickling code), whole or in shards; of a checkpoint that joins several models (LLaVA, CLIP) only
the part that is asked for. `from_pretrained` fills what a checkpoint lacks with random weights and
a warning. Here a tensor that is lacking or has another shape is an error that names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoTokenizer,
    CLIPTextModelWithProjection,
    LlavaConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.llava.modeling_llava import LlavaMultiModalProjector
from transformers.utils import logging

from faceinsight.errors import ParameterError, WeightsError
from faceinsight.model.encoders import one_line, without_pooling

_Loaded = TypeVar("_Loaded")

_LANGUAGE_KEYS = {r"^language_model\.": "", r"^model\.language_model\.": "model."}
"""From a LLaVA checkpoint's names to those of its language model alone; the second form is that
of checkpoints whose body and head were saved apart."""

_VISION_KEYS = {r"^(?:model\.)?vision_tower\.(?:vision_model\.)?": ""}
"""From a LLaVA checkpoint's names to those of its vision tower alone."""

_PROJECTOR_KEYS = {r"^model\.multi_modal_projector\.": "multi_modal_projector."}

HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
"""What a name on the Hugging Face hub looks like."""


class LlavaProjector(PreTrainedModel):
    """Nothing but the projector of a LLaVA checkpoint."""

    config_class = LlavaConfig

    def __init__(self, config: LlavaConfig) -> None:
        super().__init__(config)
        self.multi_modal_projector = LlavaMultiModalProjector(config)
        self.post_init()


def load_vision_model(
    part: str, name: str, revision: str | None = None, dtype: torch.dtype = torch.float32
) -> PreTrainedModel:
    """Load a vision model; of a checkpoint that joins it with others (CLIP, LLaVA), it alone.

    Args:
        part: the parameter that asks for it, for messages, e.g. `image_encoder`.
        name: name on the hub, or folder.
        revision: branch, tag or commit on the hub.
        dtype: number format of the weights.

    Raises:
        WeightsError: the checkpoint is not there, or lacks tensors that the model has.
    """
    config = load_config(part, name, revision)
    options: dict[str, Any] = {}
    if config.model_type == "llava":
        options["key_mapping"] = _VISION_KEYS
    config = getattr(config, "vision_config", config)
    options |= {"config": config, **without_pooling(config)}
    return _load(AutoModel, part, name, revision, dtype, **options)


def load_language_model(
    part: str,
    name: str,
    revision: str | None = None,
    dtype: torch.dtype = torch.float32,
    *,
    gguf: str | None = None,
    layers: int | None = None,
) -> PreTrainedModel:
    """Load a causal language model; of a LLaVA checkpoint, the language model in it.

    Args:
        part: as in `load_vision_model`, as are name, revision and dtype.
        name: name on the hub, or folder.
        revision: branch, tag or commit on the hub.
        dtype: number format of the weights.
        gguf: a GGUF file, whose weights are taken: its name there, or its path.
        layers: how many of its first layers are kept; None keeps all.

    Raises:
        WeightsError: the checkpoint is not there, or lacks tensors that the model has.
    """
    config = load_config(part, name, revision, gguf=gguf)
    options: dict[str, Any] = {}
    if hasattr(config, "text_config"):
        config = config.text_config
        options["key_mapping"] = _LANGUAGE_KEYS
    config = first_layers(part, config, layers)
    options["config"] = config
    loaded = _load(AutoModelForCausalLM, part, name, revision, dtype, gguf, **options)
    # What is unpacked is a model as any other, to be saved and trained as one.
    loaded.config.__dict__.pop("quantization_config", None)
    return loaded


def first_layers(part: str, config: PretrainedConfig, layers: int | None) -> PretrainedConfig:
    """The configuration of a language model's first layers.

    Args:
        part: the parameter that asks for it, for messages.
        config: of the whole; it is changed.
        layers: how many; None leaves it as it is.

    Raises:
        ParameterError: it has not as many.
    """
    if layers is None:
        return config
    if layers > config.num_hidden_layers:
        raise ParameterError(
            f"model.{part}.layers is {layers}, and the checkpoint has {config.num_hidden_layers}"
        )
    config.num_hidden_layers = layers
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[:layers]
    return config


def load_projector(part: str, name: str, revision: str | None = None) -> LlavaMultiModalProjector:
    """Load the projector of a LLaVA checkpoint, in float32.

    Arguments are those of `load_vision_model`.

    Raises:
        WeightsError: the checkpoint is not there, lacks tensors, or is not of LLaVA-1.5's form: two
            layers with biases and a GELU between them, over one layer of the vision tower.
    """
    config = load_config(part, name, revision)
    wanted = (
        ("model_type", "llava"),
        ("projector_hidden_act", "gelu"),
        ("multimodal_projector_bias", True),
    )
    for key, value in wanted:
        if getattr(config, key, None) != value:
            raise WeightsError(
                f"model.{part}.pretrained: the {key} of '{name}' is {getattr(config, key, None)}, "
                f"and must be {value}: name a checkpoint of LLaVA-1.5, or null"
            )
    options: dict[str, Any] = {"config": config, "key_mapping": _PROJECTOR_KEYS}
    loaded: Any = _load(LlavaProjector, part, name, revision, torch.float32, **options)
    return loaded.multi_modal_projector


def load_tokenizer(
    part: str, name: str, revision: str | None = None, *, gguf: str | None = None
) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a checkpoint; of a GGUF file, the one in it.

    Raises:
        WeightsError: it is not there.
    """
    return _read(part, name, AutoTokenizer.from_pretrained, revision, gguf)


def load_config(
    part: str, name: str, revision: str | None = None, *, gguf: str | None = None
) -> PretrainedConfig:
    """Load the configuration of a checkpoint; of a GGUF file, the one in it.

    Raises:
        WeightsError: it is not there.
    """
    return _read(part, name, AutoConfig.from_pretrained, revision, gguf)


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
    inputs = _padded(load_tokenizer("text_encoder", name, revision), phrases)
    if config.model_type in ("clip", "clip_text_model"):
        text_config = getattr(config, "text_config", config)
        # Where text and picture are joined, it is the whole's width that counts.
        text_config.projection_dim = config.projection_dim
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
    return _mean(model(**inputs).last_hidden_state, inputs["attention_mask"]).numpy()


@torch.no_grad()
def language_features(
    name: str,
    phrases: Sequence[str],
    reading: Literal["embeddings", "states"],
    revision: str | None = None,
    *,
    gguf: str | None = None,
    layers: int | None = None,
) -> NDArray[np.float32]:
    """Text features T_p^0 of one phrase per characteristic, from the language model itself.

    What all phrases have in common is taken off, and the rest scaled to rows of about unit length,
    as text encoders give them: of a language model's states the common part is the larger by far.

    Args:
        name: name on the hub, or folder, of the language model.
        phrases: K texts.
        reading: `embeddings`, the mean of those of a phrase's tokens, or `states`, the last
            layer's at the last of them.
        revision: branch, tag or commit on the hub.
        gguf: as in `load_language_model`, as is layers.
        layers: how many of its first layers are kept.

    Returns:
        float32 [K, D].

    Raises:
        WeightsError: the checkpoint is not there, or lacks tensors that the model has.
    """
    inputs = _padded(load_tokenizer("language_model", name, revision, gguf=gguf), phrases)
    model = load_language_model("language_model", name, revision, gguf=gguf, layers=layers)
    mask = inputs["attention_mask"]
    if reading == "embeddings":
        features = _mean(model.get_input_embeddings()(inputs["input_ids"]), mask)
    else:
        states = model.base_model(**inputs).last_hidden_state
        features = states[torch.arange(len(states)), mask.sum(1) - 1]
    features = features - features.mean(0)
    return (features / features.norm(dim=1).mean()).numpy()


def _padded(tokenizer: PreTrainedTokenizerBase, phrases: Sequence[str]) -> dict[str, Tensor]:
    """Token ids of texts, filled up on the right, and where they are."""
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokens = tokenizer(list(phrases), padding=True, padding_side="right", return_tensors="pt")
    return {"input_ids": tokens.input_ids, "attention_mask": tokens.attention_mask}


def _mean(states: Tensor, mask: Tensor) -> Tensor:
    """Mean over a text's tokens, [B, T, w] to [B, w]."""
    among = mask[..., None].float()
    return (states * among).sum(1) / among.sum(1)


def _load(
    loader: Any,
    part: str,
    name: str,
    revision: str | None,
    dtype: torch.dtype,
    gguf: str | None = None,
    **options: Any,
) -> PreTrainedModel:
    with _without_warnings():
        model, info = _read(
            part,
            name,
            loader.from_pretrained,
            revision,
            gguf,
            dtype=dtype,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # reported below, by name
            **options,
        )
    wrong = sorted(info["missing_keys"]) + sorted(str(k[0]) for k in info["mismatched_keys"])
    if wrong:
        raise WeightsError(
            f"model.{part}.pretrained: '{name}' lacks, or has in another shape, "
            f"{_listed(wrong)} of a {type(model).__name__}; take a checkpoint of that model, with "
            "the names that transformers gives its tensors"
        )
    return model.eval()


def _listed(names: Sequence[str], limit: int = 5) -> str:
    rest = f" and {len(names) - limit} more" if len(names) > limit else ""
    return f"tensor {', '.join(names[:limit])}{rest}"


def _read(
    part: str,
    name: str,
    read: Callable[..., _Loaded],
    revision: str | None,
    gguf: str | None,
    **options: Any,
) -> _Loaded:
    if gguf is not None:
        name, gguf = _gguf_file(name, gguf)
    given = {"revision": revision, "gguf_file": gguf}
    options |= {key: value for key, value in given.items() if value is not None}
    # Whatever is wrong with a checkpoint surfaces as an error of any of several libraries
    # (transformers, huggingface_hub, safetensors, tokenizers); all mean the same to the user.
    try:
        return read(name, **options)
    except Exception as error:
        raise WeightsError(
            f"model.{part}.pretrained: '{name}' cannot be loaded ({one_line(error)}); "
            f"{_remedy(part, name, gguf)}"
        ) from error


def _gguf_file(name: str, gguf: str) -> tuple[str, str]:
    """Where a GGUF file lies: its folder, or name on the hub, and its name in there.

    Args:
        name: a folder, or a name on the hub.
        gguf: the file's path, or its name in the folder or on the hub.
    """
    for path in (Path(gguf), Path(name) / gguf):
        if path.is_file() or path.is_absolute():
            return str(path.parent), path.name
    return name, gguf


def _remedy(part: str, name: str, gguf: str | None) -> str:
    if gguf is not None and find_spec("gguf") is None:
        return "install what reads GGUF files: pip install 'faceinsight[gguf]'"
    if gguf is not None and (Path(name).is_dir() or not HUB_NAME.fullmatch(name)):
        return (
            f"model.{part}.gguf names {gguf}: give the path of a GGUF file of a language model "
            "that transformers reads, e.g. a Llama, Qwen2 or Mistral"
        )
    if Path(name).is_dir():
        return (
            "the folder must hold config.json, weights (*.safetensors or pytorch_model*.bin, every "
            "shard and their index) and, with a language model or text encoder, its tokenizer, all "
            "as transformers writes them"
        )
    if HUB_NAME.fullmatch(name):
        return (
            f"where there is a network, 'hf download {name} --local-dir FOLDER' fetches it; put it "
            f"on this machine, and set model.{part}.pretrained (of a saved model: bases) to FOLDER"
        )
    return (
        "there is no such folder; give a folder that holds the checkpoint, or its name on the "
        "Hugging Face hub"
    )


@contextmanager
def _without_warnings() -> Iterator[None]:
    # The tables of what a checkpoint holds beside the wanted part; what matters is an error here.
    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()
