"""Whatever form a checkpoint was published in, its parts compute what the whole computes."""

import json

import pytest
import torch
from transformers import AutoTokenizer, CLIPTokenizer

from faceinsight.errors import WeightsError
from faceinsight.model import encode_phrases
from faceinsight.model.pretrained import (
    load_language_model,
    load_projector,
    load_tokenizer,
    load_vision_model,
)
from tests.model import checkpoints


def newer_llava(folder):
    return checkpoints.write_llava(folder, naming="newer")


def vicuna_in_one_file(folder):
    return checkpoints.write_vicuna(folder, shards=1)


def vicuna_of_safetensors(folder):
    return checkpoints.write_vicuna(folder, form="safetensors")


def older_clip(folder):
    return checkpoints.write_clip(folder, form="bin")


def clip_without_the_texts_own_width(folder):
    whole = checkpoints.write_clip(folder)
    config = json.loads((folder / "config.json").read_text())
    del config["text_config"]["projection_dim"], config["text_config_dict"]["projection_dim"]
    (folder / "config.json").write_text(json.dumps(config))
    return whole


def older_vit(folder):
    return checkpoints.write_vit(folder, form="bin")


def pixels():
    return torch.randn(2, 3, checkpoints.SIZE, checkpoints.SIZE)


@pytest.mark.parametrize(
    "write",
    [
        checkpoints.write_llava,
        newer_llava,
        checkpoints.write_vicuna,
        vicuna_in_one_file,
        vicuna_of_safetensors,
        checkpoints.write_mistral,
        checkpoints.write_qwen2,
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_language_model(tmp_path, write, dtype):
    whole = write(tmp_path)
    model = load_language_model("language_model", str(tmp_path), dtype=dtype)
    assert {p.dtype for p in model.parameters()} == {dtype}
    assert not any("vision" in name for name, _ in model.named_parameters())
    ids = load_tokenizer("language_model", str(tmp_path))("a photo", return_tensors="pt").input_ids
    with torch.no_grad():
        for parameter in whole.parameters():
            parameter.data = parameter.data.to(dtype)
        expected = whole(input_ids=ids).logits
        assert expected.std() > 0.1
        torch.testing.assert_close(model(ids).logits, expected)


@pytest.mark.parametrize(
    ("write", "tower"),
    [
        (checkpoints.write_clip, lambda whole: whole.vision_model),
        (older_clip, lambda whole: whole.vision_model),
        (checkpoints.write_llava, lambda whole: whole.model.vision_tower),
        (newer_llava, lambda whole: whole.model.vision_tower),
        (checkpoints.write_vit, lambda whole: whole.vit),
        (older_vit, lambda whole: whole.vit),
    ],
)
def test_the_vision_model(tmp_path, write, tower):
    whole = write(tmp_path)
    model = load_vision_model("image_encoder", str(tmp_path))
    x = pixels()
    with torch.no_grad():
        expected = tower(whole)(pixel_values=x, output_hidden_states=True).hidden_states
        got = model(pixel_values=x, output_hidden_states=True).hidden_states
    assert len(got) > 2
    for a, b in zip(got, expected, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("write", [checkpoints.write_llava, newer_llava])
def test_the_projector(tmp_path, write):
    whole = write(tmp_path)
    projector = load_projector("image_adapter", str(tmp_path))
    x = torch.randn(2, 5, checkpoints.VISION["hidden_size"])
    torch.testing.assert_close(projector(x), whole.model.multi_modal_projector(x))


@pytest.mark.parametrize(
    "write", [checkpoints.write_clip, older_clip, clip_without_the_texts_own_width]
)
def test_the_text_features(tmp_path, write):
    whole = write(tmp_path)
    phrases = ["a photo of a person", "a photo of a person without hair"]
    features = torch.tensor(encode_phrases(str(tmp_path), phrases))
    tokenizer = CLIPTokenizer.from_pretrained(tmp_path)
    for phrase, got in zip(phrases, features, strict=True):
        with torch.no_grad():  # one by one, without padding
            out = whole.get_text_features(**tokenizer(phrase, return_tensors="pt"))
        torch.testing.assert_close(got, getattr(out, "pooler_output", out)[0], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(features[0], features[1], atol=1e-2)


def test_vicunas_tokenizer_is_read_in_its_first_form(tmp_path):
    checkpoints.write_vicuna(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    checkpoints.write_sentencepiece(tmp_path)
    tokenizer = load_tokenizer("language_model", str(tmp_path))
    expected = checkpoints.llama_tokenizer()
    for text in ("yes", "no", "A chat between a curious human. USER:", "a photo of élan"):
        assert tokenizer(text).input_ids == expected(text).input_ids
    tokenizer.save_pretrained(tmp_path / "saved")
    assert AutoTokenizer.from_pretrained(tmp_path / "saved")("yes no").input_ids == [
        expected.bos_token_id,
        *expected("yes no", add_special_tokens=False).input_ids,
    ]


def test_a_projector_of_another_form_is_refused(tmp_path):
    checkpoints.write_clip(tmp_path / "clip")
    with pytest.raises(WeightsError, match=r"image_adapter\.pretrained.*model_type.*is clip"):
        load_projector("image_adapter", str(tmp_path / "clip"))
    checkpoints.write_llava(tmp_path / "llava")
    config = tmp_path / "llava/config.json"
    config.write_text(config.read_text().replace('"gelu"', '"relu"'))
    with pytest.raises(WeightsError, match=r"projector_hidden_act.*is relu"):
        load_projector("image_adapter", str(tmp_path / "llava"))
