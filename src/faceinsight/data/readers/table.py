"""A data set that comes as one table, CSV or Parquet, with columns that the configuration names.

Labels are read as words, whatever their type: `1`, `1.0`, `yes` and `True` are one and the same.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from faceinsight.data.readers.base import (
    BOX,
    KEY_TYPES,
    LABEL_TYPE,
    Labels,
    check_boxes,
    check_unique,
    class_labels,
    class_words,
    label_table,
    photograph_names,
)
from faceinsight.data.readers.label_file import LabelFile, printable, shorten, word_at
from faceinsight.data.registry import TableSettings
from faceinsight.data.splits import PARTS, SeededSplit
from faceinsight.errors import LabelFileError, VocabularyError
from faceinsight.method.characteristics import Vocabulary

_PART_WORDS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_NUMBER = r"^-?[0-9]{1,9}(\.[0-9]*)?$"


def read(
    dataset: str, folder: Path, vocabulary: Vocabulary, split: SeededSplit, settings: TableSettings
) -> Labels:
    """Read a table's labels.

    Args:
        dataset: the name that its task and words have in the vocabulary.
        folder: the data set's own, which the table lies in.
        vocabulary: whose `names` are columns of the table, or words of a group's column.
        split: of the rows, where the table has no column for it.
        settings: what its columns hold.

    Raises:
        LabelFileError: naming file and line.
        VocabularyError: `labels` names no task of a group, or two classes have one word.
    """
    classes, flags = _wanted(dataset, vocabulary, settings)
    path = folder / settings.file
    is_parquet = path.suffix.lower() == ".parquet"
    file = _ParquetFile(path, dataset) if is_parquet else LabelFile(path, dataset, head=1)
    keys = [settings.photograph, *([settings.split] if settings.split else [])]
    columns = dict.fromkeys([*keys, *(settings.box or ()), *classes, *flags.values()])
    file.require(columns)
    rows = {name: _words(column) for name, column in file.read(columns).items()}

    names = photograph_names(file, rows[settings.photograph])
    box = _boxes(file, rows, settings) if settings.box else None
    faces = _faces(file, names, box)
    numbers = {"0", "-1"} & {
        word for column in set(flags.values()) for word in pc.unique(rows[column]).to_pylist()
    }
    labels = {
        id_: _flags(file, column, rows[column], settings, numbers) for id_, column in flags.items()
    }
    for column, words in classes.items():
        values = rows[column]
        small = pc.utf8_lower(values)
        unknown = pc.is_in(small, value_set=pa.array(settings.unknown, pa.string()))
        values = pc.if_else(pc.and_(unknown, pc.invert(_is_in(values, words.values()))), "", values)
        labels |= class_labels(file, column, values, words, unknown=[""])
    prefix = f"{settings.folder.strip('/')}/" if settings.folder.strip("/") else ""
    return Labels(
        label_table(
            dataset,
            vocabulary,
            photograph=pc.binary_join_element_wise(prefix, names, ""),
            face=faces,
            box=box,
            split=_parts(file, names, rows[settings.split], settings.split)
            if settings.split
            else split.parts(names),
            labels=labels,
        ),
        below=settings.folder,
    )


class _ParquetFile(LabelFile):
    """A Parquet file, read as the text file that it might be."""

    def __init__(self, path: Path, origin: str) -> None:
        self.path = path
        self.head = 0
        if not path.is_file():
            raise LabelFileError(f"{path} is missing: put {origin}'s {path.name} there")
        try:
            self.columns = tuple(pq.read_schema(path).names)
        except pa.ArrowInvalid as error:
            reason = str(error).splitlines()[0]
            raise LabelFileError(f"{path} cannot be read as Parquet: {reason}") from None
        self.check_columns()

    def read(self, columns, flags=(), unknown=None):  # type: ignore[no-untyped-def]  # as in LabelFile
        """Read columns as text, "" where a value is null."""
        table = pq.read_table(self.path, columns=list(columns))
        if not table.num_rows:
            raise self._no_rows()
        read = {}
        for name in columns:
            try:
                read[name] = table[name].combine_chunks().cast(pa.string()).fill_null("")
            except pa.ArrowException:
                raise LabelFileError(
                    f"{self.path}: column '{printable(name)}' is of type {table[name].type}, which"
                    " is no text or number"
                ) from None
        return read

    def line_error(self, number: int, fault: str) -> LabelFileError:
        """The error for a fault in the file's columns."""
        return LabelFileError(f"{self.path}: {fault}")

    def place(self, row: int) -> str:
        """Where a row, counted from 0, stands."""
        return f"row {row}"


