"""What has been scored already, kept in parts, so that a stopped run goes on where it was.

Each part is a folder of its own, `<name>/{photographs.parquet, faces.parquet}`, that appears by
rename. A photograph is known by its path, and by size and time of change of its file and of its
map's.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from faceinsight.common.paths import printable
from faceinsight.common.work import write_beside
from faceinsight.data.photographs import stamp_files
from faceinsight.inference.folder import Skipped
from faceinsight.inference.map_files import MapFiles

OK = "ok"
KEY = ["photograph", "bytes", "changed", "map_bytes", "map_changed"]
"""Columns by which a photograph is known."""

LASTING = {OK, "no face found", "not an image", "truncated", "too large", "empty", "bad map"}
"""What the files themselves decide. Anything else (permissions, a link) is looked at again."""


def stamps(
    folder: Path, names: Sequence[str], map_files: MapFiles | None, workers: int
) -> pd.DataFrame:
    """What each photograph is known by: [N] rows of `KEY`.

    Args:
        folder: the folder of photographs.
        names: paths below it.
        map_files: finds their maps, where these are files.
        workers: threads.
    """
    sizes, changes = stamp_files(folder, names, workers=workers)
    columns = [[printable(name) for name in names], sizes, changes]
    if map_files is None:
        columns += [np.zeros(len(names), dtype=np.int64)] * 2
    else:
        found = {
            row: place for row, name in enumerate(names) if (place := map_files(folder / name))
        }
        paths = [str(root / relative) for root, relative in found.values()]
        for stamp in stamp_files(Path("/"), paths, workers=workers):
            of_map = np.full(len(names), -1, dtype=np.int64)
            of_map[list(found)] = stamp
            columns.append(of_map)
    return pd.DataFrame(dict(zip(KEY, columns, strict=True))).astype({"photograph": object})


class Parts:
    """The parts in a folder.

    Args:
        folder: is made when the first part is.
        files: what each photograph of this run is known by.
    """

    def __init__(self, folder: Path, files: pd.DataFrame) -> None:
        self.folder = folder
        self._files = files
        self._passing: dict[int, tuple[str, str]] = {}

    def missing(self) -> np.ndarray:
        """Rows of those files that are still to be scored, [M] int64."""
        return np.flatnonzero(self._known()["part"].isna())

    def write(
        self, rows: Sequence[int], outcomes: Sequence[tuple[str, str]], faces: pd.DataFrame
    ) -> None:
        """Add photographs as a part.

        Args:
            rows: their rows among the files.
            outcomes: for each `ok`, or the reason why not, and a sentence.
            faces: their faces; the column `row` says of which of the files.
        """
        lasting = [i for i, (reason, _) in enumerate(outcomes) if reason in LASTING]
        self._passing |= {
            row: outcome
            for row, outcome in zip(rows, outcomes, strict=True)
            if outcome[0] not in LASTING
        }
        if not lasting:
            return
        places = {rows[i]: place for place, i in enumerate(lasting)}
        photographs = self._files.iloc[list(places)].assign(
            reason=[outcomes[i][0] for i in lasting], message=[outcomes[i][1] for i in lasting]
        )
        with write_beside(self.folder / uuid.uuid4().hex) as beside:
            beside.mkdir()
            photographs.to_parquet(beside / "photographs.parquet", index=False)
            placed = faces.assign(row=faces["row"].map(places).astype("int64"))
            placed.to_parquet(beside / "faces.parquet", index=False)

    def collect(self, columns: pd.DataFrame) -> tuple[pd.DataFrame, list[Skipped]]:
        """All faces of the files, in the order of the files, and what was skipped.

        Args:
            columns: a table of faces without rows, for the types of its columns.
        """
        known = self._known()
        tables = []
        for part, of_part in known.dropna(subset=["part"]).groupby("part"):
            faces = pd.read_parquet(self.folder / str(part) / "faces.parquet")
            at = pd.Series(of_part.index.to_numpy(), index=of_part["place"].astype("int64"))
            tables.append(faces.assign(row=faces["row"].map(at)).dropna(subset=["row"]))
        faces = pd.concat(tables or [columns], ignore_index=True)
        faces = faces.sort_values(["row", "face"], kind="stable", ignore_index=True)
        names = self._files["photograph"].to_numpy(dtype=object)
        rows = faces.pop("row").to_numpy(dtype=np.int64)
        photographs = pd.Series(names[rows], dtype="string[pyarrow]", name="photograph")
        types = columns.drop(columns="row").dtypes.to_dict()
        faces = pd.concat([photographs, faces.astype(types)], axis=1)
        failed = known[known["reason"].notna() & (known["reason"] != OK)]
        outcomes = dict(zip(failed.index, zip(failed["reason"], failed["message"], strict=True)))  # noqa: B905
        outcomes |= self._passing
        return faces, [Skipped(names[row], *outcomes[row]) for row in sorted(outcomes)]

    def _known(self) -> pd.DataFrame:
        """For each of the files its part, place in it, reason and message; null where none."""
        paths = sorted(self.folder.glob("[!.]*/photographs.parquet"))
        return known(self._files, ((path.parent.name, pd.read_parquet(path)) for path in paths))


def known(files: pd.DataFrame, parts: Iterable[tuple[str, pd.DataFrame]]) -> pd.DataFrame:
    """For each of the files its part, place in it, reason and message, [N]; null where none.

    Args:
        files: what each photograph is known by, rows of `KEY`.
        parts: name and photographs of each part.
    """
    tables = [of.assign(part=name, place=np.arange(len(of))) for name, of in parts]
    nothing = ["part", "place", "reason", "message"]
    if not tables:
        return pd.DataFrame(dict.fromkeys(nothing), index=files.index, dtype=object)
    index = pd.concat(tables, ignore_index=True).drop_duplicates(KEY)
    index = index.astype({"photograph": object})
    return files.merge(index, how="left", on=KEY, validate="many_to_one")[nothing]
