"""What is counted for a task: single attributes, or one class of several.

Both kinds turn predictions into a table with one row a face. Every metric is a function of the
table's weighted column sums, so the metric itself (all weights 1) and its bootstrap (weights how
often a face was drawn) take the same path.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from faceinsight.method.characteristics import Task, Vocabulary

Values = dict[str, NDArray[np.float64]]


class AttributeScores:
    """Single characteristics: accuracy over labels, precision, recall and F1 averaged over faces.

    Accuracy is the share of all known labels that are predicted right. Precision, recall and F1 are
    taken per face over its known labels and averaged, as scikit-learn's `average="samples"` with
    `zero_division=0`: a face without a present label has recall 0, one without a predicted label
    precision 0. Faces without any known label are left out.

    Args:
        labels: int8 [n, k], -1 unknown.
        predicted: bool [n, k].
        others: answers beside these, bool [n, k] each, by the name that their accuracy gets.

    Attributes:
        n: faces with at least one known label.
        table: [n, q], a row a face.
    """

    def __init__(
        self,
        labels: NDArray[np.int8],
        predicted: NDArray[np.bool_],
        others: Mapping[str, NDArray[np.bool_]] = MappingProxyType({}),
    ) -> None:
        known = labels >= 0
        present = labels == 1
        right = (present & predicted).sum(axis=1).astype(np.float64)
        claimed = (predicted & known).sum(axis=1)
        true = present.sum(axis=1)
        columns = [
            known.any(axis=1),
            known.sum(axis=1),
            ((predicted == present) & known).sum(axis=1),
            _ratio(right, claimed, 0.0),
            _ratio(right, true, 0.0),
            _ratio(2 * right, claimed + true, 0.0),
        ]
        self._others = tuple(others)
        columns += [((of == present) & known).sum(axis=1) for of in others.values()]
        self.table = np.stack([c.astype(np.float64) for c in columns], axis=1)
        self.n = int(known.any(axis=1).sum())

    def values(self, totals: NDArray[np.float64]) -> Values:
        """Metrics, [r] each, of weighted column sums [r, q]; NaN where nothing can be counted."""
        faces, known, right, precision, recall, f1, *others = totals.T
        metrics = {
            "accuracy": _ratio(right, known),
            "precision": _ratio(precision, faces),
            "recall": _ratio(recall, faces),
            "f1": _ratio(f1, faces),
        }
        by_name = zip(self._others, others, strict=True)
        return metrics | {name: _ratio(right, known) for name, right in by_name}


class ClassScores:
    """One class of several: accuracy, and precision, recall and F1 averaged over classes.

    The macro averages are scikit-learn's with `zero_division=0`: they run over the classes that
    occur among the labels or the answers, so a class that is neither is left out. Faces whose class
    is unknown (not exactly one member labelled present) are left out. A face without an answer is
    wrong, and no class's.

    Args:
        labels: int8 [n, k], -1 unknown.
        predicted: int [n], the column that is answered, -1 where none is.
        others: answers beside these, bool [n, k] each, by the name that their accuracy gets; one
            without exactly one class is wrong.

    Attributes:
        n: faces whose class is known.
        table: [n, q], a row a face.
        decoded_confusion: as `confusion`, but of the others that are called `decoded_accuracy`;
            None where there are none.
    """

    def __init__(
        self,
        labels: NDArray[np.int8],
        predicted: NDArray[np.integer],
        others: Mapping[str, NDArray[np.bool_]] = MappingProxyType({}),
    ) -> None:
        n, k = labels.shape
        present = labels == 1
        known = present.sum(axis=1) == 1
        true = present.argmax(axis=1)
        self._classes = k
        # True class by answered class, and true class of those without an answer.
        self._others = tuple(others)
        self.table = np.zeros((n, k * (k + 1) + len(others)))
        rows = np.flatnonzero(known)
        cell = np.where(predicted >= 0, true * k + predicted, k * k + true)
        self.table[rows, cell[rows]] = 1
        self.decoded_confusion: list[list[int]] | None = None
        for number, (name, of) in enumerate(others.items()):
            answer = one_class(of)[rows]
            self.table[rows, k * (k + 1) + number] = answer == true[rows]
            if name == "decoded_accuracy":
                counts = np.zeros((k, k + 1), dtype=int)  # the last column is of no answer
                np.add.at(counts, (true[rows], answer), 1)
                self.decoded_confusion = counts[:, :k].tolist()
        self.n = len(rows)

    def values(self, totals: NDArray[np.float64]) -> Values:
        """Metrics, [r] each, of weighted column sums [r, q]; NaN where nothing can be counted."""
        k = self._classes
        confusion = totals[:, : k * k].reshape(-1, k, k)
        right = np.diagonal(confusion, axis1=1, axis2=2)
        true = confusion.sum(axis=2) + totals[:, k * k : k * (k + 1)]
        claimed = confusion.sum(axis=1)
        occurs = (true + claimed) > 0
        total = true.sum(axis=1)

        def macro(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> NDArray[np.float64]:
            return _ratio((_ratio(top, bottom, 0.0) * occurs).sum(axis=1), occurs.sum(axis=1))

        metrics = {
            "accuracy": _ratio(right.sum(axis=1), total),
            "precision": macro(right, claimed),
            "recall": macro(right, true),
            "f1": macro(2 * right, claimed + true),
        }
        by_name = zip(self._others, totals[:, k * (k + 1) :].T, strict=True)
        return metrics | {name: _ratio(right, total) for name, right in by_name}

    def confusion(self) -> list[list[int]]:
        """Number of faces with an answer, by true class (row) and answered class (column)."""
        k = self._classes
        return self.table[:, : k * k].sum(axis=0).reshape(k, k).astype(int).tolist()


def task_scores(
    task: Task,
    labels: NDArray[np.int8],
    probabilities: NDArray[np.floating],
    thresholds: NDArray[np.floating],
    others: Mapping[str, NDArray[np.bool_]] = MappingProxyType({}),
    handed_out: NDArray[np.bool_] | None = None,
) -> AttributeScores | ClassScores:
    """Score a task's own columns ([n, k] each, thresholds [k]).

    The answers are those that are `handed_out`, if given. Else they are made of probabilities:

    an attribute is answered where its probability reaches its threshold; of several classes the one
    with the highest probability is, the first of them in vocabulary order where they tie; where all
    are 0, none is answered (a rival that named no class).
    """
    if not task.one_of:
        said = probabilities >= thresholds if handed_out is None else handed_out
        return AttributeScores(labels, said, others)
    if handed_out is not None:
        return ClassScores(labels, one_class(handed_out), others)
    answered = probabilities.max(axis=1, initial=0) > 0
    return ClassScores(labels, np.where(answered, probabilities.argmax(axis=1), -1), others)


def one_class(present: NDArray[np.bool_]) -> NDArray[np.integer]:
    """The column of [n, k] in which the one present class stands, [n]; -1 where not one is."""
    return np.where(present.sum(axis=1) == 1, present.argmax(axis=1), -1)


def task_accuracies(
    probabilities: NDArray[np.floating],
    labels: NDArray[np.int8],
    datasets: NDArray[np.str_],
    vocabulary: Vocabulary,
    handed_out: NDArray[np.bool_] | None = None,
) -> dict[str, float]:
    """Accuracy of every task with a known label; cheap enough for several times an epoch.

    "Validation accuracy" is the plain mean of the returned values.

    Args:
        probabilities: [N, K]; an attribute is answered present from 0.5 on.
        labels: int8 [N, K], -1 unknown.
        datasets: [N], the data set of each row.
        vocabulary: its K ids are the columns.
        handed_out: [N, K], answers in place of those that probabilities give.

    Returns:
        "<data set>/<task>" to accuracy, in the vocabulary's order.
    """
    accuracies = {}
    for dataset in vocabulary.datasets:
        rows = np.flatnonzero(datasets == dataset)
        for task in vocabulary.tasks(dataset):
            cells = np.ix_(rows, np.array([vocabulary.index[m] for m in task.members]))
            thresholds = np.full(len(task.members), 0.5)
            said = None if handed_out is None else handed_out[cells]
            scores = task_scores(
                task, labels[cells], probabilities[cells], thresholds, handed_out=said
            )
            if scores.n:
                accuracy = scores.values(scores.table.sum(axis=0)[None])["accuracy"]
                accuracies[f"{dataset}/{task.name}"] = float(accuracy[0])
    return accuracies


def _ratio(
    top: NDArray[np.floating], bottom: NDArray[np.number], empty: float = np.nan
) -> NDArray[np.float64]:
    return np.divide(top, bottom, out=np.full(top.shape, empty), where=bottom > 0)