def _wanted(
    dataset: str, vocabulary: Vocabulary, settings: TableSettings
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Columns of class words, each with its id to word; and id to column of single attributes."""
    classes: dict[str, dict[str, str]] = {}
    flags: dict[str, str] = {}
    tasks = vocabulary.tasks(dataset)
    for name in settings.labels:
        if name not in {task.name for task in tasks if task.one_of}:
            raise VocabularyError(
                f"datasets.{dataset}.table.labels.{name}: the vocabulary has no group for a task"
                f" '{name}' of {dataset}"
            )
    named = vocabulary.named_by(dataset)
    for task in tasks:
        if task.one_of:
            column = settings.labels.get(task.name, task.name)
            classes[column] = class_words(dataset, vocabulary, task)
        else:
            flags |= {id_: named[id_] for id_ in task.members}
    return classes, flags


def _words(column: pa.Array) -> pa.Array:
    """Text without space around it; `1.0`, which a column with gaps makes of 1, is `1`."""
    return pc.replace_substring_regex(pc.utf8_trim_whitespace(column), r"^(-?[0-9]+)\.0+$", r"\1")


def _is_in(values: pa.Array, words: object) -> pa.Array:
    return pc.is_in(values, value_set=pa.array(list(words), pa.string()))  # type: ignore[call-overload]


def _flags(
    file: LabelFile, column: str, values: pa.Array, settings: TableSettings, numbers: set[str]
) -> pa.Array:
    """1, 0 and null, int8 [N], from the words of a column.

    Args:
        numbers: those of 0 and -1 that any such column of the file holds.

    Raises:
        LabelFileError: naming the first line whose word has no meaning, or both 0 and -1 would mean
            absent: one of them often means that nothing is known.
    """
    values = pc.utf8_lower(values)
    present, absent = _is_in(values, settings.present), _is_in(values, settings.absent)
    known = pc.or_(present, absent)
    words = [w for w in (*settings.present, *settings.absent, *settings.unknown) if w]
    file.check(
        pc.or_(known, _is_in(values, settings.unknown)),
        lambda row: (
            f"{column} is '{word_at(values, row)}', expected one of {shorten(words, 16)}, or"
            " nothing; other words are named in the table's present, absent and unknown"
        ),
    )
    if len(numbers) == 2 and numbers <= set(settings.absent):
        raise LabelFileError(
            f"{file.path} holds both 0 and -1, and one of them may mean unknown: say so with the"
            " table's absent and unknown (absent: [-1], unknown: [0])"
        )
    return pc.if_else(known, present.cast(LABEL_TYPE), pa.scalar(None, LABEL_TYPE))


def _boxes(
    file: LabelFile, rows: dict[str, pa.Array], settings: TableSettings
) -> dict[str, pa.Array]:
    """The four sides, int32 [N], rounded to whole pixels; null where the row has no box."""
    assert settings.box is not None

    def pixels(column: str, type_: pa.DataType) -> pa.Array:
        values = rows[column]
        unknown = _is_in(pc.utf8_lower(values), settings.unknown)
        file.check(
            pc.or_(unknown, pc.match_substring_regex(values, _NUMBER)),
            lambda row: f"{column} is '{word_at(values, row)}', expected pixels",
        )
        numbers = pc.if_else(unknown, pa.scalar(None, pa.string()), values).cast(pa.float64())
        return pc.round(numbers).cast(type_)

    box = {
        side: pixels(column, KEY_TYPES[side])
        for side, column in zip(BOX, settings.box, strict=True)
    }
    nulls = sum(np.asarray(sides.is_null(), dtype=int) for sides in box.values())
    columns = ", ".join(settings.box)
    file.check(
        pa.array(np.isin(nulls, (0, len(BOX)))), lambda row: f"the box lacks a side of {columns}"
    )
    check_boxes(file, box, f"left, top, right and bottom are {columns}")
    return box


def _faces(file: LabelFile, names: pa.Array, box: dict[str, pa.Array] | None) -> pa.Array | None:
    """Number of each row among its photograph's, int16 [N]; None where every row is one of its own.

    Raises:
        LabelFileError: naming a line that says again what an earlier one says.
    """
    if box is None:
        check_unique(file, names)
        return None
    sides = pa.table({"name": names, **box}).to_pandas()
    if (again := sides.duplicated().to_numpy()).any():
        row = int(np.argmax(again))
        first = int(np.argmax((sides.fillna(-1) == sides.fillna(-1).iloc[row]).all(axis=1)))
        raise file.row_error(
            row,
            f"'{word_at(names, row)}' already has a label for the same box in {file.place(first)}",
        )
    return pa.array(sides.groupby("name").cumcount().to_numpy(np.int16))


def _parts(file: LabelFile, names: pa.Array, values: pa.Array, column: str) -> pa.Array:
    """Train, val or test of each row.

    Raises:
        LabelFileError: naming a line of another word, or that puts a photograph into a second part.
    """
    number = pc.index_in(pc.utf8_lower(values), value_set=pa.array(list(_PART_WORDS)))
    file.check(
        number.is_valid(),
        lambda row: f"{column} is '{word_at(values, row)}', expected {', '.join(PARTS)}",
    )
    parts = pa.array(list(_PART_WORDS.values())).take(number)
    frame = pa.table({"name": names, "part": parts}).to_pandas()
    file.check(
        pa.array(frame["part"] == frame.groupby("name")["part"].transform("first")),
        lambda row: (
            f"'{word_at(names, row)}' is in {parts[row]}, but another face of the same photograph"
            " is not: all of them must lie in one part"
        ),
    )
    return parts
