"""Which labelled face each row of a table of answers is about."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.data.readers.label_file import printable
from faceinsight.rivals.tables.settings import PhotographSettings, TableLayout
from faceinsight.rivals.tables.table import AnswersFileError, row_name

NO_FACE = -1
"""The label table's row of an answer that matches no labelled face."""


def match_faces(
    settings: TableLayout, path: Path, table: pd.DataFrame, labels: pd.DataFrame
) -> NDArray[np.int64]:
    """Find each row's face among the data set's labelled faces.

    Args:
        table: N rows of text, from `read_table`.
        labels: the data set's label table: `photograph`, `face`.

    Returns:
        [N], rows of `labels`; -1 where the data set has no label for such a face.

    Raises:
        AnswersFileError: two rows are about one face, a name stands for several photographs, a face
            is not said in a photograph with several, a face's id is no number, or no row matches
            any face while the table brings no labels of its own.
    """
    names = photograph_names(settings.photograph, table[settings.photograph.column])
    known = labels["photograph"].astype(str)
    if settings.photograph.compare == "name":
        names = pd.Series([_last_part(name) for name in names], names.index, object)
        known = known.str.rsplit("/", n=1).str[-1]
    keys = pd.DataFrame({"photograph": names})
    wanted = pd.DataFrame({"photograph": known.to_numpy(dtype=object)})
    if settings.face is not None:
        keys["face"] = _face_ids(table[settings.face], path, settings.face)
        wanted["face"] = labels["face"].to_numpy(dtype=np.int64)
    matched = keys["photograph"].notna().to_numpy()
    _check_unique(keys[matched], path)
    _check_unambiguous(keys[matched], wanted, settings, path, labels)
    # What is left has one face each, or is asked for by nobody.
    positions = wanted.drop_duplicates().reset_index(names="position")
    found = keys.merge(positions, how="left", on=list(wanted.columns))["position"]
    rows = found.fillna(NO_FACE).to_numpy(dtype=np.int64)
    if not (rows >= 0).any() and not settings.truth:
        shown = keys["photograph"].dropna()
        example = printable(str(shown.iloc[0])) if len(shown) else "(none fits the pattern)"
        raise AnswersFileError(
            f"{path}: none of its {len(table)} rows is about a labelled face of "
            f"{settings.dataset}, e.g. '{example}' where {settings.dataset} has "
            f"'{known.iloc[0] if len(known) else 'no face at all'}'; check the table's dataset and "
            "photograph settings, and the raw folder"
        )
    return rows


def photograph_names(settings: PhotographSettings, texts: pd.Series) -> pd.Series:
    """Photographs as the data set names them; None where a text does not fit the pattern."""
    if settings.pattern is None:
        return texts.astype(object)
    pattern = re.compile(settings.pattern)

    def name(text: str) -> str | None:
        found = pattern.fullmatch(text)
        if found is None:
            return None
        return text if settings.becomes is None else found.expand(settings.becomes)

    return pd.Series([name(text) for text in texts], texts.index, object)


def _last_part(name: str | None) -> str | None:
    return None if name is None else name.rsplit("/", 1)[-1]


def _face_ids(words: pd.Series, path: Path, column: str) -> NDArray[np.int64]:
    is_number = words.str.fullmatch(r"[0-9]{1,9}").to_numpy(dtype=bool)
    if not is_number.all():
        row = int(np.argmin(is_number))
        raise AnswersFileError(
            f"{row_name(path, row)}: {column} is '{printable(words.iloc[row])}', but must be the "
            "number of a face within its photograph"
        )
    return words.to_numpy(dtype=np.int64)


def _check_unique(keys: pd.DataFrame, path: Path) -> None:
    again = keys.duplicated().to_numpy()
    if again.any():
        at = int(np.argmax(again))
        row = int(keys.index[at])
        first = int(keys.index[int(np.argmax((keys == keys.iloc[at]).all(axis=1).to_numpy()))])
        raise AnswersFileError(
            f"{row_name(path, row)}: '{printable(keys['photograph'].iloc[at])}' already has "
            f"answers in row {first + 1}: keep one row a face"
        )


def _check_unambiguous(
    keys: pd.DataFrame,
    wanted: pd.DataFrame,
    settings: TableLayout,
    path: Path,
    labels: pd.DataFrame,
) -> None:
    """No row may be about a key that several labelled faces share."""
    shared = wanted[wanted.duplicated(keep=False)]
    asked = keys.merge(shared.drop_duplicates(), on=list(wanted.columns))
    if asked.empty:
        return
    key = asked.iloc[0]
    same = (wanted == key).all(axis=1).to_numpy()
    faces = labels.loc[same, ["photograph", "face"]]
    name = printable(str(key["photograph"]))
    if faces["photograph"].nunique() > 1:
        both = " and ".join(faces["photograph"].astype(str).unique()[:2])
        fault = f"'{name}' stands for {both}: compare photographs by path"
    else:
        fault = (
            f"'{name}' has {len(faces)} labelled faces: name the column with the face's id in the "
            "table's settings"
        )
    raise AnswersFileError(f"{path}: {fault}")
