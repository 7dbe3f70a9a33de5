"""The errors that a face parser makes, made on purpose on exact label maps."""

from __future__ import annotations

import numpy as np
from PIL import Image

from faceinsight.data.classes import FLIP_CLASSES
from faceinsight.data.drawn.canvas import LABEL
from faceinsight.data.drawn.settings import MapErrors

_PAIRS = (("left_eye", "right_eye"), ("left_brow", "right_brow"), ("left_ear", "right_ear"))
_MISSED = (
    ("nose",),
    ("eyeglasses",),
    ("left_eye",),
    ("right_eye",),
    ("left_brow", "right_brow"),
    ("upper_lip",),
    ("mouth",),
)


def spoil(exact: np.ndarray, errors: MapErrors, rng: np.random.Generator) -> np.ndarray:
    """Return the map that a parser might have made.

    Args:
        exact: class numbers, uint8 [H, W]; left as it is.
        errors: how often which error is made.
        rng: source of chance.

    Returns:
        uint8 [H, W].
    """
    table = np.arange(len(LABEL), dtype=np.uint8)
    if rng.random() < errors.missed:
        for part in _MISSED[rng.integers(len(_MISSED))]:
            table[LABEL[part]] = LABEL["skin"]
    if rng.random() < errors.swapped:
        for part in _PAIRS[rng.integers(len(_PAIRS))]:
            table[LABEL[part]] = FLIP_CLASSES[LABEL[part]]
    if rng.random() < errors.lost:
        table[LABEL["earring"]] = LABEL["hair"]
    if rng.random() < errors.lost:
        table[LABEL["necklace"]] = LABEL["neck"]
    confusion = rng.random()
    if confusion < errors.confused:
        table[LABEL["hat"]] = LABEL["hair"]
    elif confusion > 1 - errors.confused / 10:
        table[LABEL["hair"]] = LABEL["hat"]
    return table[_wander(exact, errors.border, rng)]


def _wander(labels: np.ndarray, border: float, rng: np.random.Generator) -> np.ndarray:
    """Let borders wander: every pixel takes its class from a place smoothly displaced."""
    height, width = labels.shape
    deviation = border * height / 96
    displaced = []
    for _ in range(2):
        # A coarse grid of displacements, smoothly enlarged, moves whole stretches of a border.
        grid = rng.normal(0, deviation, (12, 12)).astype(np.float32)
        smooth = Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)
        displaced.append(np.asarray(smooth))
    y = np.arange(height, dtype=np.float32)[:, None] + displaced[0]
    x = np.arange(width, dtype=np.float32)[None, :] + displaced[1]
    rows = np.clip(np.rint(y), 0, height - 1).astype(np.intp)
    columns = np.clip(np.rint(x), 0, width - 1).astype(np.intp)
    return labels[rows, columns]
