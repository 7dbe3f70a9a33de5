"""Augmentation of whole batches, as a pure function of one integer an example.

The integers come from the sampler, not from a global generator: an example's augmentation is then
the same whether training ran through or was stopped and went on, whichever worker reads it.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from faceinsight.common.settings import Settings
from faceinsight.data.geometry import flip


class AugmentationSettings(Settings):
    """Random changes of a training example; photograph and map move together.

    Attributes:
        flip: probability of a left-right flip (left and right classes of the map swap).
        shift: largest translation in either direction, as a share of the crop's side.
        scale: largest relative change of size in either direction.
        light: largest relative change of brightness and of contrast; photograph only.
    """

    flip: float = Field(default=0.5, ge=0, le=1)
    shift: float = Field(default=0.0, ge=0, lt=0.5)
    scale: float = Field(default=0.0, ge=0, lt=0.5)
    light: float = Field(default=0.0, ge=0, lt=1)


def augment(
    photographs: np.ndarray,
    maps: np.ndarray | None,
    draws: np.ndarray,
    settings: AugmentationSettings,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Flip, move, scale and relight a batch.

    Args:
        photographs: uint8 [B, S, S, 3].
        maps: uint8 [B, S, S] of classes, or None; moves with its photograph, by nearest neighbour.
        draws: uint64 [B], one random integer an example that decides everything.
        settings: how much may change.

    Returns:
        New arrays of the same shapes; the input is left as it is.
    """
    uniform = _uniform(draws, 6)
    photographs, maps = _move(photographs, maps, uniform[:, :3], settings)
    flipped = uniform[:, 3] < settings.flip
    if flipped.any():
        turned, turned_maps = flip(photographs[flipped], None if maps is None else maps[flipped])
        photographs[flipped] = turned
        if maps is not None:
            maps[flipped] = turned_maps
    if settings.light:
        photographs = _relight(photographs, uniform[:, 4:], settings.light)
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
    """Scale about the centre and translate, nearest neighbour, edges repeated."""
    if not settings.shift and not settings.scale:
        return photographs.copy(), None if maps is None else maps.copy()
    size = photographs.shape[1]
    signed = 2 * uniform - 1
    zoom = 1 + settings.scale * signed[:, 2:3]
    centred = np.arange(size) - (size - 1) / 2

    def source(offset: np.ndarray) -> np.ndarray:
        """Index of the pixel that each row or column is read from, [B, S]."""
        at = centred * zoom + (size - 1) / 2 + settings.shift * size * offset[:, None]
        return np.clip(np.rint(at), 0, size - 1).astype(np.intp)

    batch = np.arange(len(photographs))[:, None, None]
    rows, columns = source(signed[:, 0])[:, :, None], source(signed[:, 1])[:, None, :]
    moved_maps = None if maps is None else maps[batch, rows, columns]
    return photographs[batch, rows, columns], moved_maps


def _relight(photographs: np.ndarray, uniform: np.ndarray, light: float) -> np.ndarray:
    """Change contrast about the photograph's mean, and brightness."""
    contrast, brightness = (1 + light * (2 * uniform - 1)).astype(np.float32).T[..., None]
    lookup = np.arange(256, dtype=np.float32)[None]
    mean = photographs.mean(axis=(1, 2, 3), dtype=np.float32)[:, None]
    # A table of 256 values an example is far cheaper than arithmetic on every pixel.
    table = np.clip(((lookup - mean) * contrast + mean) * brightness, 0, 255).astype(np.uint8)
    return table[np.arange(len(photographs))[:, None, None, None], photographs]
