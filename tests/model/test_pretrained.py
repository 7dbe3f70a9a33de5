import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from faceinsight.errors import ParameterError, WeightsError
from faceinsight.model import build_model, encode_phrases
from faceinsight.model.pretrained import load_language_model, load_vision_model
from tests.model import tiny


def pixels():
    return torch.randn(2, 3, tiny.SIZE, tiny.SIZE)


def rename(folder, old, new):
    state = load_file(folder / "model.safetensors")
    state[new] = state.pop(old)
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})


def test_the_vision_tower_of_clip_is_loaded_alone(tmp_path):
    clip = tiny.save_clip(tmp_path)
    model = load_vision_model("image_encoder", str(tmp_path))
    x = pixels()
    with torch.no_grad():
        expected = clip.vision_model(pixel_values=x, output_hidden_states=True).hidden_states
        got = model(pixel_values=x, output_hidden_states=True).hidden_states
    for a, b in zip(got, expected, strict=True):
        torch.testing.assert_close(a, b)
    assert not any("text" in name for name, _ in model.named_parameters())


def test_a_vit_is_loaded_without_its_classifier(tmp_path):
    vit = tiny.save_vit(tmp_path)
    model = load_vision_model("segmentation_encoder", str(tmp_path))
    x = pixels()
    with torch.no_grad():
        torch.testing.assert_close(
            model(pixel_values=x).last_hidden_state, vit.vit(pixel_values=x).last_hidden_state
        )


def test_a_language_model_is_taken_out_of_llava(tmp_path):
    llava = tiny.save_llava(tmp_path)
    assert "language_model.lm_head.weight" in load_file(tmp_path / "model.safetensors")
    model = load_language_model("language_model", str(tmp_path))
    ids = torch.tensor([[1, 5, 7, 9]])
    with torch.no_grad():
        torch.testing.assert_close(model(ids).logits, llava(input_ids=ids).logits)


def test_also_where_its_body_and_head_lie_apart(tmp_path):
    llava = tiny.save_llava(tmp_path)
    llava.save_pretrained(tmp_path, save_original_format=False)
    assert "lm_head.weight" in load_file(tmp_path / "model.safetensors")
    model = load_language_model("language_model", str(tmp_path))
    torch.testing.assert_close(model.lm_head.weight, llava.lm_head.weight)
    torch.testing.assert_close(
        model.model.layers[1].mlp.up_proj.weight,
        llava.model.language_model.layers[1].mlp.up_proj.weight,
    )


def test_a_plain_language_model_is_loaded(tmp_path):
    llama = tiny.save_llama(tmp_path)
    model = load_language_model("language_model", str(tmp_path), dtype=torch.bfloat16)
    torch.testing.assert_close(model.lm_head.weight, llama.lm_head.weight.bfloat16())


@pytest.mark.parametrize(
    ("save", "load", "tensor"),
    [
        (tiny.save_llama, load_language_model, "model.layers.1.mlp.up_proj.weight"),
        (tiny.save_llava, load_language_model, "language_model.lm_head.weight"),
        (tiny.save_clip, load_vision_model, "vision_model.encoder.layers.0.mlp.fc1.bias"),
    ],
)
def test_a_misnamed_tensor_is_refused_by_name(tmp_path, save, load, tensor):
    save(tmp_path)
    rename(tmp_path, tensor, tensor.replace("weight", "wait").replace("bias", "bayes"))
    tail = tensor.split(".", 2)[-1].removeprefix("encoder.").removeprefix("layers.")
    with pytest.raises(WeightsError, match=tail.replace(".", r"\.")) as error:
        load("the_part", str(tmp_path))
    assert "the_part.pretrained" in str(error.value)
    assert str(tmp_path) in str(error.value)


def test_a_tensor_of_another_shape_is_refused_by_name(tmp_path):
    tiny.save_llama(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    state["model.norm.weight"] = torch.ones(3)
    save_file(state, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(WeightsError, match=r"model\.norm\.weight"):
        load_language_model("language_model", str(tmp_path))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("absent", "there is no such folder"),
        ("no weights", r"must hold config\.json, weights"),
        ("cut", r"must hold config\.json, weights"),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(tmp_path, damage, said):
    folder = tmp_path / "base"
    if damage != "absent":
        tiny.save_llama(folder)
        weights = folder / "model.safetensors"
        content = weights.read_bytes()
        weights.unlink()
        if damage == "cut":
            weights.write_bytes(content[:1000])
    with pytest.raises(WeightsError, match=said) as error:
        load_language_model("language_model", str(folder))
    assert str(error.value).startswith(f"model.language_model.pretrained: '{folder}' cannot be")
    assert "\n" not in str(error.value)


def test_text_features_are_clips(tmp_path):
    clip = tiny.save_clip(tmp_path)
    phrases = ["a face of Bald", "a face"]
    features = encode_phrases(str(tmp_path), phrases)
    tokenizer = tiny.build_tokenizer(tiny.vocabulary().phrases)
    assert features.shape == (2, 10)
    for phrase, got in zip(phrases, features, strict=True):
        ids = tokenizer(phrase, add_special_tokens=False, return_tensors="pt").input_ids
        with torch.no_grad():
            out = clip.get_text_features(input_ids=ids)
        expected = getattr(out, "pooler_output", out)[0]
        torch.testing.assert_close(torch.tensor(got), expected, rtol=1e-4, atol=1e-5)


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


def test_a_whole_model_of_checkpoints_keeps_their_weights(tmp_path):
    clip = tiny.save_clip(tmp_path / "clip")
    vit = tiny.save_vit(tmp_path / "vit", size=64)
    llava = tiny.save_llava(tmp_path / "llava")
    features = np.random.default_rng(0).normal(size=(5, 10)).astype(np.float32)
    model = build(
        image_encoder={"pretrained": str(tmp_path / "clip")},
        segmentation_encoder={"pretrained": str(tmp_path / "vit")},
        language_model={"pretrained": str(tmp_path / "llava")},
        text_encoder={"pretrained": str(tmp_path / "clip")},
        frozen=["image_encoder", "segmentation_encoder", "language_model"],
        text_features=features,
    )
    torch.testing.assert_close(
        model.image_encoder.backbone.post_layernorm.weight, clip.vision_model.post_layernorm.weight
    )
    torch.testing.assert_close(
        model.segmentation_encoder.backbone.layernorm.bias, vit.vit.layernorm.bias
    )
    patches = model.segmentation_encoder.backbone.embeddings.patch_embeddings.projection.weight
    torch.testing.assert_close(patches, vit.vit.embeddings.patch_embeddings.projection.weight)
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
