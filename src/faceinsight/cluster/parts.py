"""What a cluster has scored, in parts that are there whole or not at all.

The place of the results holds

    run.json                     what is scored there: digest, photographs, model, size of a part
    faces/NAME.parquet           the faces of a part's photographs, one row a face
    photographs/NAME.parquet     the part's photographs: what each is known by, and `ok` or why not
    skipped.parquet              at the end: what was not scored, and why
    owner.json                   who writes there, while somebody does; see `cluster.owner`
    .begun/NAME                  as many bytes as a part has been begun and not ended

A part counts where both of its files are there; its faces are written last. Its name follows from
its photographs, so that whoever scores it a second time, as an actor does for one that died, writes
the same files again. Rows of photographs that have changed or are gone are left out of a part by
writing another one without them, and taking it away then.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from socket import gethostname
from typing import Any

import numpy as np
import pandas as pd

from faceinsight.cluster.storage import Storage
from faceinsight.common.work import digest
from faceinsight.errors import FaceInsightError, ParameterError
from faceinsight.inference.folder import Skipped
from faceinsight.inference.scored_parts import KEY, LASTING, OK, known

logger = logging.getLogger(__name__)

_RUN, _FACES, _PHOTOGRAPHS, SKIPPED = "run.json", "faces", "photographs", "skipped.parquet"
_BEGUN = ".begun"

_TRIES = 3
"""How often a part is begun: what ends its process each time is its own doing."""

_MAY_GO = 0.1
"""Of the photographs that have scores, what may be gone; more is rather a folder out of reach."""


@dataclass(frozen=True)
class Part:
    """Photographs that are scored together.

    Attributes:
        number: of its place among all photographs, in parts.
        rows: of its photographs among them, [n].
        names: of them, as files are found by.
        files: what they are known by, [n] rows of `KEY`.
    """

    number: int
    rows: np.ndarray
    names: list[str]
    files: pd.DataFrame

    @property
    def file(self) -> str:
        """The name of its files."""
        return f"{self.number:07d}-{digest(self.files)[:8]}.parquet"

    @property
    def mark(self) -> str:
        """The file that is there from its begin to its end."""
        return f"{_BEGUN}/{self.file.partition('.')[0]}"


class ScoredParts:
    """The parts at a place.

    Args:
        place: a folder that all nodes share, or a URI of an object store.

    Attributes:
        storage: of the place.
        size: photographs a part; known once `claim` has been called.
    """

    def __init__(self, place: str) -> None:
        self.storage = Storage(place)
        self.size = 0

    def claim(self, key: str, facts: dict[str, Any], size: int) -> None:
        """Say what is scored here, or find that an earlier start has said it.

        Args:
            key: digest of all that decides the scores.
            facts: the same for people.
            size: photographs a part, if nothing is here yet.

        Raises:
            ParameterError: something else is scored here.
        """
        run, is_there = self._run()
        if run is None:
            if self.storage.names(_FACES) or self.storage.names(_PHOTOGRAPHS):
                raise ParameterError(
                    f"--out: {self.storage.place} holds scores, but not the {_RUN} that says of "
                    "what; name another place"
                )
            if is_there:
                self.storage.remove(_RUN)
            text = json.dumps({"key": key, "part": size, **facts}, indent=1)
            self.storage.create(_RUN, text.encode())
            run, _ = self._run()
        if run is None:
            raise FaceInsightError(
                f"{self.storage.place}/{_RUN} cannot be read again after it was written; see to "
                "the disk, and start again"
            )
        if run["key"] != key:
            raise ParameterError(
                f"--out: {self.storage.place} holds scores of {run['photographs']} by "
                f"{run['model']}, or with other options; name another place"
            )
        self.size = run["part"]

    def require_shared(self, key: str) -> None:
        """Stop on a node that does not see what the driver has written.

        Args:
            key: as of `claim`.

        Raises:
            FaceInsightError: it does not.
        """
        run, _ = self._run()
        if run is None or run["key"] != key:
            raise FaceInsightError(
                f"{self.storage.place} is not the same folder on node {gethostname()}: name a "
                "place that all nodes share"
            )

    def missing(self, names: Sequence[str], files: pd.DataFrame) -> list[Part]:
        """What is still to be scored; rows of photographs that have changed or gone are removed.

        Args:
            names: of all photographs.
            files: what they are known by, [N] rows of `KEY`.

        Raises:
            ParameterError: too much of what has scores is gone.
        """
        for name in self.storage.names(_BEGUN):
            self.storage.remove(f"{_BEGUN}/{name}")
        tables = self._tidy(files)
        rows = np.flatnonzero(known(files, tables.items())["part"].isna())
        # On a grid, so that what another start was at is given the same names.
        ends = np.flatnonzero(np.diff(rows // self.size)) + 1
        return [
            Part(int(some[0] // self.size), some, [names[row] for row in some], files.iloc[some])
            for some in np.split(rows, ends)
            if len(some)
        ]

    def write(
        self, part: Part, outcomes: Sequence[tuple[str, str]], faces: pd.DataFrame
    ) -> list[Skipped]:
        """Write what was found in a part's photographs.

        Args:
            part: which.
            outcomes: for each photograph `ok`, or the reason why not, and a sentence.
            faces: their faces; the column `row` says of which.

        Returns:
            What is not lasting, and is tried again by the next start: it is not written.
        """
        names = part.files["photograph"].to_numpy(dtype=object)
        lasting = np.array([reason in LASTING for reason, _ in outcomes], dtype=bool)
        passing = [
            Skipped(name, *outcome)
            for name, outcome in zip(names, outcomes, strict=True)
            if outcome[0] not in LASTING
        ]
        if lasting.any():
            photographs = part.files.assign(
                reason=[reason for reason, _ in outcomes],
                message=[message for _, message in outcomes],
            )
            # Faces of an earlier try, which knew of other photographs, would count with these.
            self.storage.remove(f"{_FACES}/{part.file}")
            self.storage.write_table(f"{_PHOTOGRAPHS}/{part.file}", photographs[lasting])
            faces = faces.sort_values(["row", "face"], kind="stable", ignore_index=True)
            rows = faces.pop("row").to_numpy(dtype=np.int64)
            faces.insert(0, "photograph", pd.array(names[rows], dtype="string[pyarrow]"))
            self.storage.write_table(f"{_FACES}/{part.file}", faces)
        self.storage.remove(part.mark)
        return passing

    def finish(
        self, files: pd.DataFrame, not_entered: Sequence[Skipped], passing: Sequence[Skipped]
    ) -> pd.DataFrame:
        """Write the table of what was skipped, and return it.

        Args:
            files: what all photographs are known by.
            not_entered: what is skipped beside them.
            passing: photographs that no part has.

        Raises:
            FaceInsightError: parts have been taken away meanwhile.
        """
        found = known(files, self._tidy(files).items())
        names = files["photograph"].to_numpy(dtype=object)
        skipped = {one.photograph: one for one in passing}
        gone = found["part"].isna() & ~pd.Series(names, found.index).isin(list(skipped))
        if gone.any():
            raise FaceInsightError(
                f"{self.storage.place}: the parts of {gone.sum()} photographs are not there any "
                "more, though they were scored; the same command scores those again"
            )
        failed = found[found["reason"].notna() & (found["reason"] != OK)]
        for row, reason, message in failed[["reason", "message"]].itertuples():
            skipped[names[row]] = Skipped(names[row], reason, message)
        ordered = [skipped[name] for name in names if name in skipped]
        table = pd.DataFrame([*not_entered, *ordered], columns=list(Skipped._fields), dtype="str")
        self.storage.write_table(SKIPPED, table)
        return table

    def begin(self, part: Part) -> None:
        """Say that a part is begun; `write` ends it.

        Raises:
            FaceInsightError: it was begun several times and never ended.
        """
        tries = len(self.storage.read(part.mark) or b"")
        if tries >= _TRIES:
            last = part.names[-1]
            raise FaceInsightError(
                f"the process that scored part {part.file}, photographs {part.names[0]} to {last}, "
                f"has died {tries} times: see to the memory of the nodes, or take out the "
                "photograph that does it; the same command goes on"
            )
        self.storage.write(part.mark, bytes(tries + 1))

    def _run(self) -> tuple[dict[str, Any] | None, bool]:
        """What is scored here, None where it cannot be read; and whether there is such a file."""
        data = self.storage.read(_RUN)
        try:
            run = json.loads(data or b"")
            return (run if {"key", "part", "photographs", "model"} <= set(run) else None), True
        except (ValueError, TypeError):
            return None, data is not None

    def _tidy(self, files: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """The parts that are whole, each photograph in one of them alone; the rest is removed.

        Args:
            files: what all photographs are known by.

        Raises:
            ParameterError: too much of what has scores is gone.
        """
        there = self.storage.names(_FACES)  # first: a part that is written meanwhile is not torn
        tables = dict(self._photographs())
        for name in there - set(tables):
            self.storage.remove(f"{_FACES}/{name}")
        if not tables:
            return tables
        every = _rows(tables, files)
        self._require_few_gone(every, files)
        written: dict[str, pd.DataFrame] = {}
        of_parts = every.groupby("part")["kept"]
        outdated = every.loc[~every["kept"], "part"].unique()
        for name in outdated:
            written |= self._rewritten(name, tables[name][of_parts.get_group(name).to_numpy()])
        if len(outdated):
            logger.warning(
                "%d of %d parts held photographs that have changed, are gone, or are in two parts; "
                "their rows were removed.",
                len(outdated),
                len(tables),
            )
        for name in set(outdated) - set(written):
            self.storage.remove(f"{_FACES}/{name}")
            self.storage.remove(f"{_PHOTOGRAPHS}/{name}")
            del tables[name]
        return tables | written

    def _require_few_gone(self, every: pd.DataFrame, files: pd.DataFrame) -> None:
        have = pd.Series(every["photograph"].unique())
        gone = have[~have.isin(files["photograph"])]
        if len(gone) > _MAY_GO * len(have):
            raise ParameterError(
                f"{self.storage.place} has scores of {len(have)} photographs, of which "
                f"{len(gone)} are not there any more, {gone.iloc[0]} the first: see that all "
                "photographs can be read, or delete this folder or name another one (--out)"
            )

    def _rewritten(self, name: str, photographs: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """Some rows of a part as a part of its own; nothing where there is nothing to keep."""
        import pyarrow as pa
        import pyarrow.compute as pc

        faces = self.storage.read_arrow(f"{_FACES}/{name}")
        if faces is None or photographs.empty:
            return {}
        new = f"{name.partition('-')[0]}-{digest(photographs[KEY])[:8]}.parquet"
        of = faces["photograph"]
        names = pa.array(photographs["photograph"].tolist(), type=of.type)
        self.storage.write_table(f"{_PHOTOGRAPHS}/{new}", photographs)
        self.storage.write_table(f"{_FACES}/{new}", faces.filter(pc.is_in(of, value_set=names)))
        return {new: photographs}

    def _photographs(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Name and photographs of each part that is whole."""
        whole = self.storage.names(_PHOTOGRAPHS) & self.storage.names(_FACES, whole=True)
        for name in sorted(whole):
            table = self.storage.read_table(f"{_PHOTOGRAPHS}/{name}")
            if table is not None:
                yield name, table


def _rows(tables: Mapping[str, pd.DataFrame], files: pd.DataFrame) -> pd.DataFrame:
    """All rows of parts, in their order: `KEY`, `part`, and whether each is `kept`.

    A row is kept of a photograph that is listed, in one part: rather in one that is up to date,
    and in a small one, which is what a stop in the midst of rewriting has left.
    """
    every = pd.concat([t[KEY].assign(part=name) for name, t in tables.items()], ignore_index=True)
    every = every.astype({"photograph": object})
    merged = every.merge(files.drop_duplicates(KEY), how="left", on=KEY, indicator=True)
    listed = merged["_merge"] == "both"
    by_part = listed.groupby(every["part"])
    order = pd.DataFrame(
        {
            "is_outdated": ~by_part.transform("all"),
            "size": by_part.transform("size"),
            "part": every["part"],
        }
    )
    order = order[listed].sort_values(["is_outdated", "size", "part"], kind="stable")
    first = ~every.loc[order.index].duplicated(KEY)
    return every.assign(kept=first.reindex(every.index, fill_value=False))
