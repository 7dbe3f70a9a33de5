"""What training reads: face crops, label maps and labels, cheap to read at random.

A crops folder holds

    crops.json              data set, size, geometry, where the photographs are, counts
    examples.parquet         the label table of exactly these examples, and `map_from`
    places.npy               [N, 2] int32: shard and row of each example
    photographs-00000.npy    [n, S, S, 3] uint8, unless photographs are read from the raw folder
    maps-00000.npy           [n, S, S] uint8 class numbers, unless there are no maps

and is read with numpy, pandas and pyarrow alone when it holds the photographs.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from faceinsight.common.work import link_or_copy
from faceinsight.errors import FaceInsightError

if TYPE_CHECKING:
    from faceinsight.data.geometry import Box
    from faceinsight.method.characteristics import Vocabulary

BOX_COLUMNS = ("left", "top", "right", "bottom")

_FORMAT = 1
# An open memory map holds a file descriptor, of which a process commonly has 1,024.
_MOST_OPEN = 128
_READERS = 8


class StoredCrops:
    """Face crops with label maps, in the order of their examples.

    Open one with `StoredCrops.open`. It may be pickled and may be used after a fork.

    Attributes:
        dataset: name of the data set.
        size: S, the crops' side in pixels.
        examples: the label table of exactly these examples, with `map_from`
            (provided, detected, crop, none).
        header: what `crops.json` says, counts and rates among it.
    """

    def __init__(self, folder: Path, header: dict[str, Any], examples: pd.DataFrame) -> None:
        self.folder = folder
        self.header = header
        self.dataset: str = header["dataset"]
        self.size: int = header["size"]
        self.examples = examples
        self._places = np.load(folder / "places.npy", allow_pickle=False)
        self._open: OrderedDict[tuple[str, int], np.ndarray] = OrderedDict()

    @classmethod
    def open(cls, folder: Path | str) -> StoredCrops:
        """Open a finished crops folder.

        Raises:
            FaceInsightError: the folder is not one.
        """
        folder = Path(folder)
        try:
            header = json.loads((folder / "crops.json").read_text(encoding="utf-8"))
            examples = pd.read_parquet(folder / "examples.parquet", dtype_backend="pyarrow")
        except (OSError, ValueError) as error:
            raise FaceInsightError(
                f"{folder} is no folder of crops ({error}): the segmentation pipeline makes one."
            ) from None
        if header.get("format") != _FORMAT:
            raise FaceInsightError(
                f"{folder} was written by another version of faceinsight: make it again."
            )
        return cls(folder, header, examples)

    def __len__(self) -> int:
        return len(self._places)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_open": OrderedDict()}

    def photographs(self, indices: np.ndarray) -> np.ndarray:
        """StoredCrops of the examples at `indices`: [b] -> [b, S, S, 3] uint8, RGB.

        Raises:
            PhotographError: photographs are not kept here, and one cannot be read any more.
        """
        indices = np.asarray(indices, dtype=np.int64)
        if self.header["photographs"]:
            return self._gather("photographs", indices, (self.size, self.size, 3))
        crops = np.empty((len(indices), self.size, self.size, 3), dtype=np.uint8)
        if len(indices):
            rows = self.examples.iloc[indices]
            with ThreadPoolExecutor(min(_READERS, len(indices))) as pool:
                cut = pool.map(self._read, rows["photograph"].tolist(), boxes_of(rows))
                for i, crop in enumerate(cut):
                    crops[i] = crop
        return crops

    def maps(self, indices: np.ndarray) -> np.ndarray:
        """Label maps of the examples at `indices`: [b] -> [b, S, S] uint8; 0 without maps."""
        indices = np.asarray(indices, dtype=np.int64)
        if self.header["maps"]:
            return self._gather("maps", indices, (self.size, self.size))
        return np.zeros((len(indices), self.size, self.size), dtype=np.uint8)

    def labels(self, vocabulary: Vocabulary) -> np.ndarray:
        """Labels in vocabulary order: [N, K] int8, 1 present, 0 absent, -1 unknown."""
        from faceinsight.method.labels import label_matrix

        return label_matrix(self.examples, vocabulary)

    def _gather(self, kind: str, indices: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        gathered = np.empty((len(indices), *shape), dtype=np.uint8)
        shards, rows = self._places[indices].T
        order = np.lexsort((rows, shards))
        cuts = np.flatnonzero(np.diff(shards[order])) + 1
        for at in np.split(order, cuts) if len(order) else []:
            gathered[at] = self._shard(kind, int(shards[at[0]]))[rows[at]]
        return gathered

    def _shard(self, kind: str, number: int) -> np.ndarray:
        key = (kind, number)
        if key in self._open:
            self._open.move_to_end(key)
        else:
            path = self.folder / _shard_name(kind, number)
            self._open[key] = np.load(path, mmap_mode="r", allow_pickle=False)
            if len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
        return self._open[key]

    def _read(self, photograph: str, box: Box | None) -> np.ndarray:
        from faceinsight.data.geometry import crop_square, cut_photograph
        from faceinsight.data.photographs import load_photograph

        pixels = load_photograph(
            Path(self.header["raw"]), photograph, max_pixels=self.header["max_pixels"]
        )
        height, width = pixels.shape[:2]
        square = crop_square(height, width, box, self.header["margin"])
        return cut_photograph(pixels, square, self.size)


class CropWriter:
    """Writes a crops folder; its caller sees to it that the folder appears whole.

    Args:
        folder: new folder (`work.write_beside` gives one).
        dataset: name of the data set.
        size: S.
        raw: the data set's raw folder.
        margin: the geometry's margin around a box.
        max_pixels: largest photograph read from `raw`.
        photographs: whether shards hold the photographs' crops.
        maps: whether shards hold label maps.
    """

    def __init__(
        self,
        folder: Path,
        *,
        dataset: str,
        size: int,
        raw: Path,
        margin: float,
        max_pixels: float,
        photographs: bool = True,
        maps: bool = True,
    ) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.shards = 0
        self._kinds = [
            kind for kind, kept in (("photographs", photographs), ("maps", maps)) if kept
        ]
        self._header = {
            "format": _FORMAT,
            "dataset": dataset,
            "size": size,
            "margin": margin,
            "raw": str(raw.absolute()),
            "max_pixels": max_pixels,
            "photographs": photographs,
            "maps": maps,
        }

    def add(self, arrays: Mapping[str, np.ndarray]) -> int:
        """Write one shard from arrays by kind, and return its number."""
        for kind in self._kinds:
            np.save(self.folder / _shard_name(kind, self.shards), arrays[kind])
        self.shards += 1
        return self.shards - 1

    def link(self, files: Mapping[str, Path]) -> int:
        """Take `.npy` files by kind as one shard, by hard link if possible; return its number."""
        for kind in self._kinds:
            link_or_copy(files[kind], self.folder / _shard_name(kind, self.shards))
        self.shards += 1
        return self.shards - 1

    def finish(self, examples: pd.DataFrame, places: np.ndarray, facts: Mapping[str, Any]) -> None:
        """Write the examples, their places ([N, 2]: shard, row), and facts for `crops.json`."""
        np.save(self.folder / "places.npy", places.astype(np.int32).reshape(-1, 2))
        examples.to_parquet(self.folder / "examples.parquet", index=False)
        header = self._header | {"examples": len(examples), "shards": self.shards} | dict(facts)
        (self.folder / "crops.json").write_text(json.dumps(header, indent=1), encoding="utf-8")


def boxes_of(table: pd.DataFrame) -> list[Box | None]:
    """The box of each row of a label table; None where any of it is null (the whole photograph)."""
    columns = [table[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in BOX_COLUMNS]
    boxes = np.stack(columns, axis=1)
    whole = np.isnan(boxes).any(axis=1)
    numbers = np.where(whole[:, None], 0, boxes).astype(np.int64).tolist()
    return [None if none else tuple(box) for none, box in zip(whole.tolist(), numbers, strict=True)]


def _shard_name(kind: str, number: int) -> str:
    return f"{kind}-{number:05d}.npy"
