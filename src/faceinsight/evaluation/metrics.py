"""All metrics of one model's predictions, as functions of weights on the faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from faceinsight.errors import ParameterError
from faceinsight.evaluation.bootstrap import Scale, basic_interval, resample_weights
from faceinsight.evaluation.calibration import Calibration, bin_edges
from faceinsight.evaluation.ranking import Ranking
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.evaluation.tasks import AttributeScores, ClassScores, task_scores
from faceinsight.method.characteristics import Task, Vocabulary

if TYPE_CHECKING:
    from faceinsight.evaluation.scored import Scored
    from faceinsight.method.rules.compiler import RuleSet

Key = tuple[str, ...]
"""Names one metric: ("task", data set, task, metric), ("overall", ...), ("ap", id), ..."""

METRICS = (
    "accuracy",
    "precision",
    "recall",
    "f1",
    "map",
    "decoded_accuracy",
    "other_accuracy",
    "ece",
)
"""The metrics of a task, in the order of reports."""


@dataclass(frozen=True)
class Metric:
    """A metric with the ends of its bootstrap interval; None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None

    def to_json(self) -> dict[str, float | None]:
        """Plain form, `{value, low, high}`."""
        return asdict(self)


class Metrics:
    """Everything that is measured on one model's predictions.

    Args:
        scored: the predictions.
        vocabulary: its ids are the columns.
        settings: thresholds and bins.
        ruleset: count violations too.
        other: bool [N, K], answers by the readout that is not the model's; None measures none.
        taught: bool [K], what some training label speaks of; shares of broken rules count the rules
            of these alone, as a model's word on the others is no more than a guess, and are not
            defined where there is no such rule. By default all.

    Attributes:
        tasks: (data set, task) to what is counted on the data set's rows.
        answers: labels before decoding ("thresholded": from each threshold on;
            "highest_in_group": the same, but the most probable member of each group; of a coherent
            model what it hands out) and after ("decoded"); bool [N, K] each.
        broken: the same three to the rules they break, bool [N, M]; empty without a rule set.
        counted: bool [M], the rules that mention taught characteristics alone.
        calibration: over all data sets.

    Raises:
        ParameterError: a threshold is given for what is no characteristic.
    """

    def __init__(
        self,
        scored: Scored,
        vocabulary: Vocabulary,
        settings: EvaluationSettings,
        ruleset: RuleSet | None = None,
        taught: NDArray[np.bool_] | None = None,
        other: NDArray[np.bool_] | None = None,
    ) -> None:
        self.scored = scored
        self._vocabulary = vocabulary
        thresholds = _thresholds(settings, vocabulary)
        edges = bin_edges(
            scored.probabilities[scored.labels >= 0],
            settings.calibration_bins,
            adaptive=settings.adaptive_bins,
        )
        self.calibration = Calibration(scored.probabilities, scored.labels, edges)
        self.tasks: dict[tuple[str, str], AttributeScores | ClassScores] = {}
        self._calibration: dict[tuple[str, str], Calibration] = {}
        self._tasks: dict[tuple[str, str], tuple[slice, Task]] = {}
        for dataset, rows in scored.rows.items():
            for task in vocabulary.tasks(dataset):
                columns = [vocabulary.index[m] for m in task.members]
                p = scored.probabilities[rows][:, columns]
                labels = scored.labels[rows][:, columns]
                decoded = scored.decoded[rows][:, columns]
                others = {"decoded_accuracy": decoded}
                if other is not None:
                    others["other_accuracy"] = other[rows][:, columns]
                key = dataset, task.name
                self._tasks[key] = rows, task
                said = decoded if scored.readout == "coherent" else None
                self.tasks[key] = task_scores(task, labels, p, thresholds[columns], others, said)
                self._calibration[key] = Calibration(p, labels, edges)
        self._rankings = {dataset: self._rank(rows) for dataset, rows in scored.rows.items()}
        self._pooled = self._rank(slice(0, len(scored)))
        self.answers = {
            "thresholded": scored.probabilities >= thresholds,
            "highest_in_group": (
                scored.decoded
                if scored.readout == "coherent"
                else highest_in_group(scored.probabilities, thresholds, vocabulary)
            ),
            "decoded": scored.decoded,
        }
        self.broken: dict[str, NDArray[np.bool_]] = {}
        if taught is None:
            taught = np.ones(len(vocabulary), dtype=np.bool_)
        rules = ruleset.rules if ruleset is not None else ()
        self.counted = np.array([taught[list(r.columns)].all() for r in rules], dtype=np.bool_)
        if ruleset is not None:
            self.broken = {name: ruleset.violated(of) for name, of in self.answers.items()}

    def _rank(self, rows: slice) -> dict[int, Ranking]:
        """Rankings of the columns that have a positive and a negative among these rows."""
        rankings = {}
        for column in range(len(self._vocabulary)):
            labels = self.scored.labels[rows, column]
            known = np.flatnonzero(labels >= 0)
            positive = labels[known] == 1
            if positive.any() and not positive.all():
                known += rows.start
                scores = self.scored.probabilities[known, column]
                rankings[column] = Ranking(scores, positive, known)
        return rankings

    def ranked(self, dataset: str | None = None) -> tuple[int, ...]:
        """Columns that have an AP, in one data set or over all that annotate them."""
        return tuple(self._pooled if dataset is None else self._rankings[dataset])

    def values(self, weights: NDArray[np.floating]) -> dict[Key, NDArray[np.float64]]:
        """Every metric under each of r weightings of the faces.

        Args:
            weights: [r, N].

        Returns:
            key to float64 [r]; NaN where there is nothing to count.
        """
        out: dict[Key, NDArray[np.float64]] = {}
        exact = weights.astype(np.float64, copy=False)
        by_dataset = {
            dataset: {c: ranking.average_precision(weights) for c, ranking in rankings.items()}
            for dataset, rankings in self._rankings.items()
        }
        accuracies = []
        for (dataset, name), (rows, task) in self._tasks.items():
            scores = self.tasks[dataset, name]
            found = scores.values(exact[:, rows] @ scores.table)
            calibration = self._calibration[dataset, name]
            found |= calibration.values(exact[:, rows] @ calibration.table)
            columns = (self._vocabulary.index[m] for m in task.members)
            ranked = [by_dataset[dataset][c] for c in columns if c in by_dataset[dataset]]
            found["map"] = mean_where_defined(ranked, len(weights))
            found.setdefault("other_accuracy", np.full(len(weights), np.nan))
            if scores.n:
                accuracies.append(found["accuracy"])
            out |= {("task", dataset, name, metric): found[metric] for metric in METRICS}
        pooled = {}
        for column, ranking in self._pooled.items():
            # What only one data set annotates has been measured already.
            (first, *others) = [d for d, found in by_dataset.items() if column in found] or [""]
            alone = not others and first and self._known_only_in(first, column)
            pooled[column] = (
                by_dataset[first][column] if alone else ranking.average_precision(weights)
            )
        out |= {("ap", self._vocabulary.ids[c]): values for c, values in pooled.items()}
        out["overall", "map"] = mean_where_defined(list(pooled.values()), len(weights))
        out["overall", "mean_accuracy"] = mean_where_defined(accuracies, len(weights))
        out["calibration", "ece"] = self.calibration.values(exact @ self.calibration.table)["ece"]
        n = exact.sum(axis=1)
        for name, of_all in self.broken.items():
            broken = of_all[:, self.counted]
            counts = np.stack([broken.any(axis=1), broken.sum(axis=1)], axis=1).astype(np.float64)
            with np.errstate(invalid="ignore"):
                share = (exact @ counts) / n[:, None]
            if not self.counted.any():
                share[:] = np.nan
            out["rules", name, "faces"], out["rules", name, "per_face"] = share.T
        return out

    def _known_only_in(self, dataset: str, column: int) -> bool:
        known = self.scored.labels[:, column] >= 0
        return bool(known.sum() == known[self.scored.rows[dataset]].sum())

    def point(self) -> dict[Key, float | None]:
        """Every metric of the faces as they are."""
        metrics = self.values(np.ones((1, len(self.scored))))
        return {k: None if np.isnan(of[0]) else float(of[0]) for k, of in metrics.items()}

    def resampled(self, n_resamples: int, seed: int) -> dict[Key, NDArray[np.float64]]:
        """Every metric in each of R bootstrap resamples; [R] each."""
        chunks = [self.values(w) for w in resample_weights(self.scored, n_resamples, seed)]
        if not chunks:
            return {}
        return {key: np.concatenate([chunk[key] for chunk in chunks]) for key in chunks[0]}

    def photographs(self, key: Key) -> int | None:
        """How many photographs a metric is of; of average precision those that show a positive.

        None for rules broken after decoding: that there are none is no finding but so by
        construction.
        """
        labels = self.scored.labels
        if key[:2] == ("rules", "decoded"):
            return None
        if key[0] == "ap":
            return self.scored.count_photographs(labels[:, self._vocabulary.index[key[1]]] == 1)
        if key[0] != "task":
            return self.scored.count_photographs(np.any(labels >= 0, axis=1))
        rows, task = self._tasks[key[1], key[2]]
        columns = [self._vocabulary.index[member] for member in task.members]
        least = 1 if task.one_of or key[3] == "map" else 0
        chosen = np.zeros(len(labels), dtype=np.bool_)
        chosen[rows] = (labels[rows][:, columns] >= least).any(axis=1)
        return self.scored.count_photographs(chosen)

    def with_intervals(self, settings: EvaluationSettings) -> Mapping[Key, Metric]:
        """Every metric with its interval, as `basic_interval` has it."""
        resampled = self.resampled(settings.n_resamples, settings.seed)
        metrics = {}
        for key, value in self.point().items():
            low, high = None, None
            if value is not None and key in resampled:
                scale: Scale = "count" if key[-1] == "per_face" else "share"
                low, high = basic_interval(
                    value, resampled[key], settings.level, scale, self.photographs(key)
                )
            metrics[key] = Metric(value, low, high)
        return metrics


