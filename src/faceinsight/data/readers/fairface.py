"""FairFace: age, gender and race of cropped photographs, split in two by its authors.

`fairface_label_train.csv` and `fairface_label_val.csv` hold, for each photograph (`train/1.jpg`),
its classes in words. The authors' val part tests; a seeded share of their train part validates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from faceinsight.data.readers.base import (
    Labels,
    check_unique,
    class_labels,
    label_table,
    photograph_names,
    task_fields,
)
from faceinsight.data.readers.label_file import LabelFile, word_at
from faceinsight.data.readers.layout import label_file
from faceinsight.data.splits import PARTS, TEST, SeededSplit
from faceinsight.method.characteristics import Vocabulary

TRAIN_FILES = ("fairface_label_train.csv", "train_labels.csv")
TEST_FILES = ("fairface_label_val.csv", "val_labels.csv")
"""Names of the label files: their authors', and those of a mirror."""

_NAME = "file"
_FIELDS = ("age", "gender", "race")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def read(folder: Path, vocabulary: Vocabulary, split: SeededSplit) -> Labels:
    """Read FairFace's labels.

    Raises:
        LabelFileError: naming file and line.
    """
    fields = task_fields("fairface", vocabulary, _FIELDS)
    train_names, train_labels, train_file = _read_file(folder, TRAIN_FILES, "train", fields)
    test_names, test_labels, test_file = _read_file(folder, TEST_FILES, "val", fields)
    test_file.check(
        pc.invert(pc.is_in(test_names, value_set=train_names)),
        lambda row: f"'{word_at(test_names, row)}' already has a label in {train_file.path}",
    )
    tests = pa.repeat(pa.scalar(PARTS[TEST]), len(test_names))
    return Labels(
        label_table(
            "fairface",
            vocabulary,
            photograph=pa.concat_arrays([train_names, test_names]),
            split=pa.concat_arrays([split.train_and_val(train_names), tests]),
            labels={
                id_: pa.concat_arrays([column, test_labels[id_]])
                for id_, column in train_labels.items()
            },
        )
    )


def _read_file(
    folder: Path, files: tuple[str, ...], part: str, fields: Mapping[str, Mapping[str, str]]
) -> tuple[pa.Array, dict[str, pa.Array], LabelFile]:
    file = LabelFile(label_file(folder, *files), "FairFace", head=1)
    file.require([_NAME, *fields])
    rows = file.read([_NAME, *fields])
    names = photograph_names(file, rows[_NAME])
    # Some copies of the files name the photographs without their part.
    whole = pc.binary_join_element_wise(part, names, "/")
    names = pc.if_else(pc.match_substring(names, "/"), names, whole)
    labels: dict[str, pa.Array] = {}
    for field, words in fields.items():

        def hint(word: str, known: tuple[str, ...] = tuple(words.values())) -> str | None:
            return _spreadsheet_hint(word, known)

        labels |= class_labels(file, field, rows[field], words, hint)
    check_unique(file, names)
    return names, labels, file


def _spreadsheet_hint(word: str, known: tuple[str, ...]) -> str | None:
    """What to say of `9-Mar`: a spreadsheet that opens the file turns 3-9 into a date."""
    found = re.fullmatch(r"(?:(\d{1,2})[-. ]+)?([A-Za-z]{3})[a-z]*\.?(?:[-. ]+(\d{1,4}))?", word)
    if not found or found[2].lower() not in _MONTHS:
        return None
    month = _MONTHS.index(found[2].lower()) + 1
    number = found[1] or found[3]
    ranges = [f"{month}-{int(number)}", f"{int(number)}-{month}"] if number else []
    was = next((f"'{r}'" for r in ranges if r in known), "a range of years")
    return f"which a spreadsheet has made of {was} as if it were a date: take the original file"
