import pytest
import torch
from transformers import AutoConfig, AutoModel

from faceinsight.errors import ParameterError
from faceinsight.model.encoders import Encoder, token_shape, vision_config, vision_model
from tests.model.tiny import RESNET, SIZE, VIT

CONVNEXT = {
    "model_type": "convnext",
    "hidden_sizes": [8, 16],
    "depths": [1, 1],
    "num_stages": 2,
}
SWIN = {
    "model_type": "swin",
    "embed_dim": 8,
    "depths": [1, 1],
    "num_heads": [2, 2],
    "window_size": 2,
    "patch_size": 4,
}
REGISTERS = VIT | {"model_type": "dinov2_with_registers", "num_register_tokens": 4}
CLIP = VIT | {"model_type": "clip_vision_model"}


def pictures(size=SIZE):
    return torch.randint(0, 256, (2, size, size, 3), dtype=torch.uint8)


@pytest.mark.parametrize(
    ("architecture", "tokens", "width"),
    [
        (RESNET, 16, 16),
        (CONVNEXT, 16, 16),
        (SWIN, 16, 16),
        (VIT, 16, 16),
        (REGISTERS, 16, 16),
        (CLIP, 16, 16),
    ],
    ids=lambda value: value["model_type"] if isinstance(value, dict) else str(value),
)
def test_any_vision_model_gives_patch_tokens(architecture, tokens, width):
    config = vision_config(architecture, SIZE, "image_encoder")
    encoder = Encoder(vision_model(config), -1, (0.5,) * 3, (0.5,) * 3).eval()
    assert encoder(pictures()).shape == (2, tokens, width)
    assert token_shape(config, -1, SIZE) == (tokens, width)


def test_pictures_are_normalised():
    mean, std = (0.48, 0.45, 0.40), (0.27, 0.26, 0.28)
    config = vision_config(VIT, SIZE, "image_encoder")
    backbone = vision_model(config).eval()
    x = pictures()
    scaled = (x.double() / 255 - torch.tensor(mean).double()) / torch.tensor(std).double()
    expected = backbone(
        pixel_values=scaled.permute(0, 3, 1, 2).float().contiguous(), output_hidden_states=True
    ).hidden_states[-2][:, 1:]
    got = Encoder(backbone, -2, mean, std)(x)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


def test_feature_maps_are_read_row_by_row():
    backbone = vision_model(vision_config(RESNET, SIZE, "image_encoder")).eval()
    encoder = Encoder(backbone, -1, (0.0,) * 3, (1.0,) * 3)
    x = pictures()
    features = backbone(pixel_values=(x / 255).permute(0, 3, 1, 2)).last_hidden_state
    torch.testing.assert_close(encoder(x)[:, 5], features[:, :, 1, 1], rtol=1e-4, atol=1e-5)


def test_other_picture_sizes_interpolate_positions():
    config = vision_config(VIT | {"image_size": 16}, SIZE, "image_encoder")
    assert config.image_size == 16
    assert token_shape(config, -1, SIZE) == (16, 16)


def test_no_pooling_head_is_made():
    model = vision_model(AutoConfig.for_model(**VIT))
    assert isinstance(AutoModel.from_config(AutoConfig.for_model(**VIT)).pooler, torch.nn.Module)
    assert not any("pooler" in name for name, _ in model.named_parameters())


def test_faults_are_named():
    with pytest.raises(ParameterError, match=r"image_encoder\.architecture"):
        vision_config({"model_type": "resnetty"}, SIZE, "image_encoder")
    config = vision_config(RESNET, SIZE, "image_encoder")
    with pytest.raises(ParameterError, match="feature_layer -9"):
        token_shape(config, -9, SIZE)


@pytest.mark.parametrize("architecture", [RESNET, VIT, REGISTERS], ids=lambda a: a["model_type"])
@pytest.mark.parametrize("grid", [1, 2, 3])
def test_tokens_are_averaged_to_a_grid(architecture, grid):
    config = vision_config(architecture, SIZE, "image_encoder")
    backbone = vision_model(config)
    read = -1, (0.5,) * 3, (0.5,) * 3
    x = pictures()
    plain = Encoder(backbone, *read).eval()(x).detach()
    pooled = Encoder(backbone, *read, grid).eval()(x).detach()
    assert token_shape(config, -1, SIZE, grid) == pooled.shape[1:] == (grid**2, 16)
    square = plain.unflatten(1, (4, 4))
    # Cell i of n covers rows from i * 4 / n, rounded down, to (i + 1) * 4 / n, rounded up.
    spans = [(i * 4 // grid, -(-(i + 1) * 4 // grid)) for i in range(grid)]
    expected = [square[:, a:b, c:d].mean((1, 2)) for a, b in spans for c, d in spans]
    torch.testing.assert_close(pooled, torch.stack(expected, 1), rtol=1e-4, atol=1e-5)
