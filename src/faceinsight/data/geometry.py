"""One geometry for photograph and label map: crop, resize, flip.

A face crop is a square of the photograph, brought to S x S pixels. Around a box it is the box's
centre with the longer side of the box and a margin on each side, moved inside the photograph where
it would leave it, and with as much of the margin as fits there; without a box it is the whole
photograph in the middle of a square as long as its longer side, so that nothing of it is lost and
nothing is squashed. Where a square leaves the photograph all the same, the crop is black, and
background (class 0) in the map.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import Any

import numpy as np

from faceinsight.data.classes import FLIP_CLASSES
from faceinsight.errors import PhotographError

Box = tuple[int, int, int, int]
"""left, top, right, bottom in pixels of the photograph; right and bottom are exclusive."""

MARGIN = 0.25
"""Default margin on each side of a box, as a part of its longer side."""


UPRIGHT = 1

TURNS: dict[int, tuple[bool, bool, bool]] = {
    UPRIGHT: (False, False, False),
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, True, False),
    7: (True, True, True),
    8: (True, False, True),
}
"""EXIF orientation to what makes a picture upright: whether rows become columns, and whether left
and right, and then top and bottom, are swapped."""


@dataclass(frozen=True)
class Square:
    """A square in pixels of a photograph; it may leave the photograph."""

    left: float
    top: float
    side: float

    def enlarged(self, factor: float) -> Square:
        """The square of `factor` times the side about the same centre."""
        grown = self.side * factor
        shift = (grown - self.side) / 2
        return Square(self.left - shift, self.top - shift, grown)


def crop_square(height: int, width: int, box: Box | None, margin: float = MARGIN) -> Square:
    """The square of a face crop.

    Args:
        height: of the photograph.
        width: of the photograph.
        box: the face, or None for the whole photograph. Of one that is partly outside the whole
            is counted, so that a face is seen as large as others.
        margin: on each side, as a part of the box's longer side, where the photograph has as much;
            not applied without a box.

    Raises:
        PhotographError: with reason `box`, where the box is empty or lies outside the photograph.
    """
    if box is None:
        longer = max(height, width)
        return Square((width - longer) / 2, (height - longer) / 2, longer)
    left, top, right, bottom = box
    if not (max(left, 0) < min(right, width) and max(top, 0) < min(bottom, height)):
        raise PhotographError(
            "box",
            f"the box {tuple(box)} has no part inside its photograph of {width} x {height} pixels.",
        )
    longer = max(right - left, bottom - top)
    # Few training crops have a black border, and a network takes one for a trait: with black around
    # photographs that are cut closely already, women were called men.
    side = max(longer, min(longer * (1 + 2 * margin), height, width))
    return Square(_moved(left, right, side, width), _moved(top, bottom, side, height), side)


def _moved(first: int, stop: int, side: float, length: int) -> float:
    """Where a side around the middle of a box starts, inside the photograph if it fits there."""
    if side > length:
        return (length - side) / 2
    return min(max((first + stop - side) / 2, 0.0), length - side)


def cut_photograph(photograph: np.ndarray, square: Square, size: int) -> np.ndarray:
    """Cut a crop out of a photograph, antialiased (bicubic): [H, W, 3] -> [S, S, 3] uint8."""
    from PIL import Image

    return _cut(photograph, square, size, Image.Resampling.BICUBIC)


def cut_view(pixels: np.ndarray, square: Square, size: int) -> np.ndarray:
    """Cut a square as a network should see it: [H, W, 3] -> [V, V, 3] uint8.

    Where it leaves the photograph, the photograph's edge is repeated: parsers take black for a hat.
    """
    height, width = pixels.shape[:2]
    view = cut_photograph(pixels, square, size)
    rows, columns = inside(height, width, square, size)
    seen = view[rows, columns]
    if not seen.size:  # a photograph so narrow that nothing of it is a pixel wide
        return view
    beyond = [(part.start, size - part.stop) for part in (rows, columns)]
    return np.pad(seen, [*beyond, (0, 0)], mode="edge")


def cut_map(label_map: np.ndarray, square: Square, size: int) -> np.ndarray:
    """Cut the same crop out of a label map, by nearest neighbour: [H, W] -> [S, S] uint8."""
    from PIL import Image

    return _cut(label_map, square, size, Image.Resampling.NEAREST)


def inside(height: int, width: int, square: Square, size: int) -> tuple[slice, slice]:
    """Rows and columns of an S x S crop that lie wholly inside the photograph."""
    return _inside(square.top, square.side, height, size), _inside(
        square.left, square.side, width, size
    )


def _inside(start: float, side: float, length: int, size: int) -> slice:
    # The tolerance keeps 0.1 + 0.2 from costing a pixel where the edges fall together.
    first = ceil(max(0.0, -start) * size / side - 1e-6)
    stop = floor(min(side, length - start) * size / side + 1e-6)
    return slice(min(first, size), max(stop, min(first, size)))


def _cut(pixels: np.ndarray, square: Square, size: int, resample: Any) -> np.ndarray:
    """Resize only what lies inside, so that a box of a billion pixels costs nothing."""
    from PIL import Image

    height, width = pixels.shape[:2]
    crop = np.zeros((size, size, *pixels.shape[2:]), dtype=np.uint8)
    rows, columns = inside(height, width, square, size)
    shape = (columns.stop - columns.start, rows.stop - rows.start)
    if min(shape) > 0:
        step = square.side / size
        box = (
            max(0.0, square.left + columns.start * step),
            max(0.0, square.top + rows.start * step),
            min(float(width), square.left + columns.stop * step),
            min(float(height), square.top + rows.stop * step),
        )
        crop[rows, columns] = Image.fromarray(pixels).resize(shape, resample, box=box)
    return crop


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn a picture as its EXIF orientation says: [H, W, ...] -> [H, W, ...] or [W, H, ...]."""
    transposed, mirrored, upended = TURNS[orientation]
    if transposed:
        pixels = pixels.swapaxes(0, 1)
    return pixels[:: -1 if upended else 1, :: -1 if mirrored else 1]


def upright_box(box: Box, orientation: int, width: int, height: int) -> Box:
    """Turn a box with its photograph.

    Args:
        box: in pixels of the photograph as it is stored.
        orientation: the photograph's, by its EXIF tag.
        width: of the photograph as it is seen.
        height: of the photograph as it is seen.
    """
    left, top, right, bottom = box
    transposed, mirrored, upended = TURNS[orientation]
    if transposed:
        left, top, right, bottom = top, left, bottom, right
    if mirrored:
        left, right = width - right, width - left
    if upended:
        top, bottom = height - bottom, height - top
    return left, top, right, bottom


def flip(photographs: np.ndarray, maps: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Mirror crops and their maps left to right; left and right classes swap.

    Args:
        photographs: [..., S, S, 3] uint8.
        maps: [..., S, S] uint8 class numbers, or None.
    """
    mirrored = np.ascontiguousarray(photographs[..., ::-1, :])
    if maps is None:
        return mirrored, None
    return mirrored, FLIP_CLASSES[maps[..., ::-1]]
