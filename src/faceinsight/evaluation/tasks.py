"""What is counted for a task: single attributes, or one class of several.

Both kinds turn predictions into a table with one row a face. Every metric is a function of the
table's weighted column sums, so the metric itself (all weights 1) and its bootstrap (weights how
often a face was drawn) take the same path.
"""

from __future__ import annotations

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
        decoded: bool [n, k], the labels that contradict no rule, or None.

    Attributes:
        n: faces with at least one known label.
        table: [n, q], a row a face.
    """

    def __init__(
        self,
        labels: NDArray[np.int8],
        predicted: NDArray[np.bool_],
        decoded: NDArray[np.bool_] | None = None,
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
        self._has_decoded = decoded is not None
        if decoded is not None:
            columns.append(((decoded == present) & known).sum(axis=1))
        self.table = np.stack([c.astype(np.float64) for c in columns], axis=1)
        self.n = int(known.any(axis=1).sum())

    def values(self, totals: NDArray[np.float64]) -> Values:
        """Metrics, [r] each, of weighted column sums [r, q]; NaN where nothing can be counted."""
        faces, known, right, precision, recall, f1, *decoded = totals.T
        metrics = {
            "accuracy": _ratio(right, known),
            "precision": _ratio(precision, faces),
            "recall": _ratio(recall, faces),
            "f1": _ratio(f1, faces),
        }
        if decoded:
            metrics["decoded_accuracy"] = _ratio(decoded[0], known)
        return metrics


class ClassScores:
    """One class of several: accuracy, and precision, recall and F1 averaged over classes.

    The macro averages are scikit-learn's with `zero_division=0`: they run over the classes that
    occur among the labels or the answers, so a class that is neither is left out. Faces whose class
    is unknown (not exactly one member labelled present) are left out. A face without an answer is
    wrong, and no class's.

    Args:
        labels: int8 [n, k], -1 unknown.
        predicted: int [n], the column that is answered, -1 where none is.
        decoded: bool [n, k], the labels that contradict no rule, or None.

    Attributes:
        n: faces whose class is known.
        table: [n, q], a row a face.
        decoded_confusion: as `confusion`, but by the class among the decoded labels, or None.
    """

    def __init__(
        self,
        labels: NDArray[np.int8],
        predicted: NDArray[np.integer],
        decoded: NDArray[np.bool_] | None = None,
    ) -> None:
        n, k = labels.shape
        present = labels == 1
        known = present.sum(axis=1) == 1
        true = present.argmax(axis=1)
        self._classes = k
        # True class by answered class, and true class of those without an answer.
        self.table = np.zeros((n, k * (k + 1) + (decoded is not None)))
        rows = np.flatnonzero(known)
        cell = np.where(predicted >= 0, true * k + predicted, k * k + true)
        self.table[rows, cell[rows]] = 1
        self.decoded_confusion: list[list[int]] | None = None
        if decoded is not None:
            answer = np.where(decoded.sum(axis=1) == 1, decoded.argmax(axis=1), -1)[rows]
            self.table[rows, -1] = answer == true[rows]
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
        if totals.shape[1] > k * (k + 1):
            metrics["decoded_accuracy"] = _ratio(totals[:, -1], total)
        return metrics

    def confusion(self) -> list[list[int]]:
        """Number of faces with an answer, by true class (row) and answered class (column)."""
        k = self._classes
        return self.table[:, : k * k].sum(axis=0).reshape(k, k).astype(int).tolist()


def task_scores(
    task: Task,
    labels: NDArray[np.int8],
    probabilities: NDArray[np.floating],
    thresholds: NDArray[np.floating],
    decoded: NDArray[np.bool_] | None = None,
) -> AttributeScores | ClassScores:
    """Score a task's own columns ([n, k] each, thresholds [k]).

    An attribute is answered where its probability reaches its threshold; of several classes the one
    with the highest probability is, the first of them in vocabulary order where they tie; where all
    are 0, none is answered (a rival that named no class).
    """
    if task.one_of:
        answered = probabilities.max(axis=1, initial=0) > 0
        return ClassScores(labels, np.where(answered, probabilities.argmax(axis=1), -1), decoded)
    return AttributeScores(labels, probabilities >= thresholds, decoded)


def task_accuracies(
    probabilities: NDArray[np.floating],
    labels: NDArray[np.int8],
    datasets: NDArray[np.str_],
    vocabulary: Vocabulary,
) -> dict[str, float]:
    """Accuracy of every task with a known label; cheap enough for several times an epoch.

    "Validation accuracy" is the plain mean of the returned values.

    Args:
        probabilities: [N, K]; an attribute is answered present from 0.5 on.
        labels: int8 [N, K], -1 unknown.
        datasets: [N], the data set of each row.
        vocabulary: its K ids are the columns.

    Returns:
        "<data set>/<task>" to accuracy, in the vocabulary's order.
    """
    accuracies = {}
    for dataset in vocabulary.datasets:
        rows = np.flatnonzero(datasets == dataset)
        for task in vocabulary.tasks(dataset):
            cells = np.ix_(rows, np.array([vocabulary.index[m] for m in task.members]))
            thresholds = np.full(len(task.members), 0.5)
            scores = task_scores(task, labels[cells], probabilities[cells], thresholds)
            if scores.n:
                accuracy = scores.values(scores.table.sum(axis=0)[None])["accuracy"]
                accuracies[f"{dataset}/{task.name}"] = float(accuracy[0])
    return accuracies


def _ratio(
    top: NDArray[np.floating], bottom: NDArray[np.number], empty: float = np.nan
) -> NDArray[np.float64]:
    return np.divide(top, bottom, out=np.full(top.shape, empty), where=bottom > 0)
