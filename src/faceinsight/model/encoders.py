"""Pictures to tokens: any Hugging Face vision model as image or segmentation encoder."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_MAPPING

from faceinsight.common.messages import no_such
from faceinsight.errors import ParameterError


def vision_config(architecture: dict[str, Any], image_size: int, part: str) -> PretrainedConfig:
    """Build a vision model's configuration; its picture size is `image_size` unless it says other.

    Raises:
        ParameterError: transformers does not know the `model_type`, or refuses an argument.
    """
    require_model_type(part, architecture)
    try:
        config = AutoConfig.for_model(**architecture)
        if hasattr(config, "image_size") and "image_size" not in architecture:
            config = AutoConfig.for_model(**architecture, image_size=image_size)
    except Exception as error:
        raise ParameterError(f"model.{part}.architecture: {one_line(error)}") from error
    return config


def require_model_type(part: str, architecture: dict[str, Any]) -> None:
    """Stop at a `model_type` that transformers does not know.

    Raises:
        ParameterError: the message names the nearest one.
    """
    given = architecture.get("model_type")
    if not isinstance(given, str) or given not in CONFIG_MAPPING:
        known = set(CONFIG_MAPPING.keys())
        told = no_such("model_type", str(given), known, "see transformers' documentation")
        raise ParameterError(f"model.{part}.architecture: {told}")


def without_pooling(config: PretrainedConfig) -> dict[str, Any]:
    """Arguments that leave out a pooling head, for models that have one: it is never read."""
    model_class: Any = MODEL_MAPPING.get(type(config), None)
    if model_class is None:
        return {}
    takes = inspect.signature(model_class).parameters
    return {"add_pooling_layer": False} if "add_pooling_layer" in takes else {}


def vision_model(config: PretrainedConfig, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """A vision model with random weights, without a pooling head."""
    return AutoModel.from_config(config, dtype=dtype, **without_pooling(config))


def one_line(error: Exception) -> str:
    """Another library's message for use inside one of ours: its first line.

    A line that ends in a colon says where, and the next one what.
    """
    if isinstance(error, KeyError):
        return f"there is no {error}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = list(lines[:1])
    while told and told[-1].endswith(":") and len(told) < len(lines):
        told.append(lines[len(told)])
    return " ".join(told).rstrip(".") or type(error).__name__


class Encoder(nn.Module):
    """Normalises pictures and turns them into tokens with a vision model.

    Pictures are not resized: crops have been cut to the model's `image_size` already. Where that
    is the vision model's own size, this is what CLIP's image processor gives, whose resizing and
    cropping then do nothing; where it is another, positions are interpolated, and there are more or
    fewer tokens than LLaVA would have.

    A model that gives a feature map [B, w, h, v] yields its h * v positions as tokens; one that
    gives a sequence yields it without the tokens before the patches (class, registers).

    Args:
        backbone: any Hugging Face vision model.
        feature_layer: hidden state to read; -1 is the model's own output.
        mean: of each channel, of pictures scaled to 0..1.
        std: of each channel.
        grid: side of the grid that tokens are averaged to; None keeps them.
    """

    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        backbone: PreTrainedModel,
        feature_layer: int,
        mean: Sequence[float],
        std: Sequence[float],
        grid: int | None = None,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.feature_layer = feature_layer
        self.grid = grid
        # (x / 255 - mean) / std as one multiplication and one addition.
        deviation = torch.tensor(std)
        self.register_buffer("scale", 1 / (255 * deviation), persistent=False)
        self.register_buffer("shift", -torch.tensor(mean) / deviation, persistent=False)
        takes = inspect.signature(backbone.forward).parameters
        self._interpolates = "interpolate_pos_encoding" in takes

    def forward(self, pictures: Tensor) -> Tensor:
        """Encode pictures.

        Args:
            pictures: uint8 [B, S, S, 3].

        Returns:
            Tokens [B, n, w].
        """
        dtype = next(self.backbone.parameters()).dtype
        # The permuted view is channels-last in memory, the layout that convolutions prefer.
        pixels = (pictures * self.scale + self.shift).to(dtype).permute(0, 3, 1, 2)
        options: dict[str, Any] = {}
        own_size = getattr(self.backbone.config, "image_size", None)
        if self._interpolates and own_size not in (None, pictures.shape[1]):
            options["interpolate_pos_encoding"] = True
        if self.feature_layer == -1:
            tokens = self.backbone(pixel_values=pixels, **options).last_hidden_state
        else:
            states = self.backbone(pixel_values=pixels, output_hidden_states=True, **options)
            tokens = states.hidden_states[self.feature_layer]
        if tokens.ndim == 3:
            tokens = tokens[:, self._before_patches(tokens.shape[1], pictures.shape[1]) :]
            if self.grid is None:
                return tokens
            side = math.isqrt(tokens.shape[1])
            tokens = tokens.transpose(1, 2).unflatten(2, (side, side))
        if self.grid is not None:
            tokens = F.adaptive_avg_pool2d(tokens, self.grid)
        return tokens.flatten(2).transpose(1, 2)

    def _before_patches(self, tokens: int, size: int) -> int:
        patch = getattr(self.backbone.config, "patch_size", None)
        if not isinstance(patch, int):
            return 0
        return max(tokens - (size // patch) ** 2, 0)


def token_shape(
    config: PretrainedConfig, feature_layer: int, size: int, grid: int | None = None
) -> tuple[int, int]:
    """Number n and width w of the tokens that an encoder makes of a picture of side `size`.

    Found by running the model without weights or arithmetic (on torch's meta device).

    Raises:
        ParameterError: the model makes no tokens of such a picture.
    """
    try:
        with torch.device("meta"):
            read = feature_layer, (0.0,) * 3, (1.0,) * 3, grid
            encoder = Encoder(vision_model(config), *read).eval()
            tokens = encoder(torch.zeros(1, size, size, 3, dtype=torch.uint8))
    except Exception as error:
        raise ParameterError(
            f"a {config.model_type} model makes no tokens of a picture of {size} x {size} pixels "
            f"at feature_layer {feature_layer}: {one_line(error)}"
        ) from error
    return tokens.shape[1], tokens.shape[2]
