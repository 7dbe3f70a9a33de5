"""Evaluate the predictions of one model: metrics, baselines, rules and calibration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.errors import ParameterError, RuleError
from faceinsight.evaluation.metrics import METRICS, Metric, Metrics, highest_in_group
from faceinsight.evaluation.scored import Scored
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.evaluation.tasks import AttributeScores, ClassScores
from faceinsight.method.characteristics import Task, Vocabulary

if TYPE_CHECKING:
    from faceinsight.method.rules.compiler import RuleSet

Shares = NDArray[np.floating] | Mapping[str, float | None]
"""Share of each characteristic in the training labels: [K] in the vocabulary's order, or by id.

NaN or None where nothing is known.
"""

Prevalence = NDArray[np.floating] | Mapping[str, Shares]
"""The same shares for every data set, or each one's own."""


def evaluate(
    predictions: pd.DataFrame,
    vocabulary: Vocabulary,
    ruleset: RuleSet,
    prevalence: Prevalence,
    settings: EvaluationSettings | None = None,
) -> dict[str, Any]:
    """Measure one model's predictions.

    Every metric is `{value, low, high}` with a basic bootstrap interval over photographs
    (`faceinsight.evaluation.bootstrap`); null where it is not defined, e.g. without faces.

    - Attributes: accuracy over all known labels; precision, recall and F1 per face, averaged.
    - One class of several: the member with the highest P; accuracy, macro precision, recall, F1.
      With a coherent readout, of both kinds the labels that the model hands out.
    - `map` of a task: the mean AP over its characteristics with a positive and a negative in the
      data set. A resample that draws no positive leaves the characteristic out.
    - `decoded_accuracy`: of the labels that contradict no rule.
    - `other_accuracy`: of the answers by the readout that is not the model's, at temperature 1.
    - `ece`: calibration error over the task's known labels.
    - Overall mAP: per characteristic over all faces with a known label, of whatever data set; then
      the mean over characteristics. Mean accuracy ("validation accuracy"): over all tasks of all
      data sets, each counting once.
    - Baselines: accuracy, precision, recall and F1 of always answering what is most frequent in the
      training labels, and the mAP of probabilities that say nothing, which is the mean prevalence.

    Args:
        predictions: one row a face: `dataset, photograph, face`, then `p_<id>`, `d_<id>`, `y_<id>`
            for every id of the vocabulary.
        vocabulary: the characteristics and tasks.
        ruleset: the rules whose violations are counted before and after decoding.
        prevalence: share of each characteristic among the known training labels.
        settings: thresholds, resamples, bins.

    Returns:
        A dictionary that goes into JSON as it is:
        `n`, `settings`;
        `datasets.<data set>`: `n` and `tasks.<task>`: `n`, `one_of`, `members`, `positives`,
        `metrics.<metric>`, `baselines.<metric>`, and of a class task `confusion` (rows: truth) of
        the most probable answers and `decoded_confusion` of the decoded labels;
        `overall`: `map`, `map_prevalence`, `mean_accuracy`, `mean_accuracy_majority`,
        `n_characteristics`;
        `rules`: for `thresholded`, `highest_in_group` (the most probable answers, which reports
        name first) and `decoded` answers the share of `faces` with a broken rule, the number of
        broken rules `per_face` and `n` in all, of the `counted` rules: those whose characteristics
        all have training labels; and `per_rule`, for every rule, whether it is `counted`;
        `calibration`: `ece` and `bins`;
        `per_characteristic.<id>`: `ap`, `prevalence`, `n`, `positives` by data set.

    Raises:
        ParameterError: the predictions are not of this form.
    """
    settings = settings or EvaluationSettings()
    scored = Scored.from_frame(predictions, vocabulary)
    by_dataset = _prevalence_by_dataset(prevalence, vocabulary)
    taught = np.zeros(len(vocabulary), dtype=np.bool_)
    for shares in by_dataset.values():
        taught |= ~np.isnan(shares)
    other = other_answers(scored, vocabulary, ruleset, taught)
    measured = Metrics(scored, vocabulary, settings, ruleset, taught, other)
    metrics = measured.with_intervals(settings)
    datasets: dict[str, Any] = {}
    for dataset, rows in scored.rows.items():
        tasks = {
            task.name: _task_report(
                task,
                scored.labels[rows][:, [vocabulary.index[m] for m in task.members]],
                by_dataset[dataset][[vocabulary.index[m] for m in task.members]],
                measured.tasks[dataset, task.name],
                {m: metrics["task", dataset, task.name, m] for m in METRICS},
            )
            for task in vocabulary.tasks(dataset)
        }
        datasets[dataset] = {"n": rows.stop - rows.start, "tasks": tasks}
    return {
        "n": len(scored),
        "settings": settings.model_dump(mode="json"),
        "datasets": datasets,
        "overall": _overall(measured, vocabulary, metrics, datasets),
        "rules": _rules(measured, ruleset, metrics),
        "calibration": {
            "ece": metrics["calibration", "ece"].to_json(),
            "bins": measured.calibration.bins(),
        },
        "per_characteristic": _per_characteristic(scored, vocabulary, metrics),
    }


def other_answers(
    scored: Scored, vocabulary: Vocabulary, ruleset: RuleSet, taught: NDArray[np.bool_]
) -> NDArray[np.bool_] | None:
    """Answers by the readout that is not the model's, bool [N, K].

    None where the predictions hold no energies, or where there are too many labels that break no
    rule to list them.
    """
    if scored.energies is None:
        return None
    if scored.readout == "coherent":
        return highest_in_group(scored.energies, 0.0, vocabulary)
    import torch

    from faceinsight.method.coherent import CoherentLayer

    learnt = [id_ for id_, known in zip(vocabulary.ids, taught, strict=True) if known]
    try:
        layer = CoherentLayer.from_rules(ruleset, vocabulary.groups, learnt)
    except RuleError:
        return None
    return (layer.labels(torch.from_numpy(scored.energies)) == 1).numpy()


