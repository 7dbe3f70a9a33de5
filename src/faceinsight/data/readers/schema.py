"""The pandera schema of a label table.

Types, order and nulls are pandera's own checks; what concerns values is checked on Arrow's columns,
so that MAAD's 3.3 million rows take seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.compute as pc

from faceinsight.data.readers.base import (
    BOX,
    KEY_TYPES,
    UNSAFE_NAME,
    column_types,
    is_unique,
)
from faceinsight.data.splits import PARTS
from faceinsight.method.characteristics import Vocabulary


def build_schema(dataset: str, vocabulary: Vocabulary) -> pandera.DataFrameSchema:
    """The schema that a data set's label table must meet.

    Its columns are exactly those of `column_types`, in order and pyarrow-backed. Labels are 1, 0
    or null; of a group's members all are null or exactly one is present; years are 0 or more, or
    null; photograph and face together occur once; a box has four sides or none, and an area;
    photographs are safe relative paths; parts are train, val and test.

    Args:
        dataset: a data set of the vocabulary.
        vocabulary: whose characteristics are the label columns.

    Raises:
        VocabularyError: the vocabulary has no such data set.
    """
    annotated = vocabulary.annotated_by(dataset)
    checks = [
        _check("photograph and face together must be unique", _is_unique),
        _check("photograph must be a relative path below the data set's folder", _is_safe),
        _check("face must not be negative", _has_faces),
        _check(f"split must be one of {', '.join(PARTS)}", _has_parts),
        _check("years must be 0 or more", _has_years),
        _check("a box must have four sides or none, and right > left, bottom > top", _has_boxes),
        _check("labels must be 1, 0 or null", partial(_has_labels, columns=annotated)),
    ]
    for name, members in vocabulary.groups.items():
        if set(members) <= set(annotated):
            message = f"exactly one of group '{name}' must be 1, or all of it null"
            checks.append(_check(message, partial(_has_one, members=members)))
    return pandera.DataFrameSchema(
        {
            column: pandera.Column(
                pd.ArrowDtype(type_),
                nullable=column not in KEY_TYPES or column in (*BOX, "years"),
            )
            for column, type_ in column_types(dataset, vocabulary).items()
        },
        checks=checks,
        strict=True,
        ordered=True,
        name=f"labels of {dataset}",
    )


def _check(message: str, holds: Callable[[pa.Table], bool]) -> pandera.Check:
    return pandera.Check(
        lambda frame: holds(pa.Table.from_pandas(frame, preserve_index=False)),
        name=message,
        error=message,
    )


def _all(holds: pa.ChunkedArray) -> bool:
    return pc.all(holds, min_count=0).as_py() is not False


def _is_unique(table: pa.Table) -> bool:
    return is_unique(*(table[column].combine_chunks() for column in ("photograph", "face")))


def _is_safe(table: pa.Table) -> bool:
    return _all(pc.invert(pc.match_substring_regex(table["photograph"], UNSAFE_NAME)))


def _has_faces(table: pa.Table) -> bool:
    return _all(pc.greater_equal(table["face"], 0))


def _has_parts(table: pa.Table) -> bool:
    return _all(pc.is_in(table["split"], value_set=pa.array(PARTS)))


def _has_boxes(table: pa.Table) -> bool:
    known = [pc.is_valid(table[side]) for side in BOX]
    return (
        all(known[0].equals(other) for other in known[1:])
        and _all(pc.greater(table["right"], table["left"]))
        and _all(pc.greater(table["bottom"], table["top"]))
    )


def _has_years(table: pa.Table) -> bool:
    return _all(pc.greater_equal(table["years"], 0))


def _has_labels(table: pa.Table, columns: tuple[str, ...]) -> bool:
    for column in columns:
        ends = pc.min_max(table[column])
        if (ends["min"].as_py() or 0) < 0 or (ends["max"].as_py() or 0) > 1:
            return False
    return True


def _has_one(table: pa.Table, members: tuple[str, ...]) -> bool:
    present = table[members[0]]
    for member in members[1:]:
        if table[member].null_count != present.null_count:
            return False
        present = pc.add(present, table[member])  # null where any of the two is
        if table[member].null_count != present.null_count:
            return False
    return _all(pc.equal(present, 1))
