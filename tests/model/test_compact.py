"""`--env=compact`'s own configuration around a tiny language model of SmolLM2's layout."""

import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from faceinsight.model import FaceInsightModel
from faceinsight.model.conversation import chat_text
from faceinsight.model.generation import write_on
from faceinsight.model.pretrained import load_language_model, load_tokenizer
from faceinsight.training.loop import train
from tests.model import checkpoints, paper

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
RESNET = {"model_type": "resnet", "layer_type": "basic", "embedding_size": 8}
RESNET |= {"hidden_sizes": [8, 16], "depths": [1, 1]}
REAL = os.environ.get("FACEINSIGHT_SMOLLM2", "")


def job(folder, variant="lgc", reading="embeddings", **training):
    if not (folder / FILE).exists():
        checkpoints.write_gguf(folder / FILE)
    model = {
        "image_encoder": {"pretrained": None, "architecture": RESNET, "feature_layer": -1},
        "segmentation_encoder": {"architecture": RESNET},
        "language_model": {"gguf": str(folder / FILE)},
        "text_encoder": {"language_model": reading},
        "frozen": ["language_model"],  # nothing else is pretrained
    }
    return paper.job(folder, model, env="compact", variant=variant, epochs=1, **training)


@pytest.mark.parametrize(("variant", "reading"), [("lgc", "embeddings"), ("coh", "states")])
def test_a_trained_model_is_read_back_beside_its_language_model(
    tmp_path, built, one_thread, variant, reading
):
    folder, curve = train(job(tmp_path, variant, reading, learning_rate=1e-2), tmp_path / "work")
    assert curve["step"].max() == 2
    model, before = built.pop()
    expected = paper.probabilities(model)
    assert expected.shape == (3, 41)
    again = FaceInsightModel.from_pretrained(folder)
    np.testing.assert_array_equal(paper.probabilities(again), expected)
    saved = load_file(folder / "model.safetensors")
    parts = {"image_encoder", "image_adapter", "segmentation_encoder", "segmentation_adapter"}
    parts |= {"text_adapter", "gcn", "text_features", "map_colours"}
    assert {name.split(".")[0] for name in saved} == parts
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert not any(name.startswith(("language_model", "text_features")) for name in trained)
    moved = {name for name in trained if not model.state_dict()[name].equal(before[name])}
    assert {name.split(".")[0] for name in moved} == parts - {"text_features", "map_colours"}


def test_another_file_of_the_same_name_is_another_job(tmp_path):
    key = job(tmp_path).key()
    assert job(tmp_path).key() == key
    os.utime(tmp_path / FILE, (0, 0))
    assert job(tmp_path).key() != key


@pytest.mark.skipif(not REAL, reason="FACEINSIGHT_SMOLLM2 names no GGUF file of SmolLM2")
def test_the_real_language_model_speaks():
    path = Path(REAL)
    model = load_language_model("language_model", str(path.parent), gguf=path.name)
    model.tokenizer = load_tokenizer("language_model", str(path.parent), gguf=path.name)
    model.language_model = model
    asked = chat_text(model.tokenizer, "What is the capital of France?")
    (said,) = write_on(model, [asked], max_new_tokens=20)
    assert "Paris" in said