def _prevalence_by_dataset(
    prevalence: Prevalence, vocabulary: Vocabulary
) -> dict[str, NDArray[np.floating]]:
    by_dataset: dict[str, NDArray[np.floating]] = {}
    for dataset in vocabulary.datasets:
        shares = prevalence.get(dataset, {}) if isinstance(prevalence, Mapping) else prevalence
        if isinstance(shares, Mapping):
            shares = np.array([shares.get(id_) for id_ in vocabulary.ids], dtype=np.float64)
        by_dataset[dataset] = np.asarray(shares, dtype=np.float64)
    for dataset, values in by_dataset.items():
        if values.shape != (len(vocabulary),):
            raise ParameterError(
                f"prevalence of {dataset}: shape {values.shape} does not fit a vocabulary of "
                f"{len(vocabulary)}"
            )
    return by_dataset


def _task_report(
    task: Task,
    labels: NDArray[np.int8],
    prevalence: NDArray[np.floating],
    scores: AttributeScores | ClassScores,
    metrics: Mapping[str, Metric],
) -> dict[str, Any]:
    report = {
        "n": scores.n,
        "one_of": task.one_of,
        "members": list(task.members),
        "positives": (labels == 1).sum(axis=0).tolist(),
        "metrics": {name: metric.to_json() for name, metric in metrics.items()},
        "baselines": _baselines(task, labels, prevalence),
    }
    if isinstance(scores, ClassScores):
        report["confusion"] = scores.confusion()
        report["decoded_confusion"] = scores.decoded_confusion
    return report


def _baselines(
    task: Task, labels: NDArray[np.int8], prevalence: NDArray[np.floating]
) -> dict[str, float | None]:
    """Values of constant answers; labels [n, k], prevalence [k] in the training labels."""
    baselines: dict[str, float | None] = dict.fromkeys(
        ("accuracy", "precision", "recall", "f1", "map")
    )
    scores: AttributeScores | ClassScores
    if task.one_of:
        if np.isnan(prevalence).all():
            return baselines | {"map": _mean_prevalence(labels)}
        answer = int(np.nanargmax(prevalence))
        scores = ClassScores(labels, np.full(len(labels), answer))
    else:
        scores = AttributeScores(labels, np.broadcast_to(prevalence >= 0.5, labels.shape))
    for metric, values in scores.values(scores.table.sum(axis=0)[None]).items():
        baselines[metric] = None if np.isnan(values[0]) else float(values[0])
    return baselines | {"map": _mean_prevalence(labels)}


def _mean_prevalence(labels: NDArray[np.int8]) -> float | None:
    """Mean share of positives over the columns that have a positive and a negative."""
    positives, known = (labels == 1).sum(axis=0), (labels >= 0).sum(axis=0)
    ranked = (positives > 0) & (positives < known)
    return float((positives[ranked] / known[ranked]).mean()) if ranked.any() else None


def _overall(
    measured: Metrics,
    vocabulary: Vocabulary,
    metrics: Mapping[tuple[str, ...], Metric],
    datasets: Mapping[str, Any],
) -> dict[str, Any]:
    majority = [
        task["baselines"]["accuracy"]
        for dataset in datasets.values()
        for task in dataset["tasks"].values()
        if task["n"] and task["baselines"]["accuracy"] is not None
    ]
    return {
        "map": metrics["overall", "map"].to_json(),
        "map_prevalence": _mean_prevalence(measured.scored.labels),
        "mean_accuracy": metrics["overall", "mean_accuracy"].to_json(),
        "mean_accuracy_majority": float(np.mean(majority)) if majority else None,
        "n_characteristics": len(measured.ranked()),
    }


def _rules(
    measured: Metrics, ruleset: RuleSet, metrics: Mapping[tuple[str, ...], Metric]
) -> dict[str, Any]:
    report: dict[str, Any] = {
        name: {
            "faces": metrics["rules", name, "faces"].to_json(),
            "per_face": metrics["rules", name, "per_face"].to_json(),
            "n": int(broken[:, measured.counted].sum()),
        }
        for name, broken in measured.broken.items()
    }
    report["counted"] = int(measured.counted.sum())
    counts = {name: broken.sum(axis=0) for name, broken in measured.broken.items()}
    report["per_rule"] = [
        {
            "rule": rule.text,
            "reason": rule.reason,
            "kind": str(rule.kind),
            "counted": bool(measured.counted[i]),
            **{name: int(count[i]) for name, count in counts.items()},
        }
        for i, rule in enumerate(ruleset.rules)
    ]
    return report


def _per_characteristic(
    scored: Scored, vocabulary: Vocabulary, metrics: Mapping[tuple[str, ...], Metric]
) -> dict[str, Any]:
    report = {}
    for column, id_ in enumerate(vocabulary.ids):
        labels = scored.labels[:, column]
        n = int((labels >= 0).sum())
        report[id_] = {
            "ap": metrics.get(("ap", id_), Metric(None, None, None)).to_json(),
            "prevalence": float((labels == 1).sum() / n) if n else None,
            "n": n,
            "positives": {
                dataset: int((labels[rows] == 1).sum())
                for dataset, rows in scored.rows.items()
                if (labels[rows] >= 0).any()
            },
        }
    return report
