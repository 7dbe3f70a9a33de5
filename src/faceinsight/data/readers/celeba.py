"""CelebA: 40 attributes of aligned photographs, split by its authors.

`list_attr_celeba.txt` holds the number of rows, the names of the attributes, and a row a photograph
of 1 and -1; `list_eval_partition.txt` holds 0, 1 or 2 a photograph: train, val, test. A mirror has
both as CSV files with a head.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faceinsight.data.readers.base import (
    Labels,
    attribute_columns,
    check_unique,
    label_table,
    photograph_names,
)
from faceinsight.data.readers.label_file import LabelFile, printable, word_at
from faceinsight.data.readers.layout import label_file
from faceinsight.data.splits import SeededSplit, as_parts
from faceinsight.method.characteristics import Vocabulary

ATTRIBUTES_FILES = ("list_attr_celeba.txt", "list_attr_celeba.csv")
PARTITION_FILES = ("list_eval_partition.txt", "list_eval_partition.csv")
PHOTOGRAPHS = "img_align_celeba"
"""Folder of the photographs, below the data set's own."""

_NAME = "photograph's name"


def read(folder: Path, vocabulary: Vocabulary, split: SeededSplit) -> Labels:
    """Read CelebA's labels; its split is official, so `split` is not used.

    Raises:
        LabelFileError: naming file and line.
    """
    columns = attribute_columns("celeba", vocabulary)
    path = label_file(folder, *ATTRIBUTES_FILES)
    file = _AttributesFile(path) if _is_spaced(path) else LabelFile(path, "CelebA", head=1)
    file.require(columns.values())
    name = file.columns[0]
    rows = file.read([name], dict.fromkeys(columns.values()))
    names = photograph_names(file, rows[name])
    if isinstance(file, _AttributesFile):
        file.check_count(len(names))
    check_unique(file, names)
    return Labels(
        label_table(
            "celeba",
            vocabulary,
            photograph=pc.binary_join_element_wise(PHOTOGRAPHS, names, "/"),
            split=_parts(label_file(folder, *PARTITION_FILES), file, names),
            labels={id_: rows[name] for id_, name in columns.items()},
        ),
        below=PHOTOGRAPHS,
    )


def _is_spaced(path: Path) -> bool:
    return path.suffix.lower() != ".csv"


class _AttributesFile(LabelFile):
    """The attributes' file, whose second line names every field but the photograph's."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "CelebA", columns=(), head=2, spaced=True)
        self.promised = " ".join(self.head_lines[0])
        if not re.fullmatch(r"[0-9]{1,9}", self.promised):
            raise self.line_error(
                1, f"expected the number of photographs, found '{printable(self.promised)}'"
            )
        self.columns = (_NAME, *self.head_lines[1])
        self.check_columns()

    def check_count(self, rows: int) -> None:
        """Check the number of rows that the first line promises."""
        if int(self.promised) != rows:
            raise self.line_error(
                1, f"promises {int(self.promised)} photographs, but the file holds {rows}"
            )


def _parts(path: Path, labelled: LabelFile, names: pa.Array) -> pa.Array:
    spaced = _is_spaced(path)
    file = LabelFile(path, "CelebA", columns=(_NAME, "part"), head=int(not spaced), spaced=spaced)
    rows = file.read([_NAME, "part"])
    of, part = photograph_names(file, rows[_NAME]), rows["part"]
    code = pc.index_in(part, value_set=pa.array(["0", "1", "2"]))
    file.check(
        code.is_valid(), lambda row: f"the part is '{word_at(part, row)}', expected 0, 1 or 2"
    )
    if not of.equals(names):
        check_unique(file, of)
        place = pc.index_in(names, value_set=of)
        labelled.check(
            place.is_valid(),
            lambda row: f"'{word_at(names, row)}' has labels, but no part in {path}",
        )
        code = code.take(place)
    return as_parts(np.asarray(code))
