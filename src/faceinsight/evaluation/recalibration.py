"""How well probabilities are calibrated on test faces, before and after temperature scaling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.evaluation.bootstrap import Scale, basic_interval, resample_weights
from faceinsight.evaluation.calibration import Calibration, bin_edges
from faceinsight.evaluation.scored import Scored
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.evaluation.temperature import Temperatures, log_odds, scaled
from faceinsight.method.characteristics import Vocabulary

METRICS = ("ece", "loss", "brier")
"""Calibration error; mean cross-entropy (nats) and squared error of a label's probability."""

_Values = dict[str, NDArray[np.float64]]


class _Reliability:
    """Sums a face of one way to scale n faces' probabilities of k characteristics."""

    def __init__(
        self,
        probabilities: NDArray[np.float32],
        labels: NDArray[np.int8],
        settings: EvaluationSettings,
    ) -> None:
        known = labels >= 0
        edges = bin_edges(
            probabilities[known], settings.calibration_bins, adaptive=settings.adaptive_bins
        )
        self.calibration = Calibration(probabilities, labels, edges)
        logits, present = log_odds(probabilities), labels == 1
        loss = np.logaddexp(0, np.where(present, -logits, logits)) * known
        error = (probabilities - present.astype(np.float64)) ** 2 * known
        sums = np.stack([known.sum(axis=1), loss.sum(axis=1), error.sum(axis=1)], axis=1)
        self.table = np.hstack([self.calibration.table, sums.astype(np.float64)])

    def values(self, totals: NDArray[np.float64]) -> _Values:
        n, loss, error = totals[:, -3:].T
        empty = np.full_like(n, np.nan)
        return self.calibration.values(totals[:, :-3]) | {
            "loss": np.divide(loss, n, out=empty.copy(), where=n > 0),
            "brier": np.divide(error, n, out=empty.copy(), where=n > 0),
        }


def recalibrate(
    test: pd.DataFrame,
    temperatures: Temperatures,
    vocabulary: Vocabulary,
    settings: EvaluationSettings | None = None,
) -> dict[str, Any]:
    """Measure calibration on test predictions before and after temperature scaling.

    Args:
        test: predictions as `evaluate` takes them, none of which the temperatures were fitted on.
        temperatures: from `fit_temperatures`.
        vocabulary: the characteristics and tasks.
        settings: bins, resamples, level and seed.

    Returns:
        Plain values: `overall`, and in `tasks` one entry for each `<data set>/<task>`. Each has
        `n` known labels; `temperature` (a `Temperature`, fitted on validation labels); and for each
        way to scale the metrics `ece`, `loss` and `brier` as `{value, low, high}` and the `bins` of
        the reliability curve. The ways are `before`, `after` (the model's temperature) and, for a
        task with a temperature of its own, `after_own`. `change` holds the paired differences of
        `after` (or `after_own`) to `before`.

    Raises:
        ParameterError: the predictions are not of this form.
    """
    settings = settings or EvaluationSettings()
    scored = Scored.from_frame(test, vocabulary)
    ways = {
        "before": scored.probabilities,
        "after": scaled(scored.probabilities, temperatures.model.value),
    }
    parts = {"": _Part(scored, ways, slice(0, len(scored)), np.arange(len(vocabulary)), settings)}
    for dataset, rows in scored.rows.items():
        for task in vocabulary.tasks(dataset):
            columns = np.array([vocabulary.index[m] for m in task.members])
            of_ways = dict(ways)
            own = temperatures.tasks.get((dataset, task.name))
            if own is not None and own.n:
                of_ways["after_own"] = scaled(scored.probabilities, own.value)
            parts[f"{dataset}/{task.name}"] = _Part(scored, of_ways, rows, columns, settings)
    for weights in resample_weights(scored, settings.n_resamples, settings.seed):
        exact = weights.astype(np.float64)
        for part in parts.values():
            part.resample(exact)
    fitted = {f"{dataset}/{task}": asdict(t) for (dataset, task), t in temperatures.tasks.items()}
    reports = {name: part.report() for name, part in parts.items()}
    return {
        "settings": settings.model_dump(mode="json"),
        "overall": {"temperature": asdict(temperatures.model)} | reports.pop(""),
        "tasks": {
            name: {"temperature": fitted.get(name)} | report for name, report in reports.items()
        },
    }


class _Part:
    """Some faces' probabilities of some characteristics, each way they are scaled."""

    def __init__(
        self,
        scored: Scored,
        ways: Mapping[str, NDArray[np.float32]],
        rows: slice,
        columns: NDArray[np.int64],
        settings: EvaluationSettings,
    ) -> None:
        labels = scored.labels[rows][:, columns]
        self._rows, self._settings = rows, settings
        self._n = int((labels >= 0).sum())
        known = np.zeros(len(scored), dtype=np.bool_)
        known[rows] = (labels >= 0).any(axis=1)
        self._photographs = scored.count_photographs(known)
        self._ways = {
            way: _Reliability(p[rows][:, columns], labels, settings) for way, p in ways.items()
        }
        self._drawn: dict[str, list[_Values]] = {way: [] for way in ways}

    def resample(self, weights: NDArray[np.float64]) -> None:
        """Take down every metric under weights [r, N]."""
        for way, of in self._ways.items():
            self._drawn[way].append(of.values(weights[:, self._rows] @ of.table))

    def report(self) -> dict[str, Any]:
        """Every metric with its interval, the bins, and what scaling changed."""
        report: dict[str, Any] = {"n": self._n}
        for way, of in self._ways.items():
            metrics = {
                name: self._metric(self._point(way, name), self._resampled(way, name), name)
                for name in METRICS
            }
            report[way] = metrics | {"bins": of.calibration.bins()}
        last = list(self._ways)[-1]
        report["change"] = {
            name: self._metric(
                self._point(last, name) - self._point("before", name),
                self._resampled(last, name) - self._resampled("before", name),
                "change",
            )
            for name in METRICS
        }
        return report

    def _point(self, way: str, name: str) -> float:
        of = self._ways[way]
        return float(of.values(of.table.sum(axis=0)[None])[name][0])

    def _resampled(self, way: str, name: str) -> NDArray[np.float64]:
        return np.concatenate([chunk[name] for chunk in self._drawn[way]] or [np.zeros(0)])

    def _metric(
        self, value: float, resampled: NDArray[np.float64], name: str
    ) -> dict[str, float | None]:
        if np.isnan(value):
            return {"value": None, "low": None, "high": None}
        low: float | None
        high: float | None
        if name == "change":
            low, high = _plain_interval(value, resampled, self._settings.level)
        else:
            # Cross-entropy has no upper end, as a mean count has none.
            scale: Scale = "count" if name == "loss" else "share"
            low, high = basic_interval(
                value, resampled, self._settings.level, scale, self._photographs
            )
        return {"value": value, "low": low, "high": high}


def _plain_interval(
    value: float, resampled: NDArray[np.float64], level: float
) -> tuple[float, float] | tuple[None, None]:
    """The basic interval of a difference that has no bounds, [2 t - q_high, 2 t - q_low]."""
    resampled = resampled[~np.isnan(resampled)]
    if not resampled.size:
        return None, None
    high, low = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return min(2 * value - float(low), value), max(2 * value - float(high), value)
