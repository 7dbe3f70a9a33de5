"""The regions of a face that a label map tells apart, and how one is erased."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

import numpy as np

from faceinsight.data.classes import MAP_CLASSES

REGIONS: Mapping[str, tuple[str, ...]] = {
    "eyes": ("left_eye", "right_eye"),
    "brows": ("left_brow", "right_brow"),
    "eyeglasses": ("eyeglasses",),
    "nose": ("nose",),
    "mouth": ("mouth", "upper_lip", "lower_lip"),
    "skin": ("skin",),
    "ears": ("left_ear", "right_ear"),
    "earring": ("earring",),
    "hair": ("hair",),
    "hat": ("hat",),
    "neck": ("neck",),
    "necklace": ("necklace",),
    "cloth": ("cloth",),
    "background": ("background",),
}
"""Name of a region to its classes of a label map; each class is in exactly one, R regions."""

REGION_OF: np.ndarray = np.array(
    [next(r for r, of in enumerate(REGIONS.values()) if name in of) for name in MAP_CLASSES],
    dtype=np.uint8,
)
"""Class number to number of its region, [19] uint8."""

RegionsFrom = Literal["parsed", "provided", "box"]
"""Where a face's regions are from: a parser's label map, one that lay beside the photograph, or
areas of the face's box (`areas`)."""

_AREAS = {
    "eyes": "eyes and brows",
    "skin": "cheeks",
    "hair": "hair and forehead",
    "neck": "chin and neck",
    "background": "around the head",
}
"""Region to what its area of a box is called, which holds more or less than the region."""

Erasure = Literal["fill", "blur"]
ERASURES: tuple[Erasure, ...] = get_args(Erasure)
"""How the pixels of a region are erased: by the mean colour of what takes its place, or blurred."""

_IN_ITS_PLACE = {
    **dict.fromkeys(("eyes", "brows", "eyeglasses", "nose", "mouth"), "skin"),
    "necklace": "neck",
}
"""Class that a map shows where a region was; `background` for the others."""

_BLUR = 0.1
"""Standard deviation of the blur, as part of the crop's side: no part of a face outlives it."""


def region_names(regions_from: RegionsFrom) -> tuple[str, ...]:
    """Names of the R regions, in the order of `REGIONS`."""
    if regions_from == "box":
        return tuple(_AREAS.get(name, name) for name in REGIONS)
    return tuple(REGIONS)


class Erased(NamedTuple):
    """Copies of one face, each without one of the regions that it has.

    Attributes:
        regions: [n] int64, the region that each copy lacks.
        pixels: [n, S, S, 3] uint8.
        maps: [n, S, S] uint8.
    """

    regions: np.ndarray
    pixels: np.ndarray
    maps: np.ndarray


def erase_each(pixels: np.ndarray, label_map: np.ndarray, how: Erasure) -> Erased:
    """A copy of a face for each of its regions, without it.

    Args:
        pixels: [S, S, 3] uint8.
        label_map: [S, S] uint8.
        how: see `ERASURES`.
    """
    regions = np.unique(REGION_OF[label_map]).astype(np.int64)
    copies = [erase(pixels, label_map, [region], how) for region in regions.tolist()]
    return Erased(
        regions, np.stack([copy for copy, _ in copies]), np.stack([copy for _, copy in copies])
    )


def erase(
    pixels: np.ndarray, label_map: np.ndarray, regions: list[int], how: Erasure
) -> tuple[np.ndarray, np.ndarray]:
    """One face without some of its regions, one after the other.

    The map shows what a region lies on: skin for the parts of a face, neck for a necklace, else
    background. The picture has the mean colour of that there, or is blurred; one pixel more around,
    so that no outline tells what was there. Background has nothing behind it: its map stays, and
    its pixels take their own mean, which leaves its colour and nothing that is in it.

    Args:
        pixels: [S, S, 3] uint8.
        label_map: [S, S] uint8.
        regions: numbers of regions; those that the face lacks change nothing.
        how: see `ERASURES`.

    Returns:
        pixels and map, as given.
    """
    erased, classes = pixels.copy(), label_map.copy()
    blurred = _blurred(pixels) if how == "blur" else None
    names = list(REGIONS)
    for region in regions:
        gone = REGION_OF[classes] == region
        if not gone.any():
            continue
        instead = MAP_CLASSES.index(_IN_ITS_PLACE.get(names[region], "background"))
        around = _grown(gone)
        if blurred is not None:
            erased[around] = blurred[around]
        else:
            seen = (classes == instead) & (gone if names[region] == "background" else ~around)
            if not seen.any():
                seen = ~around if not around.all() else around
            erased[around] = erased[seen].mean(axis=0).round()
        classes[gone] = instead
    return erased, classes


def _blurred(pixels: np.ndarray) -> np.ndarray:
    from PIL import Image, ImageFilter

    blur = ImageFilter.GaussianBlur(_BLUR * len(pixels))
    return np.asarray(Image.fromarray(pixels).filter(blur))


def _grown(mask: np.ndarray) -> np.ndarray:
    """A mask [S, S] and the pixels that touch it by a side."""
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    grown[:, 1:] |= mask[:, :-1]
    grown[:, :-1] |= mask[:, 1:]
    return grown
