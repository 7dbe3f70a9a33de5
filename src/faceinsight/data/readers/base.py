"""What every reader of labels gives, and the checks that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from faceinsight.data.readers.label_file import LabelFile, shorten, word_at
from faceinsight.errors import VocabularyError
from faceinsight.method.characteristics import ATTRIBUTES, Task, Vocabulary

BOX = ("left", "top", "right", "bottom")

KEY_TYPES: Mapping[str, pa.DataType] = {
    "photograph": pa.string(),
    "face": pa.int16(),
    **{side: pa.int32() for side in BOX},
    "split": pa.string(),
    "years": pa.int16(),
}
"""The columns before the labels of a label table, and their types."""

LABEL_TYPE = pa.int8()

_SKIPPED_TYPES = {"file": pa.string(), "row": pa.int32(), "reason": pa.string()}

# A name that leads out of the data set's folder, or reads differently on another system.
UNSAFE_NAME = r"^$|^/|^[A-Za-z]:|\\|[\x00-\x1f\x7f]|//|/$|(?:^|/)\.\.?(?:/|$)"


def no_skipped() -> pd.DataFrame:
    """The table of a reader that left nothing out."""
    return to_pandas({name: pa.nulls(0, type_) for name, type_ in _SKIPPED_TYPES.items()})


@dataclass(frozen=True)
class Labels:
    """The labels of one data set.

    Attributes:
        table: one row a labelled face, pyarrow-backed: `photograph` (POSIX path below the data
            set's folder), `face` (its id within the photograph), `left`, `top`, `right`, `bottom`
            (pixels, null for the whole photograph), `split` (train, val or test), `years` (the age,
            null where it is not known in years), and for each id of `Vocabulary.annotated_by` 1
            where present, 0 where absent and null where unknown.
        skipped: what could not be used and was left out: `file`, `row` (line of the file, null
            where the label is the file's name) and `reason`.
        below: the folder, below the data set's, that the photographs' own names are relative to.
    """

    table: pd.DataFrame
    skipped: pd.DataFrame = field(default_factory=no_skipped)
    below: str = ""


def skipped_table(files: list[str], reasons: list[str]) -> pd.DataFrame:
    """What was left out, where the label is the file's name."""
    columns = (files, [None] * len(files), reasons)
    pairs = zip(_SKIPPED_TYPES.items(), columns, strict=True)
    return to_pandas({name: pa.array(column, type_) for (name, type_), column in pairs})


def column_types(dataset: str, vocabulary: Vocabulary) -> dict[str, pa.DataType]:
    """Names and types of the columns of a data set's label table, in order.

    Raises:
        VocabularyError: a characteristic is called as one of the columns before the labels.
    """
    if taken := KEY_TYPES.keys() & vocabulary.ids:
        raise VocabularyError(
            f"vocabulary.characteristics.{min(taken)}: this is a column of every label table; call"
            " the characteristic something else"
        )
    labels = dict.fromkeys(vocabulary.annotated_by(dataset), LABEL_TYPE)
    return {**KEY_TYPES, **labels}


def label_table(
    dataset: str,
    vocabulary: Vocabulary,
    *,
    photograph: pa.Array,
    split: pa.Array,
    labels: Mapping[str, pa.Array],
    face: pa.Array | None = None,
    box: Mapping[str, pa.Array] | None = None,
    years: pa.Array | None = None,
) -> pd.DataFrame:
    """Put a label table together from its columns, each of N rows.

    Args:
        photograph: POSIX paths below the data set's folder.
        split: train, val or test.
        labels: int8 columns of 1, 0 and null, one for each id that the data set names.
        face: ids within the photograph; 0 where there is one face a photograph.
        box: the four sides in pixels; unknown where the whole photograph is the face.
        years: the ages, where they are known in years.
    """
    n = len(photograph)
    given = {"photograph": photograph, "split": split, **labels, **(box or {})}
    given["face"] = pa.array(np.zeros(n, np.int16)) if face is None else face
    if years is not None:
        given["years"] = years
    for one, other in vocabulary.complements(dataset).items():
        given[other] = pc.subtract(pa.scalar(1, LABEL_TYPE), given[one])
    return to_pandas(
        {
            name: given[name].cast(type_) if name in given else pa.nulls(n, type_)
            for name, type_ in column_types(dataset, vocabulary).items()
        }
    )


def to_pandas(columns: Mapping[str, pa.Array]) -> pd.DataFrame:
    """Columns as a dataframe on the same memory, with pyarrow-backed types."""
    return pa.table(dict(columns)).to_pandas(types_mapper=pd.ArrowDtype)


def task_fields(
    dataset: str, vocabulary: Vocabulary, fields: Iterable[str]
) -> dict[str, dict[str, str]]:
    """For each field of a label file that a task of the same name scores: id to the file's word.

    Raises:
        VocabularyError: a task that the data set's file has no field for, or two classes of one
            name.
    """
    fields = tuple(fields)
    of = {}
    for task in vocabulary.tasks(dataset):
        if task.name not in fields or not task.one_of:
            raise VocabularyError(
                f"vocabulary.tasks.{dataset}.{task.name}: {dataset} is labelled with one class a"
                f" face, in {', '.join(fields)}, so name a group for one of these"
            )
        of[task.name] = class_words(dataset, vocabulary, task)
    return of


def class_words(dataset: str, vocabulary: Vocabulary, task: Task) -> dict[str, str]:
    """Id to the file's word for each class of a task.

    Raises:
        VocabularyError: two classes of one name.
    """
    named = vocabulary.named_by(dataset)
    words = {id_: named[id_] for id_ in task.members}
    for id_, word in words.items():
        if list(words.values()).count(word) > 1:
            raise VocabularyError(
                f"vocabulary.characteristics.{id_}.names.{dataset}: another class of"
                f" '{task.name}' is called '{word}' too"
            )
    return words


def attribute_columns(dataset: str, vocabulary: Vocabulary) -> dict[str, str]:
    """Id to the name of its column, in a label file that has a column an attribute.

    Raises:
        VocabularyError: a task other than `attributes`, which such a file does not label.
    """
    for task in vocabulary.tasks(dataset):
        if task.name != ATTRIBUTES or task.one_of:
            raise VocabularyError(
                f"vocabulary.tasks.{dataset}.{task.name}: {dataset} is labelled with single"
                f" attributes, so its only task is '{ATTRIBUTES}: {ATTRIBUTES}'"
            )
    return vocabulary.named_by(dataset)


def class_labels(
    file: LabelFile,
    column: str,
    values: pa.Array,
    names: Mapping[str, str],
    hint: Callable[[str], str | None] = lambda word: None,
    unknown: Iterable[str] = (),
) -> dict[str, pa.Array]:
    """One int8 column a class from a column that holds the class's word.

    Args:
        file: where the words come from.
        column: the name of the field.
        values: N words.
        names: id to word.
        hint: what may have happened to a word that is none of them.
        unknown: words that leave all classes null.

    Raises:
        LabelFileError: naming the first line whose word is none of these.
    """
    number = pc.index_in(values, value_set=pa.array(list(names.values()), pa.string()))
    known = pc.is_in(values, value_set=pa.array([*names.values(), *unknown], pa.string()))

    def fault(row: int) -> str:
        expected = f"expected one of {shorten(list(names.values()), 10)}"
        return f"{column} is '{word_at(values, row)}', {hint(values[row].as_py()) or expected}"

    file.check(known, fault)
    return {id_: pc.equal(number, i).cast(LABEL_TYPE) for i, id_ in enumerate(names)}


def photograph_names(file: LabelFile, names: pa.Array) -> pa.Array:
    """Names of photographs with forward slashes, that stay in their folder on every system.

    Raises:
        LabelFileError: naming the first line with a path that is absolute, climbs with `..`, or
            holds a control character.
    """
    names = pc.replace_substring(names, "\\", "/")
    file.check(
        pc.invert(pc.match_substring_regex(names, UNSAFE_NAME)),
        lambda row: (
            f"the photograph's name '{word_at(names, row)}' must be a relative path with"
            " forward slashes that stays in the data set's folder"
        ),
    )
    return names


def check_boxes(file: LabelFile, box: Mapping[str, pa.Array], order: str) -> None:
    """Check that boxes have an area; sides that are null have.

    Args:
        box: the four sides, [N] each.
        order: in which order the file has them, as a reminder.

    Raises:
        LabelFileError: naming the first line whose box has none.
    """

    def check(low: str, high: str) -> None:
        file.check(
            pc.fill_null(pc.greater(box[high], box[low]), True),
            lambda row: (
                f"the box's {high} {box[high][row]} must be greater than its {low} {box[low][row]}"
                f" ({order})"
            ),
        )

    check("left", "right")
    check("top", "bottom")


def is_unique(names: pa.Array, faces: pa.Array | None = None) -> bool:
    """Whether names [N], or names and faces together, all differ."""
    # Published label files are mostly sorted, and comparing neighbours is ten times faster.
    if pc.all(pc.less(names[:-1], names[1:])).as_py() is not False:
        return True
    if pc.count_distinct(names).as_py() == len(names):
        return True
    if faces is None:
        return False
    columns = {"name": names, "face": faces}
    return pa.table(columns).group_by(list(columns)).aggregate([]).num_rows == len(names)


def check_unique(file: LabelFile, names: pa.Array, faces: pa.Array | None = None) -> None:
    """Check that no photograph, or no face of one, has two rows.

    Raises:
        LabelFileError: naming the first line that repeats an earlier one, and that one.
    """
    if is_unique(names, faces):
        return
    columns = {"name": names} if faces is None else {"name": names, "face": faces}
    frame = to_pandas(columns)
    row = int(np.argmax(frame.duplicated().to_numpy(bool)))
    first = int(np.argmax((frame == frame.iloc[row]).all(axis=1).to_numpy(bool)))
    which = "" if faces is None else f"face {faces[row]} of "
    raise file.row_error(
        row,
        f"{which}'{word_at(names, row)}' already has a label in {file.place(first)}",
    )
