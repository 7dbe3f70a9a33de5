"""Tiny models and checkpoints with random weights."""

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM, ViTConfig, ViTForImageClassification

from faceinsight.method.characteristics import Characteristic, Vocabulary
from faceinsight.method.rules.compiler import RuleSet
from faceinsight.method.variants import LGC
from faceinsight.model import ModelSettings, build_model, build_tokenizer

IDS = ("Bald", "Bangs", "Smiling", "Male", "Female")
SIZE = 32
RESNET = {
    "model_type": "resnet",
    "embedding_size": 8,
    "hidden_sizes": [8, 16],
    "depths": [1, 1],
    "layer_type": "basic",
}
VIT = {
    "model_type": "vit",
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "patch_size": 8,
}
LLAMA = {
    "model_type": "llama",
    "hidden_size": 24,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 128,
    "initializer_range": 0.3,
}


def vocabulary() -> Vocabulary:
    characteristics = [
        Characteristic(id_, f"a face of {id_}", {"celeba": id_}, "gender" if i > 2 else None)
        for i, id_ in enumerate(IDS)
    ]
    return Vocabulary(
        characteristics,
        {"gender": ("Male", "Female")},
        {"celeba": {"attributes": "attributes", "gender": "gender"}},
    )


def ruleset() -> RuleSet:
    return RuleSet(
        IDS,
        [
            ("Bald -> not Bangs", "no hair, no bangs", "exclusion"),
            ("exactly one of {Male, Female}", "a group", "group"),
        ],
    )


def settings(**changes) -> ModelSettings:
    plain = {
        "image_size": SIZE,
        "image_encoder": {"architecture": RESNET, "feature_layer": -1},
        "segmentation_encoder": {"architecture": VIT, "feature_layer": -1},
        "text_encoder": {"width": 12},
        "language_model": {"architecture": LLAMA},
        "prompts": {"system": "A face:", "query": "What is it like?"},
    }
    return ModelSettings.model_validate(plain | changes)


def adjacency() -> np.ndarray:
    """An asymmetric C_hat in which the last characteristic has no neighbour."""
    return np.array(
        [
            [0.2, 0.4, 0.4, 0, 0],
            [0, 0.2, 0, 0.8, 0],
            [0.8, 0, 0.2, 0, 0],
            [0, 0, 0.8, 0.2, 0],
            [0, 0, 0, 0, 1],
        ]
    )


def model(variant=LGC, **changes):
    return build_model(
        settings(**changes), vocabulary(), None, adjacency(), ruleset(), variant=variant
    )


def batch(images=3, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def draw(low, high, *shape, dtype=torch.uint8):
        return torch.randint(low, high, shape, generator=generator).to(dtype)

    return {
        "photographs": draw(0, 256, images, SIZE, SIZE, 3),
        "maps": draw(0, 19, images, SIZE, SIZE),
        "labels": draw(-1, 2, images, len(IDS), dtype=torch.int8),
    }


def save_vit(folder, size=SIZE):
    config = ViTConfig(**{k: v for k, v in VIT.items() if k != "model_type"}, image_size=size)
    vit = ViTForImageClassification(config).eval()
    vit.save_pretrained(folder)
    return vit


def _llama_config(tokenizer):
    arguments = {k: v for k, v in LLAMA.items() if k != "model_type"}
    return LlamaConfig(**arguments, vocab_size=len(tokenizer), bos_token_id=1, eos_token_id=2)


def own_tokenizer():
    prompts = settings().prompts
    return build_tokenizer([prompts.system, prompts.query, "yes no", *vocabulary().phrases])


def save_llama(folder):
    tokenizer = own_tokenizer()
    llama = LlamaForCausalLM(_llama_config(tokenizer)).eval()
    llama.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return llama
