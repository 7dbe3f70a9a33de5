"""The classes of a label map, their colours, and what they become in a mirror.

The classes and their numbers are CelebAMask-HQ's (`g_mask` order). "Left" and "right" are as that
data set and pyfacer's `celebm` parser use them; a mirrored map swaps them (`FLIP_CLASSES`).
"""

import numpy as np

MAP_CLASSES: tuple[str, ...] = (
    "background",
    "skin",
    "nose",
    "eyeglasses",
    "left_eye",
    "right_eye",
    "left_brow",
    "right_brow",
    "left_ear",
    "right_ear",
    "mouth",
    "upper_lip",
    "lower_lip",
    "hair",
    "hat",
    "earring",
    "necklace",
    "neck",
    "cloth",
)
"""Name of each class number."""

MAP_COLOURS: np.ndarray = np.array(
    [
        (0, 0, 0),
        (255, 204, 153),
        (255, 128, 64),
        (0, 255, 255),
        (0, 102, 255),
        (102, 0, 255),
        (0, 153, 0),
        (153, 204, 0),
        (255, 153, 204),
        (204, 0, 102),
        (255, 255, 255),
        (255, 0, 0),
        (153, 0, 0),
        (128, 64, 0),
        (255, 255, 0),
        (0, 255, 128),
        (128, 128, 0),
        (192, 144, 112),
        (64, 96, 128),
    ],
    dtype=np.uint8,
)
"""RGB of each class, [19, 3] uint8: the colours in which E_s sees a map."""

_MIRRORED = {
    "left_eye": "right_eye",
    "left_brow": "right_brow",
    "left_ear": "right_ear",
}
_SWAPS = _MIRRORED | {right: left for left, right in _MIRRORED.items()}

FLIP_CLASSES: np.ndarray = np.array(
    [MAP_CLASSES.index(_SWAPS.get(name, name)) for name in MAP_CLASSES], dtype=np.uint8
)
"""Class number to class number in the mirror, [19] uint8: left and right swap."""
