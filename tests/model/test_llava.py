"""With LLaVA's own vision tower and projector, our sequence is LLaVA's."""

import pytest
import torch
from safetensors.torch import load_file
from transformers import CLIPImageProcessor, LlavaForConditionalGeneration

from faceinsight.errors import WeightsError
from faceinsight.method.variants import ORG
from faceinsight.model import FaceInsightModel, build_model
from tests.model import checkpoints, tiny

MEAN, STD = checkpoints.CLIP_PROCESSOR["image_mean"], checkpoints.CLIP_PROCESSOR["image_std"]
PATCHES = (checkpoints.SIZE // checkpoints.PATCH) ** 2


def settings(folder, **changes):
    """LLaVA's parts and nothing else: no label maps, no prior, no rules."""
    plain = {
        "image_size": checkpoints.SIZE,
        "image_encoder": {
            "pretrained": str(folder),
            "feature_layer": -2,
            "mean": MEAN,
            "std": STD,
        },
        "image_adapter": {"pretrained": str(folder)},
        "language_model": {"pretrained": str(folder)},
        "prompts": {
            "system": "A chat between a curious human and an assistant. USER:",
            "query": "Analyze the facial features in this image. ASSISTANT:",
        },
        "frozen": ["image_encoder", "language_model"],
    }
    return tiny.settings(**plain | changes)


def ours(folder, **changes):
    return build_model(settings(folder, **changes), tiny.vocabulary(), variant=ORG)


def photographs(size=checkpoints.SIZE):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (3, size, size, 3), generator=generator).byte()


def prompt(model, images):
    """The same prompt as LLaVA takes it: a placeholder token for each image token."""
    place = model.tokenizer.convert_tokens_to_ids("<image>")
    ids = [*model.config.system_ids, *[place] * PATCHES, *model.config.query_ids]
    return torch.tensor([ids]).expand(images, -1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("llava")
    checkpoints.write_llava(folder)
    return folder


@torch.no_grad()
def test_hidden_states_and_next_token_logits_are_llavas(folder):
    llava, info = LlavaForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True
    )
    assert not info["missing_keys"]
    assert not info["mismatched_keys"]
    model = ours(folder)
    pictures = photographs()
    pixels = CLIPImageProcessor.from_pretrained(folder)(
        list(pictures.numpy()), return_tensors="pt"
    ).pixel_values
    ids = prompt(model, len(pictures))
    expected = llava(input_ids=ids, pixel_values=pixels, output_hidden_states=True)

    sequence = model.embed(pictures, None)
    characteristics = len(tiny.IDS)
    got = model.language_model(
        inputs_embeds=sequence[:, :-characteristics], output_hidden_states=True
    )
    close = {"rtol": 1e-4, "atol": 1e-4}
    for a, b in zip(got.hidden_states, expected.hidden_states, strict=True):
        torch.testing.assert_close(a, b, **close)
    torch.testing.assert_close(got.logits, expected.logits, **close)
    # The picture decides what comes next, so that the comparison is one of pictures as well.
    assert (expected.logits[0, -1] - expected.logits[1, -1]).abs().max() > 0.1

    # The characteristics stand behind, and change nothing before them.
    whole = model.language_model.base_model(inputs_embeds=sequence).last_hidden_state
    before = whole[:, : ids.shape[1]]
    torch.testing.assert_close(before, expected.hidden_states[-1], **close)
    yes, no = model.config.yes_id, model.config.no_id
    following = expected.logits[:, -1]
    torch.testing.assert_close(
        model.read_out(before[:, -1]), following[:, yes] - following[:, no], **close
    )


