"""Whatever form a checkpoint was published in, its parts compute what the whole computes."""

import copy
import json
import os
import shutil

import huggingface_hub
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, CLIPTokenizer

from faceinsight.errors import ParameterError, WeightsError
from faceinsight.model import build_model, encode_phrases
from faceinsight.model.pretrained import (
    load_language_model,
    load_projector,
    load_tokenizer,
    load_vision_model,
)
from tests.model import checkpoints, tiny

FORMS = {
    "llava": checkpoints.write_llava,
    "newer llava": lambda folder: checkpoints.write_llava(folder, naming="newer"),
    "vicuna": checkpoints.write_vicuna,
    "vicuna in one file": lambda folder: checkpoints.write_vicuna(folder, shards=1),
    "vicuna of safetensors": lambda folder: checkpoints.write_vicuna(folder, form="safetensors"),
    "mistral": checkpoints.write_mistral,
    "qwen2": checkpoints.write_qwen2,
    "clip": checkpoints.write_clip,
    "older clip": lambda folder: checkpoints.write_clip(folder, form="bin"),
    "vit": checkpoints.write_vit,
    "older vit": lambda folder: checkpoints.write_vit(folder, form="bin"),
}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The folder of a checkpoint in one of `FORMS`, and the whole model; each written once."""
    written = {}

    def get(form):
        if form not in written:
            folder = tmp_path_factory.mktemp("published") / form
            written[form] = folder, FORMS[form](folder)
        return written[form]

    return get


@pytest.fixture
def own_copy(published, tmp_path):
    """A checkpoint's folder that may be damaged."""
    return lambda form: shutil.copytree(published(form)[0], tmp_path / form)


@pytest.mark.parametrize(
    ("form", "dtype"),
    [
        ("llava", torch.float32),
        ("newer llava", torch.float32),
        ("vicuna", torch.float32),
        ("vicuna in one file", torch.bfloat16),
        ("vicuna of safetensors", torch.float32),
        ("mistral", torch.float32),
        ("qwen2", torch.bfloat16),
    ],
)
def test_the_language_model(published, form, dtype):
    folder, whole = published(form)
    model = load_language_model("language_model", str(folder), dtype=dtype)
    assert {p.dtype for p in model.parameters()} == {dtype}
    assert not any("vision" in name for name, _ in model.named_parameters())
    ids = load_tokenizer("language_model", str(folder))("a photo", return_tensors="pt").input_ids
    whole = copy.deepcopy(whole)
    with torch.no_grad():
        for parameter in whole.parameters():
            parameter.data = parameter.data.to(dtype)
        expected = whole(input_ids=ids).logits
        assert expected.std() > 0.1
        torch.testing.assert_close(model(ids).logits, expected)


