"""The store of faces already cut and parsed: small folders that are whole or absent.

Each shard is a folder of its own, `<name>/{index.parquet, maps.npy, photographs.npy}`, that
appears by rename. There is no common index that could be half-written or contended for: it is the
shards' own indices, put together. A face is known by its photograph, its box, and the size and time
of change of the files it was made from.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from faceinsight.common.work import write_beside
from faceinsight.data.parsing.provided import map_path
from faceinsight.data.photographs import stamp_files
from faceinsight.data.store import BOX_COLUMNS, boxes_of

if TYPE_CHECKING:
    from faceinsight.data.geometry import Box

_NO_BOX = -(2**31)
KEY = ["photograph", *BOX_COLUMNS, "bytes", "changed", "map_bytes", "map_changed"]
"""Columns by which a face in the store is known."""


def face_keys(
    examples: pd.DataFrame, root: Path, map_folder: str | None, workers: int
) -> pd.DataFrame:
    """What each example is known by in the store: [N] rows of `KEY`.

    Args:
        examples: rows of a label table.
        root: the data set's raw folder.
        map_folder: folder of map files below it, where maps are provided.
        workers: threads.
    """
    photographs = examples["photograph"].to_numpy(dtype=object)
    at, different = pd.factorize(photographs)
    boxes = np.array(
        [(_NO_BOX,) * 4 if box is None else box for box in boxes_of(examples)], dtype=np.int64
    ).reshape(-1, 4)
    stamps = [*stamp_files(root, different, workers=workers)]
    if map_folder is None:
        stamps += [np.zeros(len(different), dtype=np.int64)] * 2
    else:
        files = [map_path(map_folder, name) for name in different]
        stamps += [*stamp_files(root, files, workers=workers)]
    columns = [photographs, *boxes.T, *(stamp[at] for stamp in stamps)]
    return pd.DataFrame(dict(zip(KEY, columns, strict=True)))


def boxes_of_keys(keys: pd.DataFrame) -> list[Box | None]:
    """The box of each of some keys; None for the whole photograph."""
    boxes = keys[[*BOX_COLUMNS]].to_numpy(dtype=np.int64).tolist()
    return [None if box[0] == _NO_BOX else tuple(box) for box in boxes]


class ShardStore:
    """Shards in a folder; several processes may write to it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def places(self, keys: pd.DataFrame) -> pd.DataFrame:
        """Where faces are: `shard`, `row` and `map_from` for each of `keys`, null if absent."""
        parts = []
        for path in sorted(self.folder.glob("[!.]*/index.parquet")):
            part = pd.read_parquet(path)
            parts.append(part.assign(shard=path.parent.name, row=np.arange(len(part))))
        if not parts:
            nothing = pd.DataFrame({"map_from": None, "shard": None, "row": None}, keys.index)
            return nothing.astype({"row": "Int64"})
        index = pd.concat(parts, ignore_index=True).drop_duplicates(KEY)
        index = index.astype({"photograph": object, "row": "Int64"})
        found = keys.merge(index, how="left", on=KEY, validate="many_to_one")
        return found[["map_from", "shard", "row"]]

    def write(
        self,
        keys: pd.DataFrame,
        map_from: list[str],
        photographs: np.ndarray | None,
        maps: np.ndarray | None,
    ) -> None:
        """Add faces as a shard of their own: [n] keys, [n, S, S, 3] and [n, S, S] uint8."""
        with write_beside(self.folder / uuid.uuid4().hex) as beside:
            beside.mkdir()
            for kind, array in (("photographs", photographs), ("maps", maps)):
                if array is not None:
                    np.save(beside / f"{kind}.npy", array)
            index = keys.assign(map_from=map_from)
            index.to_parquet(beside / "index.parquet", index=False)

    def files(self, shard: str) -> dict[str, Path]:
        """The `.npy` files of a shard by kind."""
        return {path.stem: path for path in (self.folder / shard).glob("*.npy")}
