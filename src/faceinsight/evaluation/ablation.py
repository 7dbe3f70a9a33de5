"""The ablation: what each part of the method adds, with paired intervals over the same faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from faceinsight.errors import ParameterError
from faceinsight.evaluation.metrics import Key
from faceinsight.evaluation.paired import MAP, MEAN_ACCURACY, PairedRuns
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.variants import COH, CORR, LABELS, in_order

COMPARED = {"map": (MAP, ""), "mean_accuracy": (MEAN_ACCURACY, "accuracy_")}
"""Metrics by their columns in the table, with their keys and what their differences begin with."""

DIFFERENCES = ("difference", "step", "behind")
"""To the first variant, to the one before, and to the best."""


class Ablation(NamedTuple):
    """What `compare` returns.

    Attributes:
        table: one row a variant: `variant`, `n` faces, `seeds`; `map, map_low, map_high,
            map_spread, map_prevalence` (mean over seeds, its interval over photographs and seeds,
            standard deviation between seeds; a baseline); `difference, difference_low,
            difference_high` (of mAP, to the first variant; null in its own row), `step...` (to the
            variant before) and `behind...` (to the one with the highest mAP) likewise;
            `mean_accuracy` with `_low`, `_high`, `_spread` and `accuracy_difference...`,
            `accuracy_step...`, `accuracy_behind...`, and `mean_accuracy_majority`;
            `faces_breaking_rules` (share of faces whose most probable
            answers break a rule, `highest_in_group` of `evaluate`, mean over seeds) and
            `violations_decoded` (number of broken rules after decoding, all seeds together); then
            `<data set>/<task>` accuracies, mean over seeds.
        characteristics: one row a characteristic with an AP: `id`, `n`, `prevalence`, `<variant>`
            (its AP) for each variant, and for the last against the first variant `difference`,
            `difference_low`, `difference_high`.
    """

    table: pd.DataFrame
    characteristics: pd.DataFrame


def compare(
    predictions: Mapping[str, Sequence[pd.DataFrame]],
    metrics: Mapping[str, Sequence[Mapping[str, Any]]],
    vocabulary: Vocabulary,
    settings: EvaluationSettings | None = None,
) -> Ablation:
    """Compare variants on the same faces.

    Differences have paired bootstrap intervals: each resample draws the same photographs, and the
    same seeds, for both variants, so what makes photographs easy or hard for both cancels.

    Args:
        predictions: variant (`org`, `seg`, `corr`, `lgc`, `coh`, or any other name, which then
            comes last) to its predictions, one table a seed, the same seeds for all.
        metrics: variant to what `evaluate` returned for them.
        vocabulary: the characteristics and tasks.
        settings: as for `evaluate`.

    Raises:
        ParameterError: there is no variant, a variant has no metrics or other seeds, or the
            variants were not predicted on the same faces and labels.
    """
    names = list(in_order(predictions))
    if not names:
        raise ParameterError("ablation: there are no predictions to compare")
    if missing := [name for name in names if name not in metrics]:
        raise ParameterError(f"ablation: variant '{missing[0]}' has predictions but no metrics")
    runs = PairedRuns({name: predictions[name] for name in names}, vocabulary, settings)

    def difference(name: str, to: str, key: Key, column: str) -> dict[str, float | None]:
        """With its paired interval; nothing to itself."""
        if name == to:
            return _ends(column, None, None, None)
        gap = runs.difference(to, name, key)
        return _ends(column, gap.value, gap.low, gap.high)

    rows = []
    best = {column: _best(runs, names, key) for column, (key, _) in COMPARED.items()}
    for above, name in zip([names[0], *names], names, strict=False):
        # With another loss it is +corr; nothing is added to +lgc.
        before = CORR.name if name == COH.name and CORR.name in names else above
        of = metrics[name]
        row: dict[str, Any] = {"variant": LABELS.get(name, name), "n": runs.n}
        row["seeds"] = runs.n_seeds
        for column, (key, prefix) in COMPARED.items():
            metric, by_seed = runs.metric(name, key), runs.by_seed(name, key)
            row |= _ends(column, metric.value, metric.low, metric.high)
            row[f"{column}_spread"] = by_seed.std(ddof=1) if len(by_seed) > 1 else None
            for gap, to in zip(DIFFERENCES, (names[0], before, best[column]), strict=True):
                row |= difference(name, to, key, prefix + gap)
        row["map_prevalence"] = of[0]["overall"]["map_prevalence"]
        row["mean_accuracy_majority"] = of[0]["overall"]["mean_accuracy_majority"]
        rules = [seed["rules"] for seed in of]
        row["faces_breaking_rules"] = _mean(r["highest_in_group"]["faces"]["value"] for r in rules)
        row["violations_decoded"] = sum(r["decoded"]["n"] for r in rules)
        for dataset, tasks in of[0]["datasets"].items():
            for task in tasks["tasks"]:
                row[f"{dataset}/{task}"] = _mean(
                    seed["datasets"][dataset]["tasks"][task]["metrics"]["accuracy"]["value"]
                    for seed in of
                )
        rows.append(row)

    labels = [LABELS.get(name, name) for name in names]
    known = metrics[names[-1]][0]["per_characteristic"]
    characteristics = []
    for id_ in runs.characteristics:
        aps = (float(runs.by_seed(name, ("ap", id_)).mean()) for name in names)
        characteristics.append(
            {"id": id_, "n": known[id_]["n"], "prevalence": known[id_]["prevalence"]}
            | dict(zip(labels, aps, strict=True))
            | difference(names[-1], names[0], ("ap", id_), "difference")
        )
    whole = ("n", "seeds", "violations_decoded")
    columns = ["id", "n", "prevalence", *labels, *_ends("difference", None, None, None)]
    return Ablation(
        _frame(pd.DataFrame(rows), "variant", whole),
        _frame(pd.DataFrame(characteristics, columns=columns), "id", ("n",)),
    )


def _best(runs: PairedRuns, names: Sequence[str], key: Key) -> str:
    """The variant with the highest mean over seeds, the first of equals."""
    return max(names, key=lambda name: np.nan_to_num(runs.by_seed(name, key).mean(), nan=-np.inf))


def _ends(
    column: str, value: float | None, low: float | None, high: float | None
) -> dict[str, float | None]:
    return {column: value, f"{column}_low": low, f"{column}_high": high}


def _mean(values: Any) -> float:
    return float(np.mean(np.array(list(values), dtype=np.float64)))


def _frame(frame: pd.DataFrame, text: str, whole: Sequence[str]) -> pd.DataFrame:
    """A frame whose numbers are float64 even where a whole column is null."""
    kinds = {str(name): "int64" if name in whole else "float64" for name in frame if name != text}
    return frame.astype(kinds)
