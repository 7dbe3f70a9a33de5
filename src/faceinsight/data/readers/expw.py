"""ExpW: the expressions of faces in photographs from the web, one box a face.

`label.lst` holds, a face a line: the photograph's name, the face's id within it, the box as top,
left, right, bottom in pixels, the detector's confidence and the expression (0 to 6). Boxes are kept
as they stand there; some leave the photograph. All faces of a photograph lie in one part.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from faceinsight.data.readers.base import (
    BOX,
    KEY_TYPES,
    Labels,
    check_boxes,
    check_unique,
    class_labels,
    label_table,
    photograph_names,
    task_fields,
)
from faceinsight.data.readers.label_file import LabelFile, word_at
from faceinsight.data.readers.layout import label_file
from faceinsight.data.splits import SeededSplit
from faceinsight.method.characteristics import Vocabulary

FILE_NAME = "label.lst"
PHOTOGRAPHS = "image"
"""Folder of the photographs, below the data set's own; in the archive they lie in its `origin`."""

_NAME, _FACE, _CONFIDENCE, _TASK = "photograph's name", "face id", "confidence", "expression"
_COLUMNS = (_NAME, _FACE, "top", "left", "right", "bottom", _CONFIDENCE, _TASK)


def read(folder: Path, vocabulary: Vocabulary, split: SeededSplit) -> Labels:
    """Read ExpW's labels.

    Raises:
        LabelFileError: naming file and line.
    """
    fields = task_fields("expw", vocabulary, [_TASK])
    file = LabelFile(label_file(folder, FILE_NAME), "ExpW", columns=_COLUMNS, spaced=True)
    rows = file.read(_COLUMNS)
    names = photograph_names(file, rows[_NAME])
    labels = class_labels(file, _TASK, rows[_TASK], fields[_TASK])
    face = _whole_numbers(file, _FACE, rows[_FACE], KEY_TYPES["face"])
    # A box may begin left of, or above, its photograph.
    box = {side: _whole_numbers(file, side, rows[side], KEY_TYPES[side], "-?") for side in BOX}
    check_boxes(file, box, "the order is top left right bottom")
    _check_numbers(file, _CONFIDENCE, rows[_CONFIDENCE], r"[0-9]+(\.[0-9]+)?", "a number")
    check_unique(file, names, face)
    return Labels(
        label_table(
            "expw",
            vocabulary,
            photograph=pc.binary_join_element_wise(PHOTOGRAPHS, names, "/"),
            face=face,
            box=box,
            split=split.parts(names),
            labels=labels,
        ),
        below=PHOTOGRAPHS,
    )


def _whole_numbers(
    file: LabelFile, column: str, words: pa.Array, type_: pa.DataType, sign: str = ""
) -> pa.Array:
    # So many digits always fit the type.
    digits = 4 if type_ == pa.int16() else 9
    _check_numbers(
        file,
        column,
        words,
        f"{sign}[0-9]{{1,{digits}}}",
        f"a whole number of at most {digits} digits",
    )
    return words.cast(type_)


def _check_numbers(
    file: LabelFile, column: str, words: pa.Array, pattern: str, expected: str
) -> None:
    file.check(
        pc.match_substring_regex(words, f"^{pattern}$"),
        lambda row: f"{column} is '{word_at(words, row)}', expected {expected}",
    )
