"""The paper's Figure 8: what each component adds on one data set, and the sweep of omega."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.errors import ParameterError
from faceinsight.evaluation.bootstrap import basic_interval, resample_weights
from faceinsight.evaluation.ranking import Ranking
from faceinsight.evaluation.scored import Scored
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.reports.paper.numbers import claim

OMEGAS = (0.0, 0.2, 0.5, 0.8, 1.0)
"""The values of omega that Figure 8b compares."""

STEPS = {
    "seg_over_org": ("org", "seg"),
    "corr_over_seg": ("seg", "corr"),
    "corr_and_lgc_over_seg": ("seg", "lgc"),
    "lgc_over_org": ("org", "lgc"),
}
"""Steps between variants of which the paper gives the gain, by the names of its claims."""

SWEEP_COLUMNS = ("omega", "seed", "split", "accuracy", "map")
"""Columns of a sweep: one row an omega, seed and split (`val`, `test`); shares from 0 to 1."""


class DatasetAblation(NamedTuple):
    """What `ablation_on` returns.

    Attributes:
        characteristics: one row a characteristic that has an AP: `id`, `n`, `prevalence`, and for
            each variant `<variant>_ap` and `<variant>_accuracy`.
        steps: one row a step of `STEPS` whose variants are there: `step`, `before`, `after`,
            `paper` and `run` (gain in mAP, in points of per cent) with `run_low`, `run_high`.
    """

    characteristics: pd.DataFrame
    steps: pd.DataFrame


def ablation_on(
    dataset: str,
    predictions: Mapping[str, pd.DataFrame],
    vocabulary: Vocabulary,
    evaluation: EvaluationSettings | None = None,
) -> DatasetAblation:
    """AP and accuracy of every characteristic of a data set under each variant.

    Args:
        dataset: CelebA in the paper.
        predictions: variant to its predictions; all of the same faces.
        vocabulary: the characteristics.
        evaluation: thresholds, resamples, level and seed.

    Raises:
        ParameterError: the variants were not predicted on the same faces.
    """
    evaluation = evaluation or EvaluationSettings()
    ids = [m for task in vocabulary.tasks(dataset) for m in task.members]
    columns = np.array([vocabulary.index[id_] for id_ in ids])
    thresholds = np.array([evaluation.thresholds.get(i, evaluation.threshold) for i in ids])
    of = {
        name: Scored.from_frame(frame[(frame["dataset"] == dataset).to_numpy(bool)], vocabulary)
        for name, frame in predictions.items()
    }
    first = next(iter(of.values()))
    for name, scored in of.items():
        if not scored.faces.equals(first.faces):
            raise ParameterError(f"ablation on {dataset}: '{name}' was predicted on other faces")
    labels = first.labels[:, columns]
    ranked = [k for k in range(len(ids)) if (labels[:, k] == 1).any() and (labels[:, k] == 0).any()]
    rankings = {
        name: [_ranking(scored.probabilities[:, columns[k]], labels[:, k]) for k in ranked]
        for name, scored in of.items()
    }
    ones = np.ones((1, len(first)), np.float32)
    rows = []
    for place, k in enumerate(ranked):
        known = labels[:, k] >= 0
        row = {
            "id": ids[k],
            "n": int(known.sum()),
            "prevalence": float((labels[known, k] == 1).mean()),
        }
        for name, scored in of.items():
            said = scored.probabilities[:, columns[k]] >= thresholds[k]
            row[f"{name}_ap"] = float(rankings[name][place].average_precision(ones)[0])
            row[f"{name}_accuracy"] = float((said == (labels[:, k] == 1))[known].mean())
        rows.append(row)
    names = [f"{name}_{part}" for name in of for part in ("ap", "accuracy")]
    table = pd.DataFrame(rows, columns=["id", "n", "prevalence", *names])
    return DatasetAblation(table, _steps(first, rankings, evaluation))


def _steps(
    faces: Scored, rankings: Mapping[str, list[Ranking]], evaluation: EvaluationSettings
) -> pd.DataFrame:
    """The gain in mAP of every step, with its paired interval."""
    if not any(rankings.values()):
        rankings = {}

    def mean_ap(weights: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
        """mAP of each variant; what a resample draws no positive of is left out for all alike."""
        found = {
            n: np.stack([r.average_precision(weights) for r in of]) for n, of in rankings.items()
        }
        return {name: np.nanmean(values, axis=0) for name, values in found.items()}

    point = mean_ap(np.ones((1, len(faces)), np.float32)) if rankings else {}
    chunks = [
        mean_ap(weights)
        for weights in resample_weights(faces, evaluation.n_resamples, evaluation.seed)
    ]
    shown = faces.count_photographs(np.any(faces.labels == 1, axis=1))
    rows = []
    for step, (before, after) in STEPS.items():
        if before not in point or after not in point:
            continue
        gain = float(point[after][0] - point[before][0])
        low, high = None, None
        if chunks:
            drawn = np.concatenate([chunk[after] - chunk[before] for chunk in chunks])
            low, high = basic_interval(gain, drawn, evaluation.level, "difference", shown)
        run = [None if value is None else 100 * value for value in (gain, low, high)]
        rows.append((step, before, after, claim(step), *run))
    columns = ["step", "before", "after", "paper", "run", "run_low", "run_high"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype(dict.fromkeys(columns[3:], "float64"))


def _ranking(probabilities: NDArray[np.float32], labels: NDArray[np.int8]) -> Ranking:
    known = np.flatnonzero(labels >= 0)
    return Ranking(probabilities[known], labels[known] == 1, known)


def read_sweep(path: Path) -> pd.DataFrame:
    """Read what `experiments/omega.py` wrote.

    Raises:
        ParameterError: it is missing, or lacks a column.
    """
    if not path.is_file():
        raise ParameterError(f"paper.omega_sweep: there is no file {path}")
    sweep = pd.read_csv(path)
    if missing := [column for column in SWEEP_COLUMNS if column not in sweep]:
        raise ParameterError(f"{path}: the column '{missing[0]}' is missing")
    return sweep


def chosen_omega(sweep: pd.DataFrame, figure: str = "accuracy") -> float:
    """The omega with the best mean over seeds on validation data; the smallest where several are.

    Args:
        sweep: with the columns of `SWEEP_COLUMNS`.
        figure: `accuracy` or `map`.

    Raises:
        ParameterError: there is no validation part, or an omega lacks a seed that others have, so
            that means would not compare.
    """
    validation = sweep[sweep["split"] == "val"]
    if validation.empty:
        raise ParameterError("sweep of omega: there is no row of the val part to choose by")
    table = validation.pivot(index="omega", columns="seed", values=figure)
    missing_runs = np.argwhere(table.isna().to_numpy())
    if len(missing_runs):
        row, column = missing_runs[0]
        raise ParameterError(
            f"sweep of omega: {table.index[row]} was not run with seed {table.columns[column]}; "
            "run it too"
        )
    mean = table.mean(axis=1).sort_index()
    return float(mean.index[int(mean.to_numpy().argmax())])
