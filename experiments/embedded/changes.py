"""What may happen to a photograph before somebody asks about it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from faceinsight import FaceInsight
from faceinsight.data.store import StoredCrops, boxes_of

_FEWEST = 0.5
"""Of the smaller of two boxes that are of one face: the share in which they overlap, at least."""

_PHOTOGRAPHS = 64


def _each(change: Callable[[Image.Image], Image.Image]) -> Callable[[np.ndarray], np.ndarray]:
    """Crops [n, S, S, 3] uint8, each changed as a picture."""

    def changed(pixels: np.ndarray) -> np.ndarray:
        return np.stack([np.asarray(change(Image.fromarray(of)).convert("RGB")) for of in pixels])

    return changed


def _compressed(picture: Image.Image) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=30)
    return Image.open(file)


def _resized(factor: float) -> Callable[[Image.Image], Image.Image]:
    def change(picture: Image.Image) -> Image.Image:
        size = round(picture.width * factor), round(picture.height * factor)
        return picture.resize(size, Image.Resampling.BICUBIC).resize(
            picture.size, Image.Resampling.BICUBIC
        )

    return change


def _turned(picture: Image.Image) -> Image.Image:
    """By 15 degrees; what comes into sight at the corners repeats the edge."""
    side = picture.width // 4
    wide = np.pad(np.asarray(picture), ((side, side), (side, side), (0, 0)), mode="edge")
    turned = Image.fromarray(wide).rotate(15, Image.Resampling.BICUBIC)
    return turned.crop((side, side, side + picture.width, side + picture.height))


def _moved(pixels: np.ndarray) -> np.ndarray:
    """A tenth of the side to the right and down; the edge is repeated."""
    step = round(pixels.shape[1] / 10)
    wide = np.pad(pixels, ((0, 0), (step, 0), (step, 0), (0, 0)), mode="edge")
    return wide[:, : pixels.shape[1], : pixels.shape[2]]


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "JPEG at quality 30": _each(_compressed),
    "half the size": _each(_resized(0.5)),
    "twice the size": _each(_resized(2)),
    "grey": _each(lambda picture: picture.convert("L")),
    "turned by 15 degrees": _each(_turned),
    "moved by 10 %": _moved,
    "half as bright": lambda pixels: (pixels // 2).astype(np.uint8),
}
"""Name to what is done to crops [n, S, S, 3] uint8."""


def found_by_detector(model: FaceInsight, folder: Path) -> tuple[np.ndarray, float]:
    """The test faces as they look when a detector has found them.

    Args:
        model: cuts what it finds as its training faces were cut.
        folder: the crops of a data set.

    Returns:
        Crops [n, S, S, 3] uint8 in the order of the test faces, and the share of them that was
        found; the rest is as the data set cuts it.
    """
    crops = StoredCrops.open(folder)
    rows = np.flatnonzero((crops.examples["split"] == "test").to_numpy(dtype=bool))
    pixels, found = crops.photographs(rows), np.zeros(len(rows), dtype=bool)
    examples = crops.examples.iloc[rows].reset_index(drop=True)
    boxes, raw = boxes_of(examples), Path(crops.header["raw"])
    names = pd.unique(examples["photograph"].to_numpy(dtype=object))
    of_name = examples.groupby("photograph", sort=False).indices
    for start in range(0, len(names), _PHOTOGRAPHS):
        some = names[start : start + _PHOTOGRAPHS]
        seen = model.prepare([raw / name for name in some])
        for place, name in enumerate(some):
            here = np.flatnonzero(seen.photographs == place)
            for row in of_name[name]:
                if (best := of_face(seen.boxes[here], boxes[row])) is not None:
                    pixels[row], found[row] = seen.pixels[here[best]], True
    return pixels, float(found.mean()) if len(found) else 0.0


def of_face(found: np.ndarray, box: tuple[int, int, int, int] | None) -> int | None:
    """Which of the boxes [m, 4] is of the face: the largest where it has no box; None if none."""
    if not len(found):
        return None
    size = (found[:, 2:] - found[:, :2]).prod(axis=1)
    if box is None:
        return int(size.argmax())
    left, top, right, bottom = box
    low, high = np.maximum(found[:, :2], (left, top)), np.minimum(found[:, 2:], (right, bottom))
    common = (high - low).clip(0).prod(axis=1)
    share = common / np.minimum(size, (right - left) * (bottom - top))
    return int(share.argmax()) if share.max() >= _FEWEST else None
