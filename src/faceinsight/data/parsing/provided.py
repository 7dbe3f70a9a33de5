"""Label maps that come with a data set, as files beside its photographs."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np

from faceinsight.data.classes import MAP_CLASSES
from faceinsight.data.formats import open_image
from faceinsight.data.photographs import locate
from faceinsight.errors import PhotographError

MAP_FOLDERS = {"provided": "maps", "provided_faulty": "maps_faulty"}
"""Folder below a data set's raw folder, by the setting `maps`."""


def map_path(folder: str, photograph: str) -> str:
    """Where the map of a photograph is: the photograph's own path in `folder`, as `.png`."""
    return (PurePosixPath(folder) / PurePosixPath(photograph).with_suffix(".png")).as_posix()


def load_map(root: Path, relative: str, shape: tuple[int, int]) -> np.ndarray:
    """Read a map file: 8-bit palette or grey PNG of class numbers.

    Args:
        root: the data set's raw folder.
        relative: path of the map below it.
        shape: height and width of its photograph.

    Returns:
        [H, W] uint8.

    Raises:
        PhotographError: with reason `no map` or `bad map`.
    """
    try:
        path = locate(root, relative)
    except PhotographError:
        raise PhotographError(
            "no map",
            f"there is no label map {root / relative}: put it there, or set segmentation.maps to "
            "parsed",
        ) from None
    try:
        with path.open("rb") as stream:
            image = open_image(stream, path)
            mode, size = image.mode, image.size
            is_map = image.format == "PNG" and mode in ("P", "L") and size == shape[::-1]
            classes = np.asarray(image, dtype=np.uint8) if is_map else None
    except Exception as error:  # Pillow raises nearly anything on damaged files
        raise PhotographError("bad map", f"{path} cannot be read as a PNG ({error}).") from None
    if classes is None:
        raise PhotographError(
            "bad map",
            f"{path} is a {image.format} of {size[0]} x {size[1]} pixels of mode {mode}: a map "
            f"is a PNG of its photograph's size, {shape[1]} x {shape[0]}, and one 8-bit class "
            "number a pixel (mode P or L).",
        )
    if classes.max(initial=0) >= len(MAP_CLASSES):
        raise PhotographError(
            "bad map",
            f"{path} holds class {classes.max()}: classes are 0 to {len(MAP_CLASSES) - 1}.",
        )
    return classes
