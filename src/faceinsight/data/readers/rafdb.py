"""RAF-DB: the expression of aligned photographs, split by its authors in the photographs' names.

`EmoLabel/list_patition_label.txt` (spelt so) holds `train_00001.jpg 5` a photograph; the aligned
photograph is `Image/aligned/train_00001_aligned.jpg`. A seeded share of the train part validates.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc

from faceinsight.data.readers.base import (
    Labels,
    check_names,
    check_unique,
    class_labels,
    label_table,
    task_fields,
)
from faceinsight.data.readers.label_file import LabelFile, word_at
from faceinsight.data.splits import PARTS, TEST, SeededSplit
from faceinsight.method.characteristics import Vocabulary

FILE_NAME = "EmoLabel/list_patition_label.txt"
PHOTOGRAPHS = "Image/aligned"
"""Folder of the photographs, below the data set's own."""

_NAME, _TASK = "photograph's name", "expression"


def read(folder: Path, vocabulary: Vocabulary, split: SeededSplit) -> Labels:
    """Read RAF-DB's labels.

    Raises:
        LabelFileError: naming file and line.
    """
    fields = task_fields("rafdb", vocabulary, [_TASK])
    file = LabelFile(folder / FILE_NAME, "RAF-DB", columns=(_NAME, _TASK), spaced=True)
    rows = file.read([_NAME, _TASK])
    names = rows[_NAME]
    labels = class_labels(file, _TASK, rows[_TASK], fields[_TASK])
    check_names(file, names)
    file.check(
        pc.match_substring_regex(names, r"^(train|test)_[^/]*\.jpg$"),
        lambda row: (
            f"the photograph's name '{word_at(names, row)}' must begin with train_ or test_ and end"
            " in .jpg"
        ),
    )
    check_unique(file, names)
    aligned = pc.replace_substring_regex(names, r"\.jpg$", "_aligned.jpg")
    tests = pc.starts_with(names, "test_")
    return Labels(
        label_table(
            "rafdb",
            vocabulary,
            photograph=pc.binary_join_element_wise(PHOTOGRAPHS, aligned, "/"),
            split=pc.if_else(tests, PARTS[TEST], split.train_and_val(names)),
            labels=labels,
        )
    )