@pytest.mark.parametrize(
    ("form", "tower"),
    [
        ("clip", lambda whole: whole.vision_model),
        ("older clip", lambda whole: whole.vision_model),
        ("llava", lambda whole: whole.model.vision_tower),
        ("newer llava", lambda whole: whole.model.vision_tower),
        ("vit", lambda whole: whole.vit),
        ("older vit", lambda whole: whole.vit),
    ],
)
def test_the_vision_model(published, form, tower):
    folder, whole = published(form)
    model = load_vision_model("image_encoder", str(folder))
    assert not any("text" in n or "classifier" in n for n, _ in model.named_parameters())
    x = torch.randn(2, 3, checkpoints.SIZE, checkpoints.SIZE)
    with torch.no_grad():
        expected = tower(whole)(pixel_values=x, output_hidden_states=True).hidden_states
        got = model(pixel_values=x, output_hidden_states=True).hidden_states
    assert len(got) > 2
    for a, b in zip(got, expected, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("form", ["llava", "newer llava"])
def test_the_projector(published, form):
    folder, whole = published(form)
    projector = load_projector("image_adapter", str(folder))
    x = torch.randn(2, 5, checkpoints.VISION["hidden_size"])
    torch.testing.assert_close(projector(x), whole.model.multi_modal_projector(x))


@pytest.mark.parametrize("form", ["clip", "older clip", "without the texts' own width"])
def test_the_text_features(published, own_copy, form):
    folder, whole = published(form if form in FORMS else "clip")
    if form not in FORMS:
        folder = own_copy("clip")
        config = json.loads((folder / "config.json").read_text())
        del config["text_config"]["projection_dim"], config["text_config_dict"]["projection_dim"]
        (folder / "config.json").write_text(json.dumps(config))
    phrases = ["a photo of a person", "a photo of a person without hair"]
    features = torch.tensor(encode_phrases(str(folder), phrases))
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    for phrase, got in zip(phrases, features, strict=True):
        with torch.no_grad():  # one by one, without padding
            out = whole.get_text_features(**tokenizer(phrase, return_tensors="pt"))
        torch.testing.assert_close(got, getattr(out, "pooler_output", out)[0], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(features[0], features[1], atol=1e-2)


def test_vicunas_tokenizer_is_read_in_its_first_form(own_copy, tmp_path):
    folder = own_copy("vicuna")
    (folder / "tokenizer.json").unlink()
    checkpoints.write_sentencepiece(folder)
    tokenizer = load_tokenizer("language_model", str(folder))
    expected = checkpoints.llama_tokenizer()
    for text in ("yes", "no", "A chat between a curious human. USER:", "a photo of élan"):
        assert tokenizer(text).input_ids == expected(text).input_ids
    tokenizer.save_pretrained(tmp_path / "saved")
    assert AutoTokenizer.from_pretrained(tmp_path / "saved")("yes no").input_ids == [
        expected.bos_token_id,
        *expected("yes no", add_special_tokens=False).input_ids,
    ]


def test_a_projector_of_another_form_is_refused(published, own_copy):
    with pytest.raises(WeightsError, match=r"image_adapter\.pretrained.*model_type.*is clip"):
        load_projector("image_adapter", str(published("clip")[0]))
    folder = own_copy("llava")
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"gelu"', '"relu"'))
    with pytest.raises(WeightsError, match=r"projector_hidden_act.*is relu"):
        load_projector("image_adapter", str(folder))


def alter(folder, name, damage):
    """Damage one tensor of a checkpoint of safetensors, in shards or not."""
    index = folder / "model.safetensors.index.json"
    file = "model.safetensors"
    if index.exists():
        places = json.loads(index.read_text())
        file = places["weight_map"].pop(name)
    state = load_file(folder / file)
    tensor = state.pop(name)
    if damage == "misnamed":
        name = name.replace(".weight", ".wait")
    if damage == "misshapen":
        tensor = tensor[:-1].clone()
    if damage != "missing":
        state[name] = tensor
        if index.exists():
            places["weight_map"][name] = file
    save_file(state, folder / file, metadata={"format": "pt"})
    if index.exists():
        index.write_text(json.dumps(places))


@pytest.mark.parametrize(
    ("form", "tensor", "damage", "own_name"),
    [
        (
            "llava",
            "language_model.model.layers.1.mlp.up_proj.weight",
            "missing",
            "model.layers.1.mlp.up_proj.weight",
        ),
        ("llava", "language_model.lm_head.weight", "misnamed", "lm_head.weight"),
        ("llava", "language_model.lm_head.weight", "misshapen", "lm_head.weight"),
        (
            "clip",
            "vision_model.encoder.layers.2.mlp.fc1.weight",
            "misnamed",
            "encoder.layers.2.mlp.fc1.weight",
        ),
        (
            "clip",
            "vision_model.encoder.layers.2.mlp.fc1.weight",
            "misshapen",
            "encoder.layers.2.mlp.fc1.weight",
        ),
        (
            "vit",
            "vit.encoder.layer.1.intermediate.dense.weight",
            "missing",
            "layers.1.mlp.fc1.weight",
        ),
    ],
)
def test_a_damaged_tensor_is_refused_by_name(own_copy, form, tensor, damage, own_name):
    folder = own_copy(form)
    alter(folder, tensor, damage)
    load = load_language_model if form == "llava" else load_vision_model
    with pytest.raises(WeightsError) as error:
        load("the_part", str(folder))
    said = str(error.value)
    assert own_name in said
    assert "model.the_part.pretrained" in said
    assert str(folder) in said
    assert "\n" not in said


def test_a_damaged_text_encoder_is_refused_by_name(own_copy):
    folder = own_copy("clip")
    alter(folder, "text_projection.weight", "misnamed")
    with pytest.raises(WeightsError, match=r"text_encoder.*text_projection\.weight"):
        encode_phrases(str(folder), ["a face"])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("absent", "there is no such folder"),
        ("no weights", r"must hold config\.json, weights"),
        ("cut", r"must hold config\.json, weights"),
        ("a shard is away", "model-00002-of-00003"),
        ("of another library", r"must hold config\.json"),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(own_copy, tmp_path, damage, said):
    folder = tmp_path / "llava"
    if damage != "absent":
        own_copy("llava")
    shards = sorted(folder.glob("model-*.safetensors"))
    if damage == "no weights":
        for path in [*shards, folder / "model.safetensors.index.json"]:
            path.unlink()
    if damage == "cut":
        shards[1].write_bytes(shards[1].read_bytes()[:1000])
    if damage == "a shard is away":
        shards[1].unlink()
    if damage == "of another library":
        (folder / "config.json").rename(folder / "open_clip_config.json")
    with pytest.raises(WeightsError, match=said) as error:
        load_language_model("language_model", str(folder))
    assert str(error.value).startswith(f"model.language_model.pretrained: '{folder}' cannot be")
    assert "\n" not in str(error.value)


class Code:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_no_code_of_a_checkpoint_is_run(own_copy, tmp_path):
    folder = own_copy("vit")
    (folder / "model.safetensors").unlink()
    harm = tmp_path / "harm"
    torch.save({"vit.layernorm.weight": Code(str(harm))}, folder / "pytorch_model.bin")
    with pytest.raises(WeightsError, match="segmentation_encoder"):
        load_vision_model("segmentation_encoder", str(folder))
    assert not harm.exists()
    torch.load(folder / "pytorch_model.bin", weights_only=False)
    assert harm.exists()  # it would have been


def test_without_a_network_a_name_says_what_to_fetch_and_where_to_put_it(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(WeightsError) as error:
        load_vision_model("image_encoder", "FLIP-dataset/FLIP-base-16")
    said = str(error.value)
    assert "hf download FLIP-dataset/FLIP-base-16 --local-dir FOLDER" in said
    assert "set model.image_encoder.pretrained" in said
    assert "\n" not in said


def build(**changes):
    text = changes.pop("text_features", None)
    return build_model(
        tiny.settings(**changes),
        tiny.vocabulary(),
        None,
        tiny.adjacency(),
        tiny.ruleset(),
        text_features=text,
    )


def test_a_whole_model_of_checkpoints_keeps_their_weights(published):
    (flip, clip), (vit_folder, vit) = published("clip"), published("vit")
    language, llava = published("llava")
    features = np.random.default_rng(0).normal(size=(5, 10)).astype(np.float32)
    model = build(
        image_encoder={"pretrained": str(flip)},
        segmentation_encoder={"pretrained": str(vit_folder)},
        language_model={"pretrained": str(language)},
        text_encoder={"pretrained": str(flip)},
        frozen=["image_encoder", "segmentation_encoder", "language_model"],
        text_features=features,
    )
    torch.testing.assert_close(
        model.image_encoder.backbone.post_layernorm.weight, clip.vision_model.post_layernorm.weight
    )
    torch.testing.assert_close(
        model.segmentation_encoder.backbone.layernorm.bias, vit.vit.layernorm.bias
    )
    torch.testing.assert_close(model.language_model.lm_head.weight, llava.lm_head.weight)
    torch.testing.assert_close(model.text_features, torch.tensor(features))
    trained = {n.split(".")[0] for n, p in model.named_parameters() if p.requires_grad}
    assert trained == {"image_adapter", "segmentation_adapter", "text_adapter", "gcn"}
    model.train()(**tiny.batch()).loss.backward()


def test_text_features_must_fit():
    changes = {"text_encoder": {"pretrained": "some/encoder"}}
    with pytest.raises(ParameterError, match="text_features"):
        build(**changes)
    with pytest.raises(ParameterError, match="5 characteristics"):
        build(**changes, text_features=np.zeros((4, 10)))
