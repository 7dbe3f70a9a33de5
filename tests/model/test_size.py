"""What the paper's model weighs on disk, computed from its shapes without any weights."""

import pytest
import torch
from transformers import (
    CLIPConfig,
    LlamaConfig,
    LlavaConfig,
    ViTConfig,
)

from faceinsight.method.characteristics import Vocabulary
from faceinsight.model import FaceInsightModel
from faceinsight.model.building import resolve
from tests.model import checkpoints, paper

MB = 1e6
TEXT_WIDTH = 512


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """`paper`'s parameters, on the published configurations and no weights at all."""
    folder = tmp_path_factory.mktemp("bases")
    LlavaConfig(text_config=LlamaConfig(vocab_size=32064)).save_pretrained(folder / "llava")
    vision = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12}
    vision |= {"num_attention_heads": 12, "image_size": 224, "patch_size": 16}
    CLIPConfig(vision_config=vision, projection_dim=TEXT_WIDTH).save_pretrained(folder / "flip")
    ViTConfig().save_pretrained(folder / "vit")
    names = {"image_encoder": "flip", "text_encoder": "flip"}
    names |= {"segmentation_encoder": "vit", "language_model": "llava"}
    bases = {part: {"pretrained": str(folder / name)} for part, name in names.items()}
    return paper.configuration() | {"model": paper.settings("model", bases)}


def built(given, lora=None):
    vocabulary = Vocabulary.from_config(given["vocabulary"])
    settings = given["model"].model_copy(update={"lora": lora})
    config = resolve(settings, vocabulary, checkpoints.llava_tokenizer())
    config.gcn_edges = len(vocabulary) ** 2  # the most there can be
    config.text_encoder["width"] = TEXT_WIDTH
    model = FaceInsightModel(config)
    if lora is not None:
        model.attach(language_model=model.language_model)
    return model


@pytest.fixture(scope="module")
def plain(given):
    return built(given)


def test_a_saved_model_of_7b_is_under_250_mb(plain):
    model = plain
    parameters = sum(p.numel() for p in model.language_model.parameters())
    assert parameters == 6_738_939_904  # vicuna's 6,738,415,616 and 64 more rows, twice
    assert len(model.config.characteristics) == 82
    state = model.trained_state()
    assert not [name for name in state if "encoder" in name or "language_model" in name]
    assert {t.dtype for t in state.values() if t.is_floating_point()} == {torch.float32}
    size = sum(t.numel() * t.element_size() for t in state.values())
    # Three adapters through the language model's width, two square matrices of the graph network.
    wide = 4096
    adapters = sum((w + 1) * wide + (wide + 1) * wide for w in (768, 768, TEXT_WIDTH))
    trained = 4 * (adapters + 2 * TEXT_WIDTH**2)
    assert sum(4 * p.numel() for p in model.parameters() if p.requires_grad) == trained
    # Beside the tensors there are mainly the tokenizer's files, Llama's have less than 4 MB.
    assert trained < size < (250 - 8) * MB


def test_lora_lies_apart_from_it(given, plain):
    settings = given["model"].model_validate(
        given["model"].model_dump() | {"lora": {"rank": 8, "alpha": 16}}
    )
    model = built(given, settings.lora)
    assert model.trained_state().keys() == plain.trained_state().keys()
    added = sum(p.numel() for n, p in model.named_parameters() if p.requires_grad and "lora" in n)
    # r (in + out) for q, k, v, o of 4096 by 4096 and gate, up, down of 4096 by 11008, 32 layers.
    assert added == 32 * 8 * (4 * (4096 + 4096) + 3 * (4096 + 11008))
