"""Results as plain text, for the end of a run in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from faceinsight.common.messages import aligned
from faceinsight.method.variants import LABELS

if TYPE_CHECKING:
    import pandas as pd


DRAWN = (
    "The faces are drawn by a program: this shows that the machinery works, not how well it does "
    "on photographs."
)
"""Said under every table of a run on drawn faces."""


def ablation_text(ablation: pd.DataFrame, level: float = 0.95, drawn: bool = False) -> str:
    """The ablation as a table: a row a variant, the baseline last.

    Args:
        ablation: `Ablation.table` of `faceinsight.evaluation.ablation`.
        level: of its intervals.
        drawn: the faces are drawn by this project.
    """
    first = ablation.iloc[0]
    rows = [
        [
            "variant",
            f"mAP [{level:.0%}]",
            f"points to {first['variant']} [{level:.0%}]",
            "mean accuracy",
            "faces breaking a rule",
            "rules broken, decoded",
        ]
    ]
    for row in ablation.to_dict("records"):
        rows.append(
            [
                LABELS.get(row["variant"], row["variant"]),
                _interval(
                    row["map"], row["map_low"], row["map_high"], spread=row.get("map_spread")
                ),
                _interval(
                    row["difference"], row["difference_low"], row["difference_high"], sign="+"
                ),
                _percent(row["mean_accuracy"]),
                _percent(row["faces_breaking_rules"]),
                str(int(row["violations_decoded"])),
            ]
        )
    # Older versions of the table do not have the second.
    baseline = _percent(first["map_prevalence"]), _percent(first.get("mean_accuracy_majority"))
    rows.append(["baseline", baseline[0], "-", baseline[1], "-", "-"])
    seeds = int(first.get("seeds", 1))
    of_seeds = (
        f"{seeds} seeds: mean ± deviation between them. "
        if seeds > 1
        else "One seed a variant: how far another would move a row is in no interval.\n "
    )
    note = (
        f"({of_seeds}"
        "Test faces, in per cent; differences in points of mAP. Intervals correct for mAP being "
        "too high on few faces.\n The baseline sees no picture. Faces breaking a rule: by the most "
        "probable answers, of +coh\n by its labels; rules of what no data set here annotates are "
        "not counted.)"
    )
    best = best_text(ablation)
    return "\n".join([*aligned(rows), note, *filter(None, [best, DRAWN * drawn])])


def best_text(ablation: pd.DataFrame) -> str:
    """Which variant is best by mAP and by mean accuracy, and which cannot be told from it.

    Args:
        ablation: `Ablation.table` of `faceinsight.evaluation.ablation`.

    Returns:
        Empty where there is nothing to compare.
    """
    told = []
    for name, metric in (("behind", "mAP"), ("accuracy_behind", "mean accuracy")):
        if len(ablation) < 2 or name not in ablation:  # older versions of the table lack them
            continue
        best = ablation.loc[ablation[name].isna(), "variant"]
        alike = ablation.loc[ablation[f"{name}_high"] >= 0, "variant"]
        if len(best) == 1:
            others = f" (not told from it: {', '.join(alike)})" if len(alike) else ""
            told.append(f"by {metric} {best.item()}{others}")
    return f"Best on these faces: {'; '.join(told)}." if told else ""


def metrics_text(metrics: Mapping[str, Any], drawn: bool = False) -> str:
    """One model's metrics as a table: a row a data set and task.

    Args:
        metrics: what `evaluate` returned.
        drawn: the faces are drawn by this project.
    """
    level = f"{metrics['settings']['level']:.0%}"
    head = f"data set|task|faces|accuracy [{level}]|baseline|mAP [{level}]|baseline"
    rows = [head.split("|")]
    for dataset, of in metrics["datasets"].items():
        for task, result in of["tasks"].items():
            if not result["n"]:
                continue
            accuracy, ranking = result["metrics"]["accuracy"], result["metrics"]["map"]
            rows.append(
                [
                    dataset,
                    task,
                    str(result["n"]),
                    _interval(accuracy["value"], accuracy["low"], accuracy["high"]),
                    _percent(result["baselines"]["accuracy"]),
                    _interval(ranking["value"], ranking["low"], ranking["high"]),
                    _percent(result["baselines"]["map"]),
                ]
            )
    note = "(Test faces, in per cent. The baseline sees no picture.)"
    return "\n".join([*aligned(rows), note, *([DRAWN] if drawn else [])])


def agreement_text(agreements: Mapping[str, Mapping[str, Any]]) -> str:
    """How far direct answers agree with the probabilities and speak of what was asked: two lines.

    Args:
        agreements: variant to what `evaluation.agreement.measure_agreement` returned.

    Returns:
        Empty where no variant learnt to answer.
    """
    direct = {name: of["direct"] for name, of in agreements.items() if of}
    if not direct:
        return ""
    agree, on_topic = (
        ", ".join(f"{LABELS.get(name, name)} {_percent(of[share])}" for name, of in direct.items())
        for share in ("agree_with_probabilities", "on_topic")
    )
    return (
        f"Statements of direct answers that agree with probabilities, in per cent: {agree}.\n"
        f"Direct answers to particular questions that speak of what was asked: {on_topic}."
    )


def _percent(value: float | None, sign: str = "") -> str:
    return "-" if value is None or value != value else f"{100 * value:{sign}.1f}"


def _interval(
    value: float | None,
    low: float | None,
    high: float | None,
    sign: str = "",
    spread: float | None = None,
) -> str:
    """A metric with its interval, and with the deviation between seeds where there are several."""
    if value is None or value != value:
        return "-"
    between = "" if spread is None or spread != spread else f" ± {_percent(spread)}"
    return f"{_percent(value, sign)}{between} [{_percent(low, sign)}, {_percent(high, sign)}]"
