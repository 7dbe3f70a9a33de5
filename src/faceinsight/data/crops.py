"""One face on its way from a photograph to a crop with its label map.

The same steps serve the labelled faces of a data set and the faces that are found in anybody's
photographs, so that a model is used in the geometry in which it was trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from faceinsight.data.geometry import (
    Box,
    Square,
    crop_square,
    cut_map,
    cut_photograph,
    cut_view,
    inside,
)
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.errors import PhotographError


class MapParser(Protocol):
    """What makes label maps of photographs.

    Attributes:
        key: digest of everything that its results depend on, beside the settings.
    """

    key: str

    def __call__(
        self, views: np.ndarray, boxes: np.ndarray, window: tuple[float, float], size: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Parse a batch of faces.

        Args:
            views: [b, V, V, 3] uint8, RGB.
            boxes: [b, 4] float32, the known face in pixels of its view; NaN where unknown.
            window: start and side of the crop in its view, as parts of the view's side.
            size: S.

        Returns:
            maps [b, S, S] uint8 in the crop's geometry, and [b] bool: a face was detected.
        """


@dataclass
class FaceCrop:
    """One face on its way to a crop: where it stands among the others, and what was cut for it.

    Attributes:
        at: its place in the table of examples, or its number in its photograph.
        box: in pixels of its photograph; None for the whole photograph.
        crop: [S, S, 3] uint8, where photographs are kept.
        label_map: [S, S] uint8, once there is one.
        view: [V, V, 3] uint8, what the parser is to see.
        view_box: the box in pixels of the view; NaN without a box.
        inside: rows and columns of the crop that lie inside the photograph.
        map_from: where the map is from: `provided`, `detected`, `crop` or `none`.
        error: why there is no crop.
    """

    at: int
    box: Box | None
    crop: np.ndarray | None = None
    label_map: np.ndarray | None = None
    view: np.ndarray | None = None
    view_box: tuple[float, ...] = (np.nan,) * 4
    inside: tuple[slice, slice] | None = None
    map_from: str = "none"
    error: PhotographError | None = None


def cut_face(
    face: FaceCrop, pixels: np.ndarray, label_map: np.ndarray | None, settings: SegmentationSettings
) -> None:
    """Cut what a face needs out of its photograph, and put it into `face`.

    Args:
        face: with its box.
        pixels: the photograph, [H, W, 3] uint8.
        label_map: the photograph's own map, [H, W] uint8, or None.
        settings: geometry, and whether a view for the parser is needed.

    Raises:
        PhotographError: with reason `box`, where the box lies outside the photograph.
    """
    height, width = pixels.shape[:2]
    square = crop_square(height, width, face.box, settings.margin)
    if settings.keep_photographs:
        face.crop = cut_photograph(pixels, square, settings.size)
    if label_map is not None:
        face.label_map = cut_map(label_map, square, settings.size)
        face.map_from = "provided"
    elif settings.maps == "parsed":
        _cut_view(face, pixels, square, settings)


def _cut_view(
    face: FaceCrop, pixels: np.ndarray, square: Square, settings: SegmentationSettings
) -> None:
    """What the parser sees: the crop, or more of the photograph around it."""
    height, width = pixels.shape[:2]
    face.inside = inside(height, width, square, settings.size)
    seen = square
    if face.box is not None:
        seen = square.enlarged(settings.context)
        scale = settings.view / seen.side
        start = (seen.left, seen.top) * 2
        face.view_box = tuple((v - s) * scale for v, s in zip(face.box, start, strict=True))
    face.view = cut_view(pixels, seen, settings.view)


def parse_faces(
    parser: MapParser, batch: Sequence[FaceCrop], settings: SegmentationSettings
) -> None:
    """Give each face its label map; views are let go.

    Faces with and without a box are parsed apart, since their views show different windows.
    """
    for boxed in (True, False):
        faces = [face for face in batch if (face.box is not None) == boxed]
        if not faces:
            continue
        side = 1 / settings.context if boxed else 1.0
        maps, detected = parser(
            np.stack([face.view for face in faces if face.view is not None]),
            np.array([face.view_box for face in faces], dtype=np.float32),
            ((1 - side) / 2, side),
            settings.size,
        )
        for face, label_map, found in zip(faces, maps, detected, strict=True):
            # There is nothing to name outside the photograph.
            face.label_map = np.zeros_like(label_map)
            assert face.inside is not None
            face.label_map[face.inside] = label_map[face.inside]
            face.map_from = "detected" if found else "crop"
            face.view = None
