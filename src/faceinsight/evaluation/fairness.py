"""Fairness: does a model err as often for one group of people as for another?

Groups are those that the data set annotates, by how somebody saw the photograph; they are not what
people say of themselves. Accuracy, false positive and false negative rates are counted in every
group, with bootstrap intervals over photographs, and exact ones where no resample changes a rate
(0 or all of a few faces). Then all groups of an axis are compared in pairs.

Among many comparisons some gaps look large by chance. So the number of pairs that were looked at,
m, is part of the result, and a gap's interval is simultaneous: gap ± z se, with z the normal
quantile at 1 - (1 - level) / (2 m) (Bonferroni) and se from the bootstrap. With probability `level`
none of the m intervals misses its true gap, so neither does that of the largest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from faceinsight.evaluation.bootstrap import basic_interval, resample_weights
from faceinsight.evaluation.group_rates import Group, TaskRates, find_groups
from faceinsight.evaluation.scored import Scored
from faceinsight.evaluation.settings import EvaluationSettings, FairnessSettings
from faceinsight.method.characteristics import Vocabulary

RATE_COLUMNS = (
    *("dataset", "axis", "group", "faces", "task", "characteristic", "rate"),
    *("n", "value", "low", "high"),
)
GAP_COLUMNS = (
    *("dataset", "axis", "task", "characteristic", "rate", "high_group", "low_group"),
    *("high_n", "low_n", "high_value", "low_value", "gap", "gap_low", "gap_high", "clear"),
)


class Fairness(NamedTuple):
    """What `measure_fairness` returns.

    Attributes:
        rates: one row a data set, axis, group and rate: `faces` in the group; the rate's
            `task`, `characteristic` (empty for all of the task) and name; the `n` faces (or
            labels) that it is over, its `value`, and the ends of its interval.
        gaps: one row an axis and rate, for the two groups furthest apart among those with at least
            `minimum` faces: both groups with their n and value, the `gap`, its simultaneous
            interval, and `clear`: whether that leaves out 0. Clear ones first, then by size.
        compared: m, the number of pairs of groups that were compared.
    """

    rates: pd.DataFrame
    gaps: pd.DataFrame
    compared: int


@dataclass(frozen=True)
class _Counted:
    """A task's rates in the groups of one data set."""

    dataset: str
    rates: TaskRates
    groups: list[Group]
    totals: NDArray[np.float64]  # [g, 2 q], of the faces as they are
    photographs: NDArray[np.int64]  # [g, q], how many each rate is of
    resampled: NDArray[np.float64]  # [R, g, q], rates


def measure_fairness(
    predictions: pd.DataFrame,
    vocabulary: Vocabulary,
    evaluation: EvaluationSettings | None = None,
    settings: FairnessSettings | None = None,
) -> Fairness:
    """Compare error rates between groups, of a coherent model by the labels that it hands out.

    Args:
        predictions: as `evaluate` takes them.
        vocabulary: the characteristics and tasks.
        evaluation: thresholds, resamples, level and seed.
        settings: axes, and the smallest number of faces that is compared.

    Raises:
        ParameterError: the predictions are not of this form, or an axis names what is not there.
    """
    evaluation, settings = evaluation or EvaluationSettings(), settings or FairnessSettings()
    scored = Scored.from_frame(predictions, vocabulary)
    counted = list(_count(scored, vocabulary, evaluation, settings))
    rates = [row for of in counted for row in _rate_rows(of, evaluation.level)]
    pairs = [pair for of in counted for pair in _pairs(of, settings.minimum)]
    quantile = norm.ppf(1 - (1 - evaluation.level) / (2 * max(len(pairs), 1)))
    furthest: dict[tuple[str, ...], dict[str, Any]] = {}
    for pair in pairs:
        error = pair.pop("error")
        low, high = pair["gap"] - quantile * error, pair["gap"] + quantile * error
        unknown = bool(np.isnan(error))
        pair |= {
            "gap_low": None if unknown else max(low, -1.0),
            "gap_high": None if unknown else min(high, 1.0),
            "clear": bool(not unknown and low > 0),
        }
        key = tuple(pair[c] for c in ("dataset", "axis", "task", "characteristic", "rate"))
        if key not in furthest or pair["gap"] > furthest[key]["gap"]:
            furthest[key] = pair
    gaps = pd.DataFrame(list(furthest.values()), columns=list(GAP_COLUMNS))
    gaps = gaps.sort_values(["clear", "gap"], ascending=False, kind="stable", ignore_index=True)
    return Fairness(pd.DataFrame(rates, columns=list(RATE_COLUMNS)), gaps, len(pairs))


