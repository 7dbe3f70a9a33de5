"""Label tables as arrays over the whole vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from faceinsight.method.characteristics import Vocabulary

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN = -1
"""The label of a characteristic that is not annotated, or not for this face."""


def label_matrix(table: pd.DataFrame, vocabulary: Vocabulary) -> np.ndarray:
    """Labels of a data set's table over the vocabulary.

    Args:
        table: N rows; any of the vocabulary's ids as columns of 1, 0 and null.
        vocabulary: gives the K columns.

    Returns:
        int8 [N, K]: 1 present, 0 absent, -1 unknown (null, or no such column).
    """
    matrix = np.full((len(table), len(vocabulary)), UNKNOWN, np.int8)
    for column, id_ in enumerate(vocabulary.ids):
        if id_ in table:
            matrix[:, column] = table[id_].to_numpy(dtype=np.int8, na_value=UNKNOWN)
    return matrix
