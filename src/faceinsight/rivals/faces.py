"""Which faces a rival is asked about, and the picture of each.

A rival sees what our models see of the photograph, the square of the face's frame, but at the
photograph's own resolution and without the black margin that completes a frame which is larger
than its photograph: every rival's processor makes its own squares.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from faceinsight.common.encoding import encoded
from faceinsight.common.work import digest
from faceinsight.data.geometry import Box, Square, crop_square
from faceinsight.data.photographs import load_photograph, locate
from faceinsight.data.store import StoredCrops, boxes_of
from faceinsight.errors import PhotographError

if TYPE_CHECKING:
    from faceinsight.method.characteristics import Vocabulary

_READERS = 8


@dataclass(frozen=True)
class Face:
    """One face of a data set.

    Attributes:
        dataset: name of the data set.
        photograph: path below `raw`.
        face: number of the face in its photograph.
        box: the face in pixels of the photograph, or None for the whole photograph.
        raw: the data set's raw folder.
        margin: around the box, as in the crops.
        max_pixels: largest photograph that is read.
    """

    dataset: str
    photograph: str
    face: int
    box: Box | None
    raw: Path
    margin: float
    max_pixels: float

    def picture(self, longest_side: int | None = None) -> np.ndarray:
        """What the rival sees: [h, w, 3] uint8, RGB.

        Args:
            longest_side: a larger picture is reduced to it (Lanczos).

        Raises:
            PhotographError: the photograph cannot be read any more.
        """
        pixels = load_photograph(self.raw, self.photograph, max_pixels=self.max_pixels)
        height, width = pixels.shape[:2]
        cut = cut_square(pixels, crop_square(height, width, self.box, self.margin))
        if longest_side is None or max(cut.shape[:2]) <= longest_side:
            return cut
        from PIL import Image

        scale = longest_side / max(cut.shape[:2])
        size = [max(1, round(side * scale)) for side in (cut.shape[1], cut.shape[0])]
        return np.asarray(Image.fromarray(cut).resize((size[0], size[1]), Image.Resampling.LANCZOS))


def cut_square(pixels: np.ndarray, square: Square) -> np.ndarray:
    """Every pixel of a photograph that the square touches: [H, W, 3] -> [h, w, 3]."""
    height, width = pixels.shape[:2]
    top, left = max(0, floor(square.top)), max(0, floor(square.left))
    bottom = min(height, ceil(square.top + square.side))
    right = min(width, ceil(square.left + square.side))
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def jpeg(picture: np.ndarray, quality: int) -> bytes:
    """A picture as JPEG without chroma subsampling."""
    from PIL import Image

    return encoded(Image.fromarray(picture), "JPEG", quality=quality, subsampling=0)


def faces_of(crops: Mapping[str, Path], split: str) -> list[Face]:
    """The faces of a split, those that our models predict, in the same order."""
    faces: list[Face] = []
    for dataset, opened, rows in _rows_of(crops, split):
        header = opened.header
        place = Path(header["raw"]), float(header["margin"]), float(header["max_pixels"])
        named = zip(rows["photograph"], rows["face"], boxes_of(rows), strict=True)
        faces += [Face(dataset, str(p), int(f), box, *place) for p, f, box in named]
    return faces


def truth_of(crops: Mapping[str, Path], split: str, vocabulary: Vocabulary) -> pd.DataFrame:
    """Labels of the faces of `faces_of`, in their order.

    Returns:
        `dataset`, `photograph`, `face`, `split`, and `y_<id>` Int8 for every id of the vocabulary,
        null where unknown.
    """
    from faceinsight.method.labels import UNKNOWN, label_matrix

    columns = [f"y_{id_}" for id_ in vocabulary.ids]
    tables = []
    for dataset, _, rows in _rows_of(crops, split):
        labels = pd.DataFrame(label_matrix(rows, vocabulary), columns=columns).astype("Int8")
        named = rows[["photograph", "face", "split"]].reset_index(drop=True)
        named.insert(0, "dataset", dataset)
        tables.append(pd.concat([named, labels.mask(labels == UNKNOWN)], axis=1))
    if not tables:
        return pd.DataFrame(
            {name: [] for name in ["dataset", "photograph", "face", "split", *columns]}
        )
    return pd.concat(tables, ignore_index=True)


def _rows_of(
    crops: Mapping[str, Path], split: str
) -> Iterator[tuple[str, StoredCrops, pd.DataFrame]]:
    """Data set, its crops and the examples of a split, where there are any."""
    for dataset, folder in crops.items():
        opened = StoredCrops.open(Path(folder))
        rows = opened.examples[(opened.examples["split"] == split).to_numpy(dtype=bool)]
        if len(rows):
            yield dataset, opened, rows


def face_keys(faces: Iterable[Face]) -> list[str]:
    """What names each face's answers: a digest of its photograph's bytes, its box and the margin.

    A photograph that is replaced, or read from a smaller copy of the data set, is another face.
    A photograph that is not there any more has the digest of nothing.
    """
    faces = list(faces)
    files = list(dict.fromkeys((face.raw, face.photograph) for face in faces))
    with ThreadPoolExecutor(_READERS) as pool:
        contents = dict(zip(files, pool.map(_content, files), strict=True))
    return [
        digest(
            face.dataset,
            face.photograph,
            face.face,
            contents[face.raw, face.photograph],
            face.box,
            face.margin,
        )
        for face in faces
    ]


def _content(file: tuple[Path, str]) -> str | None:
    try:
        with locate(*file).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (PhotographError, OSError):
        return None
