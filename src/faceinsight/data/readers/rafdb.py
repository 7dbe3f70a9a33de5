"""RAF-DB: the expression of aligned photographs, split by its authors in the photographs' names.

`EmoLabel/list_patition_label.txt` (spelt so) holds `train_00001.jpg 5` a photograph; the aligned
photograph is `Image/aligned/train_00001_aligned.jpg`. A mirror has a CSV file for each part, and
names the aligned photographs in it. A seeded share of the train part validates.
"""

from __future__ import annotations

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

FILE_NAMES = ("EmoLabel/list_patition_label.txt", "list_partition_label.txt")
MIRROR = ("train_labels.csv", "test_labels.csv")
PHOTOGRAPHS = "Image/aligned"
"""Folder of the photographs, below the data set's own."""

_NAME, _TASK = "photograph's name", "expression"


def read(folder: Path, vocabulary: Vocabulary, split: SeededSplit) -> Labels:
    """Read RAF-DB's labels.

    Raises:
        LabelFileError: naming file and line.
    """
    words = task_fields("rafdb", vocabulary, [_TASK])[_TASK]
    path, mirror = label_file(folder, *FILE_NAMES), [label_file(folder, name) for name in MIRROR]
    is_mirror = not path.is_file() and all(file.is_file() for file in mirror)
    files = [_file(folder, path) for path in (mirror if is_mirror else [path])]
    read_ = [_read_file(file, words) for file in files]
    names = pa.concat_arrays([names for names, _ in read_])
    tests = pc.starts_with(names, "test_")
    return Labels(
        label_table(
            "rafdb",
            vocabulary,
            photograph=pc.binary_join_element_wise(
                f"{PHOTOGRAPHS}/", pc.replace_substring_regex(names, r"\.jpg$", "_aligned.jpg"), ""
            ),
            split=pc.if_else(tests, PARTS[TEST], split.train_and_val(names)),
            labels={id_: pa.concat_arrays([labels[id_] for _, labels in read_]) for id_ in words},
        ),
        below=PHOTOGRAPHS,
    )


def _file(folder: Path, path: Path) -> LabelFile:
    spaced = path.suffix.lower() != ".csv"
    return LabelFile(
        path, "RAF-DB", columns=(_NAME, _TASK), head=int(not spaced), spaced=spaced, folder=folder
    )


def _read_file(file: LabelFile, words: dict[str, str]) -> tuple[pa.Array, dict[str, pa.Array]]:
    """Names of photographs, without `_aligned`, and their labels."""
    rows = file.read([_NAME, _TASK])
    labels = class_labels(file, _TASK, rows[_TASK], words)
    names = photograph_names(file, rows[_NAME])
    file.check(
        pc.match_substring_regex(names, r"(?i)^(train|test)_[^/]*\.jpg$"),
        lambda row: (
            f"the photograph's name '{word_at(names, row)}' must begin with train_ or test_ and end"
            " in .jpg"
        ),
    )
    names = pc.replace_substring_regex(names, r"(?i)(_aligned)?\.jpg$", ".jpg")
    check_unique(file, names)
    return names, labels
