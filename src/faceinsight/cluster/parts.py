"""What a cluster has scored, in parts that are there whole or not at all.

The place of the results holds

    run.json                     what is scored there: digest, photographs, model, size of a part
    faces/NAME.parquet           the faces of a part's photographs, one row a face
    photographs/NAME.parquet     the part's photographs: what each is known by, and `ok` or why not
    skipped.parquet              at the end: what was not scored, and why

A part counts where both of its files are there; its faces are written last. Its name follows from
its photographs, so that whoever scores it a second time, as an actor does for one that died, writes
the same files again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
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
        data = self.storage.read(_RUN)
        if data is None:
            if self.storage.names(_FACES) or self.storage.names(_PHOTOGRAPHS):
                raise ParameterError(
                    f"--out: {self.storage.place} holds scores, but not the {_RUN} that says of "
                    "what; name another place"
                )
            self.size = size
            text = json.dumps({"key": key, "part": size, **facts}, indent=1)
            self.storage.write(_RUN, text.encode())
            return
        run = json.loads(data)
        if run["key"] != key:
            raise ParameterError(
                f"--out: {self.storage.place} holds scores of {run['photographs']} by "
                f"{run['model']}, or with other options; name another place"
            )
        self.size = run["part"]

    def require_shared(self) -> None:
        """Stop on a node that does not see what the driver has written.

        Raises:
            FaceInsightError: it does not.
        """
        if self.storage.read(_RUN) is None:
            raise FaceInsightError(
                f"{self.storage.place} is not the same folder on node {gethostname()}: name a "
                "place that all nodes share"
            )

    def missing(self, names: Sequence[str], files: pd.DataFrame) -> list[Part]:
        """What is still to be scored; parts of photographs that have changed or gone are removed.

        Args:
            names: of all photographs.
            files: what they are known by, [N] rows of `KEY`.
        """
        tables = dict(self._photographs())
        if tables:
            of = pd.concat([t[KEY].assign(part=name) for name, t in tables.items()])
            of = of.astype({"photograph": object})
            there = of.merge(files, how="left", on=KEY, indicator=True)
            outdated = set(there.loc[there["_merge"] == "left_only", "part"])
            if outdated:
                logger.warning(
                    "%d of %d parts hold photographs that have changed or are gone, and are scored "
                    "anew.",
                    len(outdated),
                    len(tables),
                )
            for name in outdated:
                self.storage.remove(f"{_FACES}/{name}")
                self.storage.remove(f"{_PHOTOGRAPHS}/{name}")
                del tables[name]
        rows = np.flatnonzero(known(files, tables.items())["part"].isna())
        # On a grid, so that what another start was at is given the same names.
        return [
            Part(int(number), some, [names[row] for row in some], files.iloc[some])
            for number in np.unique(rows // self.size)
            for some in [rows[rows // self.size == number]]
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
            self.storage.write_table(f"{_PHOTOGRAPHS}/{part.file}", photographs[lasting])
            faces = faces.sort_values(["row", "face"], kind="stable", ignore_index=True)
            rows = faces.pop("row").to_numpy(dtype=np.int64)
            faces.insert(0, "photograph", pd.array(names[rows], dtype="string[pyarrow]"))
            self.storage.write_table(f"{_FACES}/{part.file}", faces)
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
        found = known(files, self._photographs())
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

    def _photographs(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Name and photographs of each part that is whole."""
        whole = self.storage.names(_PHOTOGRAPHS) & self.storage.names(_FACES)
        for name in sorted(whole):
            table = self.storage.read_table(f"{_PHOTOGRAPHS}/{name}")
            if table is not None:
                yield name, table