@torch.no_grad()
def test_image_tokens_are_llavas_features_behind_its_projector(folder):
    llava = LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    pixels = torch.randn(2, 3, checkpoints.SIZE, checkpoints.SIZE)
    model = ours(folder)
    deviation = torch.tensor(STD)[:, None, None] * 255
    undone = (pixels * deviation + 255 * torch.tensor(MEAN)[:, None, None]).permute(0, 2, 3, 1)
    got = model.image_tokens(undone)
    # The last but one of the tower's layers, without the class token, from the tower itself.
    layers = llava.model.vision_tower(pixel_values=pixels, output_hidden_states=True).hidden_states
    assert len(layers) == checkpoints.VISION["num_hidden_layers"] + 1
    expected = llava.model.multi_modal_projector(layers[-2][:, 1:])
    assert expected.shape == (2, PATCHES, checkpoints.LANGUAGE["hidden_size"])
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)
    last = llava.model.multi_modal_projector(layers[-1][:, 1:])
    assert not torch.allclose(got, last, atol=1e-2)


def test_crops_of_the_towers_size_need_no_resizing(folder):
    """Clip's processor resizes and crops; on a square of its size it only normalises, as we do."""
    processor = CLIPImageProcessor.from_pretrained(folder)
    pictures = photographs()
    plain = processor(
        list(pictures.numpy()), do_resize=False, do_center_crop=False, return_tensors="pt"
    )
    whole = processor(list(pictures.numpy()), return_tensors="pt")
    torch.testing.assert_close(plain.pixel_values, whole.pixel_values)
    encoder = ours(folder).image_encoder
    normalised = (pictures * encoder.scale + encoder.shift).permute(0, 3, 1, 2)
    torch.testing.assert_close(normalised, whole.pixel_values, rtol=1e-5, atol=1e-5)


def test_crops_of_another_size_are_not_resized_but_give_other_tokens(folder):
    double = 2 * checkpoints.SIZE
    model = ours(folder, image_size=double)
    with torch.no_grad():
        assert model.image_tokens(photographs(double)).shape[1] == 4 * PATCHES
    assert model.config.image_encoder["tokens"] == 4 * PATCHES


def test_the_adapter_starts_from_the_projector_and_is_trained_in_full_precision(folder):
    llava = LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    model = ours(folder, frozen_dtype="bfloat16")
    projector = llava.model.multi_modal_projector
    for mine, theirs in (("hidden", "linear_1"), ("out", "linear_2")):
        layer, expected = getattr(model.image_adapter, mine), getattr(projector, theirs)
        assert torch.equal(layer.weight, expected.weight)
        assert torch.equal(layer.bias, expected.bias)
        assert layer.weight.dtype == torch.float32
        assert layer.weight.requires_grad
    other = ours(folder, image_adapter={})
    assert not torch.equal(other.image_adapter.out.weight, projector.linear_2.weight)


def test_a_saved_model_takes_tower_and_language_model_from_llava_again(folder, tmp_path):
    model = ours(folder, frozen_dtype="bfloat16")
    model.save_pretrained(tmp_path)
    saved = load_file(tmp_path / "model.safetensors")
    assert {name.split(".")[0] for name in saved} == {
        "image_adapter",
        "text_adapter",
        "text_features",
    }
    again = FaceInsightModel.from_pretrained(tmp_path)
    with torch.no_grad():
        logits = model(photographs()).logits
        assert logits.std() > 0.1
        assert torch.equal(again(photographs()).logits, logits)


@pytest.mark.parametrize("changes", [{"adapter_width": 8}, {"image_encoder": None}])
def test_a_projector_of_other_widths_is_refused(folder, tmp_path, changes):
    if "image_encoder" in changes:
        checkpoints.write_clip(tmp_path / "clip", vision={"hidden_size": 20})
        changes = {"image_encoder": {"pretrained": str(tmp_path / "clip")}}
    with pytest.raises(WeightsError, match=r"image_adapter\.pretrained") as error:
        ours(folder, **changes)
    said = str(error.value)
    assert "16 to 32 to 32" in said
    assert ("16 to 8 to 32" if "adapter_width" in changes else "20 to 32 to 32") in said
