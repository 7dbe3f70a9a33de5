"""What is counted of answers that may be missing, or stand for several classes.

As `faceinsight.evaluation.tasks` does for models: a table with one row a face, whose weighted
column sums give every metric. What is no answer is wrong; it is never left out, and never counts as
a class of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.evaluation.bootstrap import chunks_of, draws
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.evaluation.tasks import AttributeScores, ClassScores, Values

NO_ANSWER = -1
"""The answered class of a face for which there is no single class."""


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
        self.table = np.stack([known, right], axis=1).astype(np.float64)

    def values(self, totals: NDArray[np.float64]) -> Values:
        """Metrics, [r] each, of weighted column sums [r, 2]; NaN where nothing is defined."""
        nothing = np.full(len(totals), np.nan)
        return {"accuracy": _ratio(totals[:, 1], totals[:, 0])} | dict.fromkeys(
            ("precision", "recall", "f1"), nothing
        )


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
        counts = np.stack([known.sum(axis=1), right.sum(axis=1)], axis=1)
        self.table = np.hstack([self._scores.table, counts.astype(np.float64)])

    def values(self, totals: NDArray[np.float64]) -> Values:
        """Metrics, [r] each, of weighted column sums [r, q]; NaN where nothing can be counted."""
        known, right = totals[:, -2:].T
        return self._scores.values(totals[:, :-2]) | {"accuracy": _ratio(right, known)}


Scores = ClassScores | AnsweredSets | AnsweredAttributes


def class_scores(truth: NDArray[np.integer], answer: NDArray[np.integer], k: int) -> ClassScores:
    """One class of several, with faces that got no answer.

    Args:
        truth: int [n], the true class, -1 unknown (left out).
        answer: int [n], the answered class, -1 for none.
    """
    return ClassScores((truth[:, None] == np.arange(k)).astype(np.int8), answer)


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


def ways_to_score(may: NDArray[np.bool_]) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """How answers that may stand for several classes are scored: `exact`, and `merged` where some
    do and classes can be merged.

    Args:
        may: bool [n, k], the classes that each answer may stand for.

    Returns:
        Way to the number of each class [k], and the number of each answer's class [n], -1 where it
        is none or, if exact, several.
    """
    single = np.where(may.sum(axis=1) == 1, may.argmax(axis=1), NO_ANSWER).astype(np.int64)
    ways = {"exact": (np.arange(may.shape[1]), single)}
    if (may.sum(axis=1) > 1).any() and (numbers := merged_classes(may)) is not None:
        ways["merged"] = numbers, np.where(may.any(axis=1), numbers[may.argmax(axis=1)], NO_ANSWER)
    return ways


def resampled(
    scores: Sequence[Scores],
    dataset: str,
    photographs: NDArray[np.object_],
    evaluation: EvaluationSettings,
) -> tuple[list[list[Values]], int]:
    """Metrics of the same n faces by one or more scores, with photographs drawn anew.

    Args:
        dataset: they are of; with the seed it decides the draws.
        photographs: [n], the name of each face's photograph.

    Returns:
        Metrics of each of the scores, chunk by chunk of the resamples; and the number of
        photographs.
    """
    number, names = pd.factorize(photographs, sort=True)
    chunks: list[list[Values]] = []
    for numbers in chunks_of(evaluation.n_resamples, len(number)) if len(names) else ():
        weights = draws(dataset, len(names), numbers, evaluation.seed)[:, number]
        chunks.append([one.values(weights.astype(np.float64) @ one.table) for one in scores])
    return chunks, len(names)


def _ratio(top: NDArray[np.floating], bottom: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