def highest_in_group(
    probabilities: NDArray[np.floating],
    thresholds: NDArray[np.float64] | float,
    vocabulary: Vocabulary,
) -> NDArray[np.bool_]:
    """What reaches its threshold, and of each group the most probable member alone; [N, K]."""
    present = probabilities >= thresholds
    for members in vocabulary.groups.values():
        columns = np.array([vocabulary.index[m] for m in members])
        present[:, columns] = False
        best = columns[probabilities[:, columns].argmax(axis=1)]
        present[np.arange(len(present)), best] = True
    return present


def _thresholds(settings: EvaluationSettings, vocabulary: Vocabulary) -> NDArray[np.float64]:
    """Thresholds [K] in vocabulary order."""
    if unknown := [id_ for id_ in settings.thresholds if id_ not in vocabulary.index]:
        raise ParameterError(f"thresholds.{unknown[0]}: there is no such characteristic")
    return settings.thresholds_of(vocabulary.ids)


def mean_where_defined(rows: Sequence[NDArray[np.float64]], width: int) -> NDArray[np.float64]:
    """Mean over the rows that are defined; NaN where none is."""
    if not len(rows):
        return np.full(width, np.nan)
    values = np.stack(rows)
    defined = ~np.isnan(values)
    n = defined.sum(axis=0)
    total = np.where(defined, values, 0).sum(axis=0)
    return np.divide(total, n, out=np.full(width, np.nan), where=n > 0)
