"""Areas of a face's box, in the place of a label map where nothing makes one.

A detector says where a face is, not where its eyes are. In an upright face they lie at much the
same part of the box, so that fixed areas of it show roughly what hangs on eyes, nose or mouth; not
on eyeglasses, a hat or an earring, which no box tells. How much of each part of a face lies in its
area was measured on photographs with true maps, `experiments/areas.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from faceinsight.data.classes import MAP_CLASSES
from faceinsight.data.crops import FaceCrop
from faceinsight.data.geometry import crop_square
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.errors import PhotographError

Ellipse = tuple[float, float, float, float]
"""Centre and half axes, x before y, in parts of the box: 0 its left or top, 1 right or bottom."""

AREAS: tuple[tuple[str, Ellipse], ...] = (
    ("hair", (0.5, 0.28, 0.72, 0.57)),
    ("neck", (0.5, 0.9, 0.38, 0.37)),
    ("skin", (0.5, 0.55, 0.58, 0.32)),
    ("right_eye", (0.26, 0.34, 0.17, 0.13)),
    ("left_eye", (0.74, 0.34, 0.17, 0.13)),
    ("nose", (0.5, 0.52, 0.15, 0.2)),
    ("mouth", (0.5, 0.76, 0.21, 0.13)),
)
"""Classes with the ellipses that stand for them, each on top of those before it; the rest is
background. What they hold of other classes is in `regions.region_names`."""


def give_areas(
    faces: Sequence[FaceCrop],
    name: str,
    shape: tuple[int, int],
    settings: SegmentationSettings,
) -> None:
    """Give the faces of a photograph areas in place of label maps.

    Args:
        faces: with their boxes.
        name: what messages call the photograph.
        shape: its height and width.
        settings: geometry of crops.

    Raises:
        PhotographError: with reason `no box`, where a face has no box.
    """
    for face in faces:
        if face.box is None:
            raise PhotographError(
                "no box",
                f"there is no label map for {name} that says where the regions of its face are, "
                "and no box whose areas could stand for them: have faces looked for "
                "(faces=detect), or have the map made by pyfacer (maps=parsed).",
            )
        square = crop_square(*shape, face.box, settings.margin)
        centres = (np.arange(settings.size) + 0.5) * square.side / settings.size
        left, top, right, bottom = face.box
        across = (square.left + centres - left) / (right - left)
        down = (square.top + centres - top) / (bottom - top)
        face.label_map, face.map_from = draw_areas(across, down), "box"


def draw_areas(across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """The class whose area each pixel lies in, [n, m] uint8.

    Args:
        across: [m], where the columns lie, in parts of the box's width.
        down: [n], where the rows lie, in parts of its height.
    """
    drawn = np.full((len(down), len(across)), MAP_CLASSES.index("background"), dtype=np.uint8)
    for name, (x, y, half_width, half_height) in AREAS:
        away = ((across[None] - x) / half_width) ** 2 + ((down[:, None] - y) / half_height) ** 2
        drawn[away <= 1] = MAP_CLASSES.index(name)
    return drawn
