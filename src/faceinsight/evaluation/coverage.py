"""Coverage: how often what a calibrated model holds possible has the annotation among it.

A conformal set (`faceinsight.model.calibration`) that holds everything is always right, so its size
belongs to its coverage: of a group's set the classes in it, of a single characteristic's the
answers, 1 or 2. Sets that hold one answer are what the model can tell. Ages in years are measured
by the mean absolute error of the expected one, and the coverage and width of its interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.evaluation.bootstrap import Scale, basic_interval, resample_weights
from faceinsight.evaluation.group_rates import find_groups
from faceinsight.evaluation.metrics import Metric
from faceinsight.evaluation.scored import Scored
from faceinsight.evaluation.settings import EvaluationSettings, FairnessSettings
from faceinsight.method.characteristics import Task, Vocabulary
from faceinsight.method.labels import UNKNOWN

AGE_BANDS = {
    "all": (0, np.inf),
    "children": (0, 13),
    "adults": (13, 65),
    "elderly": (65, np.inf),
}
"""True ages from the first to below the second."""

SETS: dict[str, Scale] = {"coverage": "share", "size": "count", "single": "share"}
YEARS: dict[str, Scale] = {"error": "count", "coverage": "share", "width": "count"}
"""What is measured of sets, and of ages in years, in the order of the columns of a `_Table`."""

_Table = NDArray[np.float64]
"""[n, 4], a row a face: sums of three metrics over what is known of it, and how much that is."""

_Key = tuple[str, ...]


def measure_coverage(
    predictions: pd.DataFrame,
    vocabulary: Vocabulary,
    level: float,
    evaluation: EvaluationSettings | None = None,
    fairness: FairnessSettings | None = None,
) -> dict[str, Any] | None:
    """Measure what a calibrated model says it cannot tell.

    Intervals are bootstrapped over photographs. The groups of an axis are those that the data set
    annotates.

    Args:
        predictions: as `evaluate` takes them.
        vocabulary: the characteristics and tasks.
        level: share of annotations that the model's sets are meant to hold.
        evaluation: resamples, level and seed of the intervals.
        fairness: axes, and the smallest number of faces that is called the worst group.

    Returns:
        None where the predictions hold no sets. Else a dictionary that goes into JSON as it is:
        `level`, `minimum`;
        `datasets.<data set>`: `coverage` over the `n` sets of all its tasks, `worst` (the `task`,
        and the group of its faces, of which fewest are covered), and `tasks.<task>`: `n` (sets with
        a known annotation), `coverage`, `size`, `single` (the share of sets with one answer), each
        `{value, low, high}`, the same for each id of `attributes`, and for each group of `groups`
        with its `axis`, `group` and `faces`;
        `age.<data set>.<band of AGE_BANDS>`: `n`, `error` (mean absolute) and `width` in years, and
        the `coverage` of intervals.
        Tasks without a known annotation, and those that the model was not taught, are left out.

    Raises:
        ParameterError: the predictions are not of this form, or an axis names what is not there.
    """
    evaluation, fairness = evaluation or EvaluationSettings(), fairness or FairnessSettings()
    scored = Scored.from_frame(predictions, vocabulary)
    if scored.sets is None or scored.ages is None:
        return None
    found: dict[str, Any] = {
        "level": level,
        "minimum": fairness.minimum,
        "datasets": {},
        "age": {},
    }
    for dataset, rows in scored.rows.items():
        groups = find_groups(scored, dataset, fairness.axes, vocabulary)
        tables: dict[_Key, _Table] = {}
        for task in vocabulary.tasks(dataset):
            labels, sets = scored.labels[rows], scored.sets[rows]
            each = _of_task(task, vocabulary, labels, sets)
            if not each:
                continue
            tables[task.name, ""] = whole = sum(each.values(), np.zeros(1))
            if not task.one_of:
                tables |= {(task.name, id_): of for id_, of in each.items()}
            for number, group in enumerate(groups):
                inside = np.zeros((len(labels), 1), dtype=bool)
                inside[group.rows] = True
                tables[task.name, "", str(number)] = whole * inside
        wholes = [of for key, of in tables.items() if key[1:] == ("",)]
        tables["",] = sum(wholes, np.zeros((rows.stop - rows.start, 4)))
        measured = _measured(scored, dataset, tables, SETS, evaluation)
        tasks: dict[str, Any] = {}
        for (name, *of), one in measured.items():
            if of == [""]:
                tasks[name] = one | {"attributes": {}, "groups": []}
            elif len(of) == 1:
                tasks[name]["attributes"][of[0]] = one
            elif of:
                group = groups[int(of[1])]
                facts = {"axis": group.axis, "group": group.name, "faces": len(group.rows)}
                tasks[name]["groups"].append(facts | one)
        if tasks:
            found["datasets"][dataset] = {
                "n": measured["",]["n"],
                "coverage": measured["",]["coverage"],
                "worst": _worst(tasks, fairness.minimum),
                "tasks": tasks,
            }
        bands = _measured(scored, dataset, _of_ages(scored.ages[rows]), YEARS, evaluation)
        if bands:
            found["age"][dataset] = {band: of for (band,), of in bands.items()}
    return found


def _of_task(
    task: Task, vocabulary: Vocabulary, labels: NDArray[np.int8], sets: NDArray[np.int8]
) -> dict[str, _Table]:
    """Tables of the attributes of a task by id, or one of its class; of what was taught.

    Args:
        task: of the data set whose n faces these are.
        vocabulary: the K characteristics.
        labels: [n, K].
        sets: [n, K].
    """
    columns = [vocabulary.index[m] for m in task.members]
    if task.one_of:
        group = next(g for g in vocabulary.groups.values() if set(task.members) <= set(g))
        of_group = sets[:, [vocabulary.index[m] for m in group]]
        if (of_group == UNKNOWN).any():
            return {}
        true = labels[:, columns] == 1
        size = (of_group > 0).sum(axis=1)
        held = (true & (sets[:, columns] > 0)).any(axis=1)
        known = true.sum(axis=1) == 1
        return {"": np.stack([held, size, size == 1, known], axis=1) * known[:, None]}
    said, truth = sets[:, columns], labels[:, columns]
    known = (truth != UNKNOWN) & (said != UNKNOWN)
    either = said == 2
    counted = [either | (said == truth), 1 + either, ~either, known]
    table = np.stack(counted, axis=2).astype(np.float64) * known[:, :, None]
    taught = (said != UNKNOWN).any(axis=0)
    return {id_: table[:, c] for c, id_ in enumerate(task.members) if taught[c]}


def _of_ages(ages: NDArray[np.float32]) -> dict[_Key, _Table]:
    """Tables of the bands of ages; [n, 4] of true, expected, and ends of its interval."""
    true, expected, low, high = ages.astype(np.float64).T
    known = ~np.isnan(true + expected)
    covered = np.where(np.isnan(low), np.nan, (low <= true) & (true <= high))
    table = np.stack([np.abs(true - expected), covered, high - low, known], axis=1)
    return {
        (band,): np.where((known & (true >= first) & (true < last))[:, None], table, 0)
        for band, (first, last) in AGE_BANDS.items()
    }


def _measured(
    scored: Scored,
    dataset: str,
    tables: Mapping[_Key, _Table],
    metrics: Mapping[str, Scale],
    settings: EvaluationSettings,
) -> dict[_Key, dict[str, Any]]:
    """`n` and each metric with its interval, of the tables that something is known of."""
    rows = scored.rows[dataset]
    tables = {key: of for key, of in tables.items() if of[:, 3].any()}
    if not tables:
        return {}
    joined = np.hstack(list(tables.values()))
    drawn = [
        weights[:, rows].astype(np.float64) @ joined
        for weights in resample_weights(scored, settings.n_resamples, settings.seed)
    ]
    resampled = _means(np.concatenate([np.zeros((0, joined.shape[1])), *drawn]))
    points = _means(joined.sum(axis=0))
    found: dict[_Key, dict[str, Any]] = {}
    for number, (key, of) in enumerate(tables.items()):
        photographs = len(np.unique(scored.photographs[rows][of[:, 3] > 0]))
        found[key] = {"n": int(of[:, 3].sum())}
        for column, (name, scale) in enumerate(metrics.items()):
            value = float(points[number, column])
            if np.isnan(value):
                found[key][name] = Metric(None, None, None).to_json()
                continue
            values = resampled[:, number, column]
            ends = basic_interval(value, values, settings.level, scale, photographs)
            found[key][name] = Metric(value, *ends).to_json()
    return found


def _means(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of sums [..., 4 c] of c tables their metrics, [..., c, 3]; NaN over nothing."""
    of = sums.reshape(*sums.shape[:-1], -1, 4)
    n = of[..., 3:]
    return np.divide(of[..., :3], n, out=np.full((*n.shape[:-1], 3), np.nan), where=n > 0)


def _worst(tasks: Mapping[str, Any], minimum: int) -> dict[str, Any] | None:
    """The task and group of enough faces that is covered least; None where there is no group."""
    enough = [
        {"task": name} | group
        for name, task in tasks.items()
        for group in task["groups"]
        if min(group["faces"], group["n"]) >= minimum
    ]
    return min(enough, key=lambda group: group["coverage"]["value"], default=None)
