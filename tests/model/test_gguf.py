"""A language model in a GGUF file computes what its weights, unpacked, compute."""

import json
import shutil

import numpy as np
import pytest
import torch

from faceinsight.errors import ParameterError, WeightsError
from faceinsight.model import FaceInsightModel, build_model
from faceinsight.model.conversation import chat_text
from faceinsight.model.pretrained import (
    language_features,
    load_config,
    load_language_model,
    load_tokenizer,
)
from tests.model import checkpoints, tiny

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
PHRASES = ["a photo of a person", "no hair", "a person with and without hair"]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The file, and the model that holds the same numbers."""
    path = tmp_path_factory.mktemp("gguf") / FILE
    return path, checkpoints.write_gguf(path)


@pytest.fixture
def path(written):
    return written[0]


@pytest.fixture
def whole(written):
    return written[1]


def load(path, **options):
    return load_language_model("language_model", str(path.parent), gguf=path.name, **options)


def ids_of(path, text):
    tokenizer = load_tokenizer("language_model", str(path.parent), gguf=path.name)
    return tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids


def test_the_language_model(path, whole):
    ids = ids_of(path, "a photo of a person")
    loaded = load(path)
    torch.testing.assert_close(loaded(ids).logits, whole(ids).logits, rtol=1e-4, atol=1e-4)
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    assert not hasattr(loaded.config, "quantization_config")


def test_its_tokenizer_and_chat_template(path):
    tokenizer = load_tokenizer("language_model", str(path.parent), gguf=path.name)
    text = "A chat between a curious human and an assistant."
    assert tokenizer.decode(tokenizer(text).input_ids) == text
    assert chat_text(tokenizer, "no hair", "A person.") == (
        "<|im_start|>system\nA person.<|im_end|>\n<|im_start|>user\nno hair<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_it_is_found_by_its_path_alone(path):
    for name in ("HuggingFaceTB/SmolLM2-135M-Instruct", "nowhere"):
        config = load_config("language_model", name, gguf=str(path))
        assert config.hidden_size == 64


def test_the_first_layers_are_those_of_the_whole(path, whole):
    ids = ids_of(path, "a photo of a person")
    first = load(path, layers=2)
    assert first.config.num_hidden_layers == len(first.model.layers) == 2
    expected = whole.model(ids, output_hidden_states=True).hidden_states[2]
    torch.testing.assert_close(
        first.model(ids).last_hidden_state, whole.model.norm(expected), rtol=1e-4, atol=1e-4
    )


def test_more_layers_than_there_are(path):
    with pytest.raises(ParameterError, match=r"layers is 4, and the checkpoint has 3"):
        load(path, layers=4)


@pytest.mark.parametrize("reading", ["embeddings", "states"])
def test_text_features_are_those_of_each_phrase_alone(path, whole, reading):
    rows = []
    for phrase in PHRASES:
        ids = ids_of(path, phrase)
        if reading == "embeddings":
            rows.append(whole.model.embed_tokens(ids)[0].mean(0))
        else:
            rows.append(whole.model(ids).last_hidden_state[0, -1])
    expected = torch.stack(rows).detach()
    expected -= expected.mean(0)
    expected /= expected.norm(dim=1).mean()
    features = language_features(str(path.parent), PHRASES, reading, gguf=path.name)
    np.testing.assert_allclose(features, expected.numpy(), atol=1e-4)


def model_of(path, **changes):
    of = {"pretrained": str(path.parent), "gguf": path.name}
    changes |= {"language_model": of, "frozen": ["language_model"]}
    changes |= {"prompts": {"chat": True, "system": "A person.", "query": "hair"}}
    return build_model(
        tiny.settings(**changes), tiny.vocabulary(), None, tiny.adjacency(), tiny.ruleset()
    )


def test_a_saved_model_holds_none_of_it_and_is_read_back_with_it(tmp_path, path):
    own = tmp_path / "here" / FILE
    own.parent.mkdir()
    shutil.copy(path, own)
    model = model_of(own)
    faces = {name: t for name, t in tiny.batch().items() if name != "labels"}
    expected = model(**faces).logits
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    assert (folder / "model.safetensors").stat().st_size < 200_000
    again = FaceInsightModel.from_pretrained(folder)
    torch.testing.assert_close(again(**faces).logits, expected, rtol=0, atol=0)
    moved = own.rename(tmp_path / "moved.gguf")
    with pytest.raises(WeightsError, match=rf"language_model.*{FILE}"):
        FaceInsightModel.from_pretrained(folder)
    again = FaceInsightModel.from_pretrained(folder, bases={"language_model": str(moved)})
    torch.testing.assert_close(again(**faces).logits, expected, rtol=0, atol=0)
    moved.rename(tmp_path / FILE)
    again = FaceInsightModel.from_pretrained(folder, bases={"language_model": str(tmp_path)})
    torch.testing.assert_close(again(**faces).logits, expected, rtol=0, atol=0)


def test_pictures_and_characteristics_are_the_users_turn(path):
    model = model_of(path)
    tokenizer, config = model.tokenizer, model.config
    before = tokenizer.decode(config.system_ids)
    assert before == "<|im_start|>system\nA person.<|im_end|>\n<|im_start|>user\n"
    assert tokenizer.decode(config.query_ids) == "hair"
    assert before + "hair" in chat_text(tokenizer, "hair", "A person.")


def test_a_file_that_is_none(tmp_path):
    path = tmp_path / FILE
    path.write_bytes(b"GGUF and no more")
    with pytest.raises(WeightsError, match=rf"model.language_model.gguf names {FILE}: give"):
        load_config("language_model", str(tmp_path), gguf=FILE)
    with pytest.raises(WeightsError, match="give the path of a GGUF file"):
        load_config("language_model", str(tmp_path), gguf=str(tmp_path / "nothing.gguf"))


def test_without_the_package_that_reads_it(path, monkeypatch):
    monkeypatch.setattr("faceinsight.model.pretrained.find_spec", lambda name: None)
    with pytest.raises(WeightsError, match=r"pip install 'faceinsight\[gguf\]'"):
        load_config("language_model", str(path.parent / "no"), gguf=FILE)


@pytest.mark.parametrize(
    "changes",
    [
        {"language_model": {"architecture": tiny.LLAMA, "gguf": FILE}},
        {"language_model": {"architecture": tiny.LLAMA, "layers": 1}},
        {"text_encoder": {"language_model": "states"}},
        {"text_encoder": {"language_model": "states", "width": 8}},
    ],
    ids=json.dumps,
)
def test_what_needs_a_pretrained_language_model_is_refused_without_one(changes):
    with pytest.raises(ValueError, match="pretrained"):
        tiny.settings(**changes)
