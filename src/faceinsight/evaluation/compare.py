"""The ablation: what each part of the method adds, with paired intervals over the same faces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.errors import ParameterError
from faceinsight.evaluation.bootstrap import basic_interval
from faceinsight.evaluation.measures import Key, Measures
from faceinsight.evaluation.scored import Scored
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.variants import LABELS, in_order


class Ablation(NamedTuple):
    """What `compare` returns.

    Attributes:
        table: one row a variant: `variant`, `n`; `map, map_low, map_high, map_prevalence`;
            `difference, difference_low, difference_high` (of mAP, to the first variant; null in its
            own row); `mean_accuracy` with `_low`, `_high` and `accuracy_difference...` likewise,
            and `mean_accuracy_majority`; `faces_breaking_rules` (share of faces whose most probable
            answers break a rule, `highest_in_group` of `evaluate`) and `violations_decoded` (number
            of broken rules after decoding); then `<data set>/<task>` accuracies.
        characteristics: one row a characteristic with an AP: `id`, `n`, `prevalence`, `<variant>`
            (its AP) for each variant, and for the last against the first variant `difference`,
            `difference_low`, `difference_high`.
    """

    table: pd.DataFrame
    characteristics: pd.DataFrame


def compare(
    predictions: Mapping[str, pd.DataFrame],
    metrics: Mapping[str, Mapping[str, Any]],
    vocabulary: Vocabulary,
    settings: EvaluationSettings | None = None,
) -> Ablation:
    """Compare variants on the same faces.

    Differences have paired bootstrap intervals: each resample draws the same photographs for both
    variants, so what makes photographs easy or hard for both cancels.

    Args:
        predictions: variant (`org`, `seg`, `corr`, `lgc`, or any other name, which then comes
            last) to its predictions.
        metrics: variant to what `evaluate` returned for them.
        vocabulary: the characteristics and tasks.
        settings: as for `evaluate`.

    Raises:
        ParameterError: there is no variant, a variant has no metrics, or the variants were not
            predicted on the same faces and labels.
    """
    settings = settings or EvaluationSettings()
    names = list(in_order(predictions))
    if not names:
        raise ParameterError("ablation: there are no predictions to compare")
    if missing := [name for name in names if name not in metrics]:
        raise ParameterError(f"ablation: variant '{missing[0]}' has predictions but no metrics")
    first: Scored | None = None
    point: dict[str, dict[Key, float | None]] = {}
    resampled: dict[str, dict[Key, NDArray[np.float64]]] = {}
    for name in names:
        scored = Scored.from_frame(predictions[name], vocabulary)
        first = first or scored
        check_same_faces(first, scored, names[0], name)
        measures = Measures(scored, vocabulary, settings)
        point[name] = measures.point()
        resampled[name] = measures.resampled(settings.n_resamples, settings.seed)

    def difference(key: Key, name: str, prefix: str) -> dict[str, float | None]:
        """To the first variant, with its paired interval."""
        value, low, high = None, None, None
        now, before = point[name].get(key), point[names[0]].get(key)
        if name != names[0] and now is not None and before is not None:
            value = now - before
            if key in resampled[name]:
                gaps = resampled[name][key] - resampled[names[0]][key]
                low, high = basic_interval(
                    value, gaps, settings.level, "difference", measures.photographs(key)
                )
        return {prefix: value, f"{prefix}_low": low, f"{prefix}_high": high}

    rows = []
    for name in names:
        overall, rules = metrics[name]["overall"], metrics[name]["rules"]
        row: dict[str, Any] = {"variant": LABELS.get(name, name), "n": metrics[name]["n"]}
        row |= _spread("map", overall["map"]) | {"map_prevalence": overall["map_prevalence"]}
        row |= difference(("overall", "map"), name, "difference")
        row |= _spread("mean_accuracy", overall["mean_accuracy"])
        row |= difference(("overall", "mean_accuracy"), name, "accuracy_difference")
        row["mean_accuracy_majority"] = overall["mean_accuracy_majority"]
        row["faces_breaking_rules"] = rules["highest_in_group"]["faces"]["value"]
        row["violations_decoded"] = rules["decoded"]["n"]
        for dataset, of in metrics[name]["datasets"].items():
            for task, report in of["tasks"].items():
                row[f"{dataset}/{task}"] = report["metrics"]["accuracy"]["value"]
        rows.append(row)

    labels = [LABELS.get(name, name) for name in names]
    characteristics = []
    for id_, report in metrics[names[-1]]["per_characteristic"].items():
        if point[names[0]].get(("ap", id_)) is None:
            continue
        aps = {label: point[name]["ap", id_] for label, name in zip(labels, names, strict=True)}
        characteristics.append(
            {"id": id_, "n": report["n"], "prevalence": report["prevalence"]}
            | aps
            | difference(("ap", id_), names[-1], "difference")
        )
    return Ablation(_frame(rows, ["variant"]), _frame(characteristics, ["id"], labels))


def _spread(name: str, figure: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: figure["value"], f"{name}_low": figure["low"], f"{name}_high": figure["high"]}


def _frame(rows: list[dict[str, Any]], text: list[str], labels: list[str] | None = None) -> Any:
    """A frame whose numbers are float64 even where a whole column is null."""
    columns = ["id", "n", "prevalence", *(labels or []), "difference"]
    columns += ["difference_low", "difference_high"]
    frame = pd.DataFrame(rows, columns=None if rows else columns)
    whole = [name for name in ("n", "violations_decoded") if name in frame]
    numbers = [name for name in frame if name not in [*text, *whole]]
    return frame.astype(dict.fromkeys(numbers, "float64") | dict.fromkeys(whole, "int64"))


def check_same_faces(first: Scored, other: Scored, first_name: str, name: str) -> None:
    """Refuse to compare what was not predicted on the same faces and labels.

    Raises:
        ParameterError: `other` has other faces or labels than `first`.
    """
    if not first.faces.equals(other.faces):
        raise ParameterError(
            f"ablation: '{name}' was predicted on other faces than '{first_name}' "
            f"({len(other)} and {len(first)}); predict both on the same test part"
        )
    if not np.array_equal(first.labels, other.labels):
        raise ParameterError(
            f"ablation: '{name}' and '{first_name}' were predicted with other true labels; "
            "predict both from the same label tables"
        )
