"""What is counted of answers that may be missing, or stand for several classes.

As `faceinsight.evaluation.tasks` does for models: a table with one row a face, whose weighted
column sums give every figure. What is no answer is wrong; it is never left out, and never counts as
a class of its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceinsight.evaluation.tasks import AttributeScores, Values

NO_ANSWER = -1
"""The answered class of a face for which there is no single class."""


class AnsweredClasses:
    """One class of several, with faces that got no answer.

    Accuracy is over all faces with a known class. Precision, recall and F1 are averaged over the
    classes that occur among labels or answers, as scikit-learn's `average="macro"` with
    `zero_division=0` and the labels listed: a face without an answer lowers the recall of its
    class, and the precision of none. Where all faces have an answer this is
    `faceinsight.evaluation.tasks.ClassScores`.

    Args:
        truth: int [n], the true class, -1 unknown (left out).
        answer: int [n], the answered class, -1 for none.
        k: number of classes.
    """

    def __init__(self, truth: NDArray[np.integer], answer: NDArray[np.integer], k: int) -> None:
        rows = np.flatnonzero(truth >= 0)
        self._classes = k
        self.table = np.zeros((len(truth), k * (k + 1)))
        column = np.where(answer[rows] == NO_ANSWER, k, answer[rows])
        self.table[rows, truth[rows] * (k + 1) + column] = 1
        self.n = len(rows)

    def figures(self, totals: NDArray[np.float64]) -> Values:
        """Values, [r] each, of weighted column sums [r, k (k + 1)]; NaN where nothing counts."""
        k = self._classes
        counts = totals.reshape(-1, k, k + 1)
        right = np.diagonal(counts, axis1=1, axis2=2)
        true, claimed = counts.sum(axis=2), counts[:, :, :k].sum(axis=1)
        occurs = (true + claimed) > 0
        total = true.sum(axis=1)

        def macro(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> NDArray[np.float64]:
            return _ratio((_ratio(top, bottom, 0.0) * occurs).sum(axis=1), occurs.sum(axis=1))

        return {
            "accuracy": _ratio(right.sum(axis=1), total),
            "precision": macro(right, claimed),
            "recall": macro(right, true),
            "f1": macro(2 * right, claimed + true),
            "answered": _ratio(counts[:, :, :k].sum(axis=(1, 2)), total),
        }


class AnsweredSets:
    """Answers that may stand for several classes which overlap, so that none can be merged.

    Only accuracy is defined: right if the true class is among those that the answer may stand for.

    Args:
        truth: int [n], the true class, -1 unknown (left out).
        may: bool [n, k].
    """

    def __init__(self, truth: NDArray[np.integer], may: NDArray[np.bool_]) -> None:
        known = truth >= 0
        right = may[np.arange(len(truth)), np.maximum(truth, 0)] & known
        answered = may.any(axis=1) & known
        self.table = np.stack([known, right, answered], axis=1).astype(np.float64)
        self.n = int(known.sum())

    def figures(self, totals: NDArray[np.float64]) -> Values:
        """Values, [r] each, of weighted column sums [r, 3]; NaN where nothing is defined."""
        known, right, answered = totals.T
        nothing = np.full(len(totals), np.nan)
        return {
            "accuracy": _ratio(right, known),
            "precision": nothing,
            "recall": nothing,
            "f1": nothing,
            "answered": _ratio(answered, known),
        }


class AnsweredAttributes:
    """Single attributes, with labels that got no answer.

    As `AttributeScores`, but a label without an answer is wrong, whatever it is, and claims
    nothing.

    Args:
        labels: int8 [n, k], -1 unknown (left out).
        present: bool [n, k], what the system says.
        answered: bool [n, k].
    """

    def __init__(
        self,
        labels: NDArray[np.int8],
        present: NDArray[np.bool_],
        answered: NDArray[np.bool_],
    ) -> None:
        self._scores = AttributeScores(labels, present & answered)
        known = labels >= 0
        right = known & answered & (present == (labels == 1))
        extra = np.stack([known.sum(axis=1), right.sum(axis=1), (known & answered).sum(axis=1)])
        self.table = np.hstack([self._scores.table, extra.T.astype(np.float64)])
        self.n = self._scores.n

    def figures(self, totals: NDArray[np.float64]) -> Values:
        """Values, [r] each, of weighted column sums [r, q]; NaN where nothing can be counted."""
        known, right, answered = totals[:, -3:].T
        figures = self._scores.values(totals[:, :-3])
        return figures | {"accuracy": _ratio(right, known), "answered": _ratio(answered, known)}


Scores = AnsweredClasses | AnsweredSets | AnsweredAttributes


def merged_classes(may: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    """Number the classes so that those which a system never tells apart have one number.

    Args:
        may: bool [n, k], the classes that each answer may stand for.

    Returns:
        [k], numbers from 0 in the order of the classes; None where sets overlap without being
        equal, since merging all that touch would make right what the system got wrong.
    """
    k = may.shape[1]
    sets = np.unique(may[may.any(axis=1)], axis=0)
    if (sets.sum(axis=0) > 1).any():
        return None
    first = np.arange(k)
    for row in sets:
        members = np.flatnonzero(row)
        first[members] = members[0]
    return np.unique(first, return_inverse=True)[1].astype(np.int64)


def single_class(may: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The one class that each answer stands for [n], -1 where it is none or several."""
    return np.where(may.sum(axis=1) == 1, may.argmax(axis=1), NO_ANSWER).astype(np.int64)


def _ratio(
    top: NDArray[np.floating], bottom: NDArray[np.number], empty: float = np.nan
) -> NDArray[np.float64]:
    return np.divide(top, bottom, out=np.full(top.shape, empty), where=bottom > 0)
