"""Average precision under weights, so that a bootstrap costs no sorting.

AP = sum_n (R_n - R_{n-1}) P_n over the distinct scores in falling order, as scikit-learn defines it
(no interpolation, tied scores share one threshold). A bootstrap resample gives every face a
weight (how often it was drawn) and leaves the order as it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Ranking:
    """One characteristic's labelled faces in falling order of probability.

    Only thresholds at which some face is truly positive contribute to AP, so the faces between two
    such thresholds are summed at once.

    Args:
        scores: [n] probabilities.
        positive: bool [n], the true labels; at least one must be True.
        rows: [n], the row of the weight matrix for each of these faces.
    """

    def __init__(
        self,
        scores: NDArray[np.floating],
        positive: NDArray[np.bool_],
        rows: NDArray[np.integer],
    ) -> None:
        order = np.argsort(-scores, kind="stable")
        scores, positive, rows = scores[order], positive[order], rows[order]
        tie = np.cumsum(np.append(False, scores[1:] != scores[:-1]))
        holds_positive = np.bincount(tie, weights=positive) > 0
        # A face belongs to the first threshold with a positive that lies at its score or below.
        segment: NDArray[np.int64] = (np.cumsum(holds_positive) - holds_positive)[tie]
        counted = segment < holds_positive.sum()
        segment, positive = segment[counted], positive[counted]
        self._rows = rows[counted]
        self._starts = _starts(segment)
        self._positive_rows = self._rows[positive]
        self._positive_starts = _starts(segment[positive])

    def average_precision(self, weights: NDArray[np.floating]) -> NDArray[np.float64]:
        """AP for each of r weightings of the faces.

        Args:
            weights: [r, N], each row one weighting of all N faces; whole numbers, so that the sums
                are exact (below 2^24 in float32).

        Returns:
            float64 [r]; NaN where a weighting gives no positive any weight.
        """
        # One weighting lies in one piece of memory; sums in place keep it in the cache.
        drawn = np.add.reduceat(weights.take(self._rows, axis=1), self._starts, axis=1)
        hits = weights.take(self._positive_rows, axis=1)
        if len(self._positive_starts) < len(self._positive_rows):
            hits = np.add.reduceat(hits, self._positive_starts, axis=1)
        np.cumsum(drawn, axis=1, out=drawn)
        found = np.cumsum(hits, axis=1)
        total = found[:, -1].astype(np.float64)
        found /= np.maximum(drawn, 1, out=drawn)  # precision; nothing drawn is nothing found
        found *= hits  # times the step in recall, but for the total
        return np.divide(
            found.sum(axis=1, dtype=np.float64),
            total,
            out=np.full_like(total, np.nan),
            where=total > 0,
        )


def _starts(segment: NDArray[np.integer]) -> NDArray[np.int64]:
    return np.flatnonzero(np.append(True, segment[1:] != segment[:-1]))
