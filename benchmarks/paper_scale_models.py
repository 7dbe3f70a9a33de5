"""The models that `paper_scale.py` measures, with random weights made on the device itself.

`SEVEN_B` has the published shapes: LLaVA-1.5's language model, FLIP-base-16's vision tower (CLIP's
ViT-B/16), a ViT-B/16 for the label maps, and, on the other side, LLaVA-1.5-7B with its own tower
(CLIP's ViT-L/14 at 336 pixels). For a CPU, both with every number of tokens kept: `SHALLOW` has the
widths and an eighth of the layers, so that matrix products and weights that do not fit into a cache
weigh as they do at full size; `SMALL` shrinks the widths too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import nn
from transformers import (
    AutoConfig,
    CLIPVisionConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
)

from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.rules.compiler import compile_rules
from faceinsight.model.building import default_tokenizer, resolve
from faceinsight.model.modeling import FaceInsightModel
from faceinsight.model.settings import ModelSettings

ROOT = Path(__file__).parents[1]
PARTS = ("image_encoder", "segmentation_encoder", "language_model")
NEW_TOKENS = 100
QUESTION_TOKENS = 20
"""About "Does this face have bushy eyebrows? Answer yes or no. ASSISTANT:" in Llama's tokens."""

CLIP_BASE = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "patch_size": 16,
    "image_size": 224,
}
CLIP_LARGE = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "patch_size": 14,
    "image_size": 336,
}
_NARROW = {"hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 4}
_NARROW |= {"num_attention_heads": 4}


@dataclass(frozen=True)
class Scale:
    """Shapes of both sides.

    Attributes:
        name: for the results.
        language: arguments of a `LlamaConfig`; both sides have this language model.
        encoder: arguments of both of our vision encoders (196 tokens of 224 pixels).
        tower: arguments of LLaVA's vision tower (576 tokens of 336 pixels).
        text_width: d, of the text features.
    """

    name: str
    language: dict[str, Any]
    encoder: dict[str, Any]
    tower: dict[str, Any]
    text_width: int


SEVEN_B = Scale(
    "7B",
    {
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-5,
        "vocab_size": 32064,
    },
    CLIP_BASE,
    CLIP_LARGE,
    512,
)
SMALL = Scale(
    "small",
    {
        "hidden_size": 1024,
        "intermediate_size": 2752,
        "num_hidden_layers": 4,
        "num_attention_heads": 8,
        "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-5,
        "vocab_size": 4096,
    },
    CLIP_BASE | _NARROW,
    CLIP_LARGE | _NARROW,
    64,
)
SHALLOW = Scale(
    "shallow",
    SEVEN_B.language | {"num_hidden_layers": 4, "vocab_size": 4096},
    CLIP_BASE | {"num_hidden_layers": 2},
    CLIP_LARGE | {"num_hidden_layers": 3},
    512,
)
SCALES = {scale.name: scale for scale in (SEVEN_B, SHALLOW, SMALL)}


def face_insight(scale: Scale, device: torch.device, dtype: torch.dtype) -> FaceInsightModel:
    """Our model as `--env=paper` shapes it: all variant switches on, all but adapters frozen.

    The prior has no zeros, the most that the graph network can have to do.
    """
    conf = {
        name: yaml.safe_load((ROOT / f"conf/base/{name}.yml").read_text(encoding="utf-8"))
        for name in ("characteristics", "rules")
    }
    vocabulary = Vocabulary.from_config(conf["characteristics"]["vocabulary"])
    encoder = {"feature_layer": -2, "architecture": {"model_type": "vit", **scale.encoder}}
    clip = {"model_type": "clip_vision_model", **scale.encoder}
    settings = ModelSettings.model_validate(
        {
            "image_size": scale.encoder["image_size"],
            "image_encoder": encoder | {"architecture": clip},
            "segmentation_encoder": encoder,
            "text_encoder": {"pretrained": "random features"},
            "language_model": {"architecture": {"model_type": "llama", **scale.language}},
            "frozen": PARTS,
            "frozen_dtype": str(dtype).removeprefix("torch."),
        }
    )
    tokenizer = default_tokenizer(settings, vocabulary)
    config = resolve(settings, vocabulary, tokenizer)
    config.text_encoder["width"] = scale.text_width
    size = len(vocabulary)
    adjacency = np.full((size, size), 0.8 / (size - 1)) + np.eye(size) * (0.2 - 0.8 / (size - 1))
    config.gcn_edges = size * size
    with torch.device(device):
        model = FaceInsightModel(config)
    model.complete(vocabulary, tokenizer, compile_rules(conf["rules"]["rules"], vocabulary))
    features = np.random.default_rng(0).normal(size=(size, scale.text_width))
    model.text_features.data.copy_(torch.from_numpy(features))
    model.gcn.set_adjacency(adjacency)
    return nn.Module.to(model, device)


def faces(model: FaceInsightModel, images: int) -> dict[str, torch.Tensor]:
    """A random batch on the model's device: photographs, label maps, and labels."""
    device, size = model.map_colours.device, model.config.image_size
    generator = torch.Generator(device).manual_seed(0)

    def draw(low: int, high: int, *shape: int, dtype: torch.dtype = torch.uint8) -> torch.Tensor:
        return torch.randint(low, high, shape, generator=generator, device=device, dtype=dtype)

    return {
        "photographs": draw(0, 256, images, size, size, 3),
        "maps": draw(0, len(model.map_colours), images, size, size),
        "labels": draw(-1, 2, images, len(model.vocabulary), dtype=torch.int8),
    }


def llava(
    scale: Scale, device: torch.device, dtype: torch.dtype, *, own_tower: bool
) -> LlavaForConditionalGeneration:
    """Hugging Face's LLaVA-1.5 with its own tower (576 image tokens), or with ours (196)."""
    shape = scale.tower if own_tower else scale.encoder
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**shape).to_dict(),
        text_config=AutoConfig.for_model("llama", **scale.language).to_dict(),
        image_token_index=scale.language["vocab_size"] - 64,
        image_seq_length=(shape["image_size"] // shape["patch_size"]) ** 2,
    )
    default = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            model = LlavaForConditionalGeneration(config)
    finally:
        torch.set_default_dtype(default)
    return nn.Module.to(model, device).eval().requires_grad_(False)


def prompt(
    model: LlavaForConditionalGeneration, images: int, text_tokens: int
) -> dict[str, torch.Tensor]:
    """A random prompt for LLaVA: 35 tokens of text, the photograph, and the rest of the text."""
    config = model.config
    generator = torch.Generator(model.device).manual_seed(0)
    words = torch.randint(
        3, config.image_token_index, (images, text_tokens), generator=generator, device=model.device
    )
    places = words.new_full((images, config.image_seq_length), config.image_token_index)
    before = min(35, text_tokens)
    ids = torch.cat([words[:, :before], places, words[:, before:]], dim=1)
    size = config.to_dict()["vision_config"]["image_size"]
    pixels = torch.randn(images, 3, size, size, generator=generator, device=model.device)
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "pixel_values": pixels.to(model.dtype),
    }
