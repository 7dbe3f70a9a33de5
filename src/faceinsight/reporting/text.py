"""Results as plain text, for the end of a run in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from faceinsight.variants import LABELS

if TYPE_CHECKING:
    import pandas as pd


def ablation_text(ablation: pd.DataFrame) -> str:
    """The ablation as a table: a row a variant.

    Args:
        ablation: `Ablation.table` of `faceinsight.evaluation.compare`.
    """
    rows = [
        [
            "variant",
            "mAP [95 %]",
            "to org [95 %]",
            "mean accuracy",
            "faces breaking a rule",
            "rules broken, decoded",
        ]
    ]
    for row in ablation.to_dict("records"):
        rows.append(
            [
                LABELS.get(row["variant"], row["variant"]),
                _interval(row["map"], row["map_low"], row["map_high"]),
                _interval(
                    row["difference"], row["difference_low"], row["difference_high"], sign="+"
                ),
                _percent(row["mean_accuracy"]),
                _percent(row["faces_breaking_rules"]),
                str(int(row["violations_decoded"])),
            ]
        )
    prevalence = _percent(ablation["map_prevalence"].iloc[0])
    return (
        "\n".join(_aligned(rows))
        + f"\n(Test faces, per cent; predicting prevalence scores {prevalence} mAP. Rules are "
        "counted on the most probable answers, then on the labels made consistent.)"
    )


def metrics_text(metrics: Mapping[str, Any]) -> str:
    """One model's metrics as a table: a row a data set and task."""
    rows = [["data set", "task", "faces", "accuracy [95 %]", "majority", "mAP", "prevalence"]]
    for dataset, of in metrics["datasets"].items():
        for task, result in of["tasks"].items():
            if not result["n"]:
                continue
            accuracy, baselines = result["metrics"]["accuracy"], result["baselines"]
            rows.append(
                [
                    dataset,
                    task,
                    str(result["n"]),
                    _interval(accuracy["value"], accuracy["low"], accuracy["high"]),
                    _percent(baselines["accuracy"]),
                    _percent(result["metrics"]["map"]["value"]),
                    _percent(baselines["map"]),
                ]
            )
    return "\n".join(_aligned(rows))


def _percent(value: float | None, sign: str = "") -> str:
    return "-" if value is None or value != value else f"{100 * value:{sign}.1f}"


def _interval(value: float | None, low: float | None, high: float | None, sign: str = "") -> str:
    if value is None or value != value:
        return "-"
    return f"{_percent(value, sign)} [{_percent(low, sign)}, {_percent(high, sign)}]"


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(w) for cell, w in zip(r, widths, strict=True)) for r in rows]