def _count(
    scored: Scored,
    vocabulary: Vocabulary,
    evaluation: EvaluationSettings,
    settings: FairnessSettings,
) -> Iterator[_Counted]:
    """Rates of every task in every group, as they are and resampled, one data set at a time."""
    thresholds = evaluation.thresholds_of(vocabulary.ids)
    coherent = scored.readout == "coherent"
    said = scored.decoded.astype(np.float32) if coherent else scored.probabilities
    for dataset, rows in scored.rows.items():
        groups = find_groups(scored, dataset, settings.axes, vocabulary)
        if not groups:
            continue
        rates = []
        for task in vocabulary.tasks(dataset):
            columns = [vocabulary.index[m] for m in task.members]
            labels, p = scored.labels[rows][:, columns], said[rows][:, columns]
            rates.append(TaskRates(task, labels, p, thresholds[columns]))
        chunks: list[list[NDArray[np.float64]]] = [[] for _ in rates]
        for weights in resample_weights(scored, evaluation.n_resamples, evaluation.seed):
            of_dataset = weights[:, rows]
            for number, of in enumerate(rates):
                # Whole numbers below 2^24: sums in float32 are exact.
                sums = [of_dataset[:, g.rows] @ of.table[g.rows] for g in groups]
                chunks[number].append(of.values(np.stack(sums, axis=1)))
        for number, of in enumerate(rates):
            yield _Counted(
                dataset,
                of,
                groups,
                np.stack([of.table[g.rows].sum(axis=0, dtype=np.float64) for g in groups]),
                np.stack([of.count(g.rows, scored.photographs[rows]) for g in groups]),
                np.concatenate(chunks[number] or [np.zeros((0, len(groups), len(of.rates)))]),
            )


def _rate_rows(of: _Counted, level: float) -> Iterator[dict[str, Any]]:
    values, n = of.rates.values(of.totals), np.split(of.totals, 2, axis=-1)[1]
    for g, group in enumerate(of.groups):
        facts: dict[str, Any] = {"dataset": of.dataset, "axis": group.axis, "group": group.name}
        facts["faces"] = len(group.rows)
        for r, rate in enumerate(of.rates.rates):
            value = float(values[g, r])
            found: tuple[float | None, ...] = (None, None, None)
            if not np.isnan(value):
                photographs = int(of.photographs[g, r])
                drawn = of.resampled[:, g, r]
                found = value, *basic_interval(value, drawn, level, photographs=photographs)
            ends = dict(zip(("value", "low", "high"), found, strict=True))
            yield facts | rate._asdict() | {"n": int(n[g, r])} | ends


def _pairs(of: _Counted, minimum: int) -> Iterator[dict[str, Any]]:
    """Every two groups of an axis that both have enough faces, with the standard error."""
    values, n = of.rates.values(of.totals), np.split(of.totals, 2, axis=-1)[1]
    for axis in dict.fromkeys(group.axis for group in of.groups):
        places = [
            g
            for g, group in enumerate(of.groups)
            if group.axis == axis and len(group.rows) >= minimum
        ]
        covariances = _covariances(of.resampled[:, places], values[places], of.photographs[places])
        for a, b in combinations(range(len(places)), 2):
            for r, rate in enumerate(of.rates.rates):
                one, other = places[a], places[b]
                if min(n[one, r], n[other, r]) < minimum:
                    continue
                if values[one, r] < values[other, r]:
                    one, other = other, one
                covariance = covariances[:, :, r]
                variance = covariance[a, a] + covariance[b, b] - 2 * covariance[a, b]
                yield (
                    {"dataset": of.dataset, "axis": axis}
                    | rate._asdict()
                    | {
                        "high_group": of.groups[one].name,
                        "low_group": of.groups[other].name,
                        "high_n": int(n[one, r]),
                        "low_n": int(n[other, r]),
                        "high_value": float(values[one, r]),
                        "low_value": float(values[other, r]),
                        "gap": float(values[one, r] - values[other, r]),
                        "error": float(np.sqrt(max(variance, 0.0))),
                    }
                )


def _covariances(
    resampled: NDArray[np.float64], values: NDArray[np.float64], n: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Covariances of the rates of g groups [g, g, q]; NaN without resamples.

    A rate of 0 or 1 is the same in every resample, which does not make it certain: its variance is
    that of a rate with two more photographs on either side (Agresti and Coull 1998).

    Args:
        resampled: [R, g, q].
        values: [g, q], of the faces as they are.
        n: [g, q], photographs that they are of.
    """
    if len(resampled) < 2:
        return np.full((len(values), *values.shape), np.nan)
    # A resample without any of the group's faces says nothing about it.
    drawn = ~np.isnan(resampled)
    mean = np.nansum(resampled, axis=0) / np.maximum(drawn.sum(axis=0), 1)
    centred = np.where(drawn, resampled - mean, 0.0)
    found = np.einsum("rgq,rhq->ghq", centred, centred, optimize=True) / (len(resampled) - 1)
    share = (np.nan_to_num(values) * n + 2) / (n + 4)
    least = share * (1 - share) / (n + 4)
    own = np.einsum("ggq->gq", found)  # a view of the variances
    own[...] = np.where(own > 0, own, least)
    return found
