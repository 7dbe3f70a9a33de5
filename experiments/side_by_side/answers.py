"""From what systems say of photographs to what they say of the faces that data sets label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from embedded.changes import of_face
from faceinsight.data.store import boxes_of
from side_by_side.protocol import Answer, Asked

WAYS = {
    "alone": "by its detector alone; a face that it does not find is wrong",
    "found": "of the faces that it finds",
    "helped": "where it finds none, the face as the data set cuts it",
}
"""How answers are counted; in the data sets whose photographs are one face, the last is the whole
photograph."""

SAID = ("years", "age", "gender", "expression")


def asked_of(faces: pd.DataFrame, folder: Path) -> list[Asked]:
    """What a worker is asked about the labelled faces of a data set, a photograph a row.

    Args:
        faces: `photograph` below the folder, and its boxes.
        folder: of the data set.
    """
    boxes = boxes_of(faces)
    rows = faces.reset_index(drop=True).groupby("photograph", sort=False).indices
    return [
        {"photograph": str(folder / str(name)), "boxes": [boxes[row] for row in of]}
        for name, of in rows.items()
    ]


def said_of_faces(faces: pd.DataFrame, answers: Sequence[Answer]) -> pd.DataFrame:
    """What was said of each labelled face.

    Args:
        faces: n of them, as `asked_of` took them.
        answers: one a photograph, in that order.

    Returns:
        n rows: `photograph`, `face`; `found`, whether the detector found it, and what was said of
        it then, the columns of `SAID`; with `given_` before their names, what was said of it as the
        data set cuts it; and `failed`, whether there is no answer about the photograph.
    """
    boxes = boxes_of(faces)
    rows = faces.reset_index(drop=True).groupby("photograph", sort=False).indices
    table: list[dict[str, Any]] = [{}] * len(faces)
    for answer, of in zip(answers, rows.values(), strict=True):
        found = np.array([face["box"] for face in answer["found"]], dtype=float).reshape(-1, 4)
        for row, given in zip(of, answer["given"], strict=True):
            best = of_face(found, boxes[row])
            its = {} if best is None else answer["found"][best]
            table[row] = {
                "found": best is not None,
                "failed": "error" in answer,
                **{name: its.get(name) for name in SAID},
                **{f"given_{name}": (given or {}).get(name) for name in SAID},
            }
    keys = faces[["photograph", "face"]].reset_index(drop=True)
    return pd.concat([keys, pd.DataFrame(table)], axis=1)


def in_way(said: pd.DataFrame, way: str, tasks: Sequence[str]) -> pd.DataFrame:
    """Answers about faces as `WAYS` says: `photograph`, `face`, `years`, and the system's tasks."""
    columns = ["photograph", "face", "years", *tasks]
    if way == "found":
        return said.loc[said["found"], columns].reset_index(drop=True)
    if way == "helped":
        helped = {n: said[n].where(said["found"], said[f"given_{n}"]) for n in columns[2:]}
        return said.assign(**helped)[columns]
    return said[columns]
