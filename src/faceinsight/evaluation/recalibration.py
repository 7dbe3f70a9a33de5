"""How well probabilities are calibrated on test faces, before and after temperature scaling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.evaluation.bootstrap import Scale, basic_interval, resample_weights
from faceinsight.evaluation.calibration import Calibration, bin_edges
from faceinsight.evaluation.scored import Scored
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.evaluation.temperature import Temperature, Temperatures, log_odds, scaled
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
        self.n = int(known.sum())
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
        with np.errstate(invalid="ignore"):
            means = {"loss": loss / n, "brier": error / n}
        return self.calibration.values(totals[:, :-3]) | means


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
    columns = {"": np.arange(len(vocabulary))}
    faces = {"": slice(0, len(scored))}
    fitted: dict[str, Temperature | None] = {"": temperatures.model}
    for dataset, rows in scored.rows.items():
        for task in vocabulary.tasks(dataset):
            name = f"{dataset}/{task.name}"
            columns[name] = np.array([vocabulary.index[m] for m in task.members])
            faces[name] = rows
            fitted[name] = temperatures.tasks.get((dataset, task.name))
    measured: dict[tuple[str, str], _Reliability] = {}
    for name, rows in faces.items():
        own = fitted[name]
        ways = {"before": None, "after": temperatures.model}
        if name and own is not None and own.n:
            ways["after_own"] = own
        for way, at in ways.items():
            p = scored.probabilities if at is None else scaled(scored.probabilities, at.value)
            labels = scored.labels[rows][:, columns[name]]
            measured[name, way] = _Reliability(p[rows][:, columns[name]], labels, settings)
    drawn: dict[tuple[str, str], list[_Values]] = {key: [] for key in measured}
    for weights in resample_weights(scored, settings.n_resamples, settings.seed):
        exact = weights.astype(np.float64)
        for key, of in measured.items():
            drawn[key].append(of.values(exact[:, faces[key[0]]] @ of.table))
    reports = {}
    for name, rows in faces.items():
        known = np.zeros(len(scored), dtype=np.bool_)
        known[rows] = (scored.labels[rows][:, columns[name]] >= 0).any(axis=1)
        at = fitted[name]
        reports[name] = {"temperature": None if at is None else asdict(at)} | _report(
            {way: of for (part, way), of in measured.items() if part == name},
            {way: of for (part, way), of in drawn.items() if part == name},
            scored.count_photographs(known),
            settings.level,
        )
    return {
        "settings": settings.model_dump(mode="json"),
        "overall": reports.pop(""),
        "tasks": reports,
    }


def _report(
    ways: Mapping[str, _Reliability],
    drawn: Mapping[str, Sequence[_Values]],
    photographs: int,
    level: float,
) -> dict[str, Any]:
    """Every metric with its interval, the bins, and what scaling changed.

    Args:
        ways: way to scale to what is measured of it.
        drawn: the same to the metrics of the resamples, chunk by chunk.
        photographs: that the metrics are of.
        level: of the intervals.
    """
    report: dict[str, Any] = {"n": ways["before"].n}
    points = {way: of.values(of.table.sum(axis=0)[None]) for way, of in ways.items()}
    resampled = {
        way: {m: np.concatenate([chunk[m] for chunk in of] or [np.zeros(0)]) for m in METRICS}
        for way, of in drawn.items()
    }
    for way, of in ways.items():
        metrics = {}
        for name in METRICS:
            value = float(points[way][name][0])
            # Cross-entropy has no upper end, as a mean count has none.
            scale: Scale = "count" if name == "loss" else "share"
            ends = basic_interval(value, resampled[way][name], level, scale, photographs)
            metrics[name] = _metric(value, ends)
        report[way] = metrics | {"bins": of.calibration.bins()}
    last = list(ways)[-1]
    report["change"] = {}
    for name in METRICS:
        change = float(points[last][name][0] - points["before"][name][0])
        ends = _plain_interval(change, resampled[last][name] - resampled["before"][name], level)
        report["change"][name] = _metric(change, ends)
    return report


def _metric(value: float, ends: tuple[float | None, float | None]) -> dict[str, float | None]:
    low, high = (None, None) if np.isnan(value) else ends
    return {"value": None if np.isnan(value) else value, "low": low, "high": high}


def _plain_interval(
    value: float, resampled: NDArray[np.float64], level: float
) -> tuple[float, float] | tuple[None, None]:
    """The basic interval of a difference that has no bounds, [2 t - q_high, 2 t - q_low]."""
    resampled = resampled[~np.isnan(resampled)]
    if not resampled.size:
        return None, None
    high, low = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return min(2 * value - float(low), value), max(2 * value - float(high), value)
