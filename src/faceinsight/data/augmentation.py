"""Augmentation of whole batches, as a pure function of one integer an example.

The integers come from the sampler, not from a global generator: an example's augmentation is then
the same whether training ran through or was stopped and went on, whichever worker reads it.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from faceinsight.common.settings import Settings
from faceinsight.data.geometry import flip

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""What red, green and blue weigh in a grey photograph (ITU-R BT.601, as Pillow has it)."""


class AugmentationSettings(Settings):
    """Random changes of a training example; photograph and map move together.

    Attributes:
        flip: probability of a left-right flip (left and right classes of the map swap).
        shift: largest translation in either direction, as a share of the crop's side.
        scale: largest relative change of size in either direction.
        turn: largest rotation in either direction, in degrees.
        light: largest relative change of brightness and of contrast; photograph only.
        grey: probability of a photograph without colours.
    """

    flip: float = Field(default=0.5, ge=0, le=1)
    shift: float = Field(default=0.0, ge=0, lt=0.5)
    scale: float = Field(default=0.0, ge=0, lt=0.5)
    turn: float = Field(default=0.0, ge=0, le=45)
    light: float = Field(default=0.0, ge=0, lt=1)
    grey: float = Field(default=0.0, ge=0, le=1)


def augment(
    photographs: np.ndarray,
    maps: np.ndarray | None,
    draws: np.ndarray,
    settings: AugmentationSettings,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Flip, move, scale, turn, relight and grey a batch.

    Args:
        photographs: uint8 [B, S, S, 3].
        maps: uint8 [B, S, S] of classes, or None; moves with its photograph, by nearest neighbour.
        draws: uint64 [B], one random integer an example that decides everything.
        settings: how much may change.

    Returns:
        New arrays of the same shapes; the input is left as it is.
    """
    uniform = _uniform(draws, 8)
    photographs, maps = _move(photographs, maps, uniform[:, [0, 1, 2, 6]], settings)
    flipped = uniform[:, 3] < settings.flip
    if flipped.any():
        turned, turned_maps = flip(photographs[flipped], None if maps is None else maps[flipped])
        photographs[flipped] = turned
        if maps is not None:
            maps[flipped] = turned_maps
    if settings.light:
        photographs = _relight(photographs, uniform[:, 4:6], settings.light)
    grey = uniform[:, 7] < settings.grey
    if grey.any():
        photographs[grey] = (photographs[grey] @ _LUMA).astype(np.uint8)[..., None]
    return photographs, maps


def _uniform(draws: np.ndarray, n: int) -> np.ndarray:
    """Float64 [B, n] in [0, 1): splitmix64 of each draw and column, so no generator has state."""
    with np.errstate(over="ignore"):
        z = draws[:, None].astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15) * np.arange(
            1, n + 1, dtype=np.uint64
        )
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)) * 2.0**-53


def _move(
    photographs: np.ndarray,
    maps: np.ndarray | None,
    uniform: np.ndarray,
    settings: AugmentationSettings,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Scale and turn about the centre and translate, nearest neighbour, edges repeated."""
    if not settings.shift and not settings.scale and not settings.turn:
        return photographs.copy(), None if maps is None else maps.copy()
    size = photographs.shape[1]
    signed = 2 * uniform - 1
    zoom = 1 + settings.scale * signed[:, 2, None]
    centred = zoom * (np.arange(size) - (size - 1) / 2)
    down, right = ((size - 1) / 2 + settings.shift * size * signed[:, i, None] for i in (0, 1))
    if settings.turn:
        angle = np.radians(settings.turn) * signed[:, 3, None, None]
        y, x = centred[:, :, None], centred[:, None, :]
        rows = np.cos(angle) * y - np.sin(angle) * x + down[:, :, None]
        columns = np.sin(angle) * y + np.cos(angle) * x + right[:, :, None]
    else:
        rows, columns = (centred + down)[:, :, None], (centred + right)[:, None, :]
    # The pixel that each is read from, [B, S, S] or what broadcasts to it.
    batch = np.arange(len(photographs))[:, None, None]
    at = tuple(np.clip(np.rint(of), 0, size - 1).astype(np.intp) for of in (rows, columns))
    return photographs[batch, *at], None if maps is None else maps[batch, *at]


def _relight(photographs: np.ndarray, uniform: np.ndarray, light: float) -> np.ndarray:
    """Change contrast about the photograph's mean, and brightness."""
    contrast, brightness = (1 + light * (2 * uniform - 1)).astype(np.float32).T[..., None]
    lookup = np.arange(256, dtype=np.float32)[None]
    mean = photographs.mean(axis=(1, 2, 3), dtype=np.float32)[:, None]
    # A table of 256 values an example is far cheaper than arithmetic on every pixel.
    table = np.clip(((lookup - mean) * contrast + mean) * brightness, 0, 255).astype(np.uint8)
    return table[np.arange(len(photographs))[:, None, None, None], photographs]
