"""MAAD-Face: 47 attributes of VGGFace2's 3.3 million photographs, split here by identity.

`MAAD_Face.csv` holds, for each photograph (`n000002/0001_01.jpg`), the number of its person and, an
attribute a column, 1, -1 or 0 for unknown. One person's photographs all lie in one part.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc

from faceinsight.data.readers.base import (
    Labels,
    attribute_columns,
    check_unique,
    label_table,
    photograph_names,
)
from faceinsight.data.readers.label_file import LabelFile, word_at
from faceinsight.data.readers.layout import label_file
from faceinsight.data.splits import SeededSplit
from faceinsight.method.characteristics import Vocabulary

FILE_NAME = "MAAD_Face.csv"
"""Published as `MAAD-Face.csv` too."""

_NAME, _IDENTITY = "Filename", "Identity"


def read(folder: Path, vocabulary: Vocabulary, split: SeededSplit) -> Labels:
    """Read MAAD's labels: 3.3 million rows in some seconds and under 2 GB.

    Columns are found by name; those that the vocabulary does not use are not read.

    Raises:
        LabelFileError: naming file and line.
    """
    columns = attribute_columns("maad", vocabulary)
    file = LabelFile(label_file(folder, FILE_NAME), "MAAD-Face", head=1)
    file.require([_NAME, _IDENTITY, *columns.values()])
    rows = file.read([_NAME, _IDENTITY], dict.fromkeys(columns.values()), unknown="0")
    names = photograph_names(file, rows[_NAME])
    identities = rows[_IDENTITY].dictionary_encode()
    file.check(
        pc.utf8_is_decimal(identities.dictionary).take(identities.indices),
        lambda row: f"Identity is '{word_at(rows[_IDENTITY], row)}', expected a person's number",
    )
    check_unique(file, names)
    return Labels(
        label_table(
            "maad",
            vocabulary,
            photograph=names,
            split=split.parts(identities),
            labels={id_: rows[name] for id_, name in columns.items()},
        )
    )
