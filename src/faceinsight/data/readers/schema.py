"""The pandera schema of a label table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa

from faceinsight.data.readers.base import BOX, KEY_TYPES, UNSAFE_NAME, column_types, is_unique
from faceinsight.data.splits import HELD_OUT, PARTS
from faceinsight.method.characteristics import Vocabulary

_CHECKS = {
    "photograph": pandera.Check(
        lambda names: ~names.str.contains(UNSAFE_NAME),
        error="photograph must be a relative path below the data set's folder",
    ),
    "face": pandera.Check.ge(0, error="face must not be negative"),
    "split": pandera.Check.isin(
        (*PARTS, HELD_OUT), error=f"split must be one of {', '.join(PARTS)}, {HELD_OUT}"
    ),
    "years": pandera.Check.ge(0, error="years must be 0 or more"),
    **dict.fromkeys(BOX),
}
_LABELS = pandera.Check.isin([0, 1], error="labels must be 1, 0 or null")


def build_schema(dataset: str, vocabulary: Vocabulary) -> pandera.DataFrameSchema:
    """The schema that a data set's label table must meet.

    Its columns are exactly those of `column_types`, in order and pyarrow-backed. Labels are 1, 0
    or null; of a group's members all are null or exactly one is present; years are 0 or more, or
    null; photograph and face together occur once; a box has four sides or none, and an area;
    photographs are safe relative paths; parts are train, val, test and held_out.

    Args:
        dataset: a data set of the vocabulary.
        vocabulary: whose characteristics are the label columns.

    Raises:
        VocabularyError: the vocabulary has no such data set.
    """
    annotated = vocabulary.annotated_by(dataset)
    checks = [
        pandera.Check(_is_unique, error="photograph and face together must be unique"),
        pandera.Check(
            _has_boxes,
            error="a box must have four sides or none, and right > left, bottom > top",
        ),
    ]
    for name, members in vocabulary.groups.items():
        if set(members) <= set(annotated):
            checks.append(
                pandera.Check(
                    lambda table, members=members: _has_one(table[list(members)]),
                    error=f"exactly one of group '{name}' must be 1, or all of it null",
                )
            )
    return pandera.DataFrameSchema(
        {
            column: pandera.Column(
                pd.ArrowDtype(type_),
                _CHECKS.get(column, _LABELS),
                nullable=column not in KEY_TYPES or column in (*BOX, "years"),
            )
            for column, type_ in column_types(dataset, vocabulary).items()
        },
        checks=checks,
        strict=True,
        ordered=True,
        name=f"labels of {dataset}",
    )


def _is_unique(table: pd.DataFrame) -> bool:
    return is_unique(pa.array(table["photograph"]), pa.array(table["face"]))


def _has_boxes(table: pd.DataFrame) -> bool:
    left, top, right, bottom = (table[side] for side in BOX)
    is_known = table[list(BOX)].notna().to_numpy()
    has_area = ((right > left) & (bottom > top)).fillna(True)
    return bool((is_known == is_known[:, :1]).all() and has_area.all())


def _has_one(labels: pd.DataFrame) -> bool:
    values = labels.to_numpy(dtype=np.float32, na_value=np.nan)
    return bool((np.isnan(values).all(axis=1) | (values.sum(axis=1) == 1)).all())
