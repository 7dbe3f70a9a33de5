"""A table of answers as text, whatever file it is in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from faceinsight.data.readers.label_file import printable, shorten
from faceinsight.errors import LabelFileError


class AnswersFileError(LabelFileError):
    """A table of answers is missing or malformed; the message names file, row and what to do."""


def read_table(path: Path, columns: Iterable[str]) -> pd.DataFrame:
    """Read columns of a CSV or Parquet file as text without surrounding blanks.

    A field in quotes may hold commas and line breaks, as the scores in FairFace's output do.

    Args:
        path: `.parquet` or `.pq` is read as Parquet, anything else as CSV with a head line, UTF-8.
        columns: the columns wanted, in any order, each once or more.

    Returns:
        N rows of `str`; what is empty or null is "". Whole numbers in Parquet read as "3", not
        "3.0", also where a null among them has made them fractions.

    Raises:
        AnswersFileError: the file is missing, unreadable, has no row, or lacks a column.
    """
    if not path.is_file():
        raise AnswersFileError(
            f"{path} is missing: put the table of answers there, or set the table's use to false"
        )
    wanted = list(dict.fromkeys(columns))
    is_parquet = path.suffix.lower() in (".parquet", ".pq")
    try:
        frame = _parquet(path, wanted) if is_parquet else _csv(path, wanted)
    except AnswersFileError:
        raise
    except Exception as error:  # pandas and pyarrow raise a dozen kinds for malformed files
        kind = "Parquet" if is_parquet else "CSV"
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise AnswersFileError(f"{path} cannot be read as {kind}: {printable(reason)}") from None
    if frame.empty:
        raise AnswersFileError(f"{path} holds no answer: expected a row a face")
    return frame


def row_name(path: Path, row: int) -> str:
    """How messages call a row, counted from 0 here and from 1 there, the head line left out."""
    return f"{path}, row {row + 1}"


def _csv(path: Path, wanted: list[str]) -> pd.DataFrame:
    reading = {"dtype": str, "keep_default_na": False, "encoding": "utf-8-sig"}
    head = pd.read_csv(path, nrows=0, **reading)  # type: ignore[call-overload]
    _require(path, head.columns.tolist(), wanted)
    frame = pd.read_csv(path, **reading)  # type: ignore[call-overload]
    if not isinstance(frame.index, pd.RangeIndex):  # pandas takes a field too many for row names
        raise AnswersFileError(f"{path}: its rows have more fields than its head line has names")
    frame = frame[wanted]
    return frame.fillna("").apply(lambda column: column.str.strip())


def _parquet(path: Path, wanted: list[str]) -> pd.DataFrame:
    import pyarrow.parquet as pq

    _require(path, pq.read_schema(path).names, wanted)
    frame = pd.read_parquet(path, columns=wanted)
    return pd.DataFrame({name: _text(frame[name]) for name in wanted})


def _text(column: pd.Series) -> pd.Series:
    whole = column.dropna()
    if pd.api.types.is_float_dtype(column) and (whole == whole.round()).all():
        column = column.astype("Int64")
    return column.astype("string").fillna("").astype(str).str.strip()


def _require(path: Path, present: list[str], wanted: list[str]) -> None:
    if missing := [column for column in wanted if column not in present]:
        raise AnswersFileError(
            f"{path} has no column '{missing[0]}', only {shorten(present)}: name the column as the "
            "file does in the table's settings"
        )
