"""Metrics as text, and results as rows of the report's tables."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from faceinsight.data.registry import DATA_SETS, dataset_name
from faceinsight.evaluation.ablation import COMPARED
from faceinsight.evaluation.metrics import METRICS
from faceinsight.reports.ablation_figures import compared
from faceinsight.reports.charts import METRIC_NAMES, characteristic_name, variant_name

NOTHING = "–"
"""Stands where a metric is not defined."""

Cell = dict[str, Any]
"""`text`, and where there is one an `interval`, a `mark` (`up` or `down`), and a `rank`."""


def percent(value: float | None, sign: bool = False, digits: int = 1, factor: float = 100.0) -> str:
    """0.9312 as 93.1; with `sign`, +93.1, which is in points where it is a difference."""
    if value is None or pd.isna(value):
        return NOTHING
    return f"{value * factor:{'+' if sign else ''}.{digits}f}"


def interval(low: float | None, high: float | None, sign: bool = False, digits: int = 1) -> str:
    """The ends of an interval, "93.1 to 94.2"; empty without one."""
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return ""
    return f"{percent(low, sign, digits)} to {percent(high, sign, digits)}"


def cell(
    value: float | None, low: float | None = None, high: float | None = None, sign: bool = False
) -> Cell:
    """A metric with its interval; a difference is marked if its interval leaves out 0."""
    made: Cell = {"text": percent(value, sign)}
    if low is not None and high is not None and (ends := interval(low, high, sign)):
        made["interval"] = ends
        if sign and (low > 0 or high < 0):
            made["mark"] = "up" if low > 0 else "down"
    return made


def ablation_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of the ablation table: variant, mAP, differences, mean accuracy, broken rules."""
    return [
        {
            "variant": row["variant"],
            "cells": [
                cell
                for metric, (_, prefix) in COMPARED.items()
                for cell in (
                    _over_seeds(row, metric) | _rank(row, f"{prefix}behind", len(table)),
                    _cell_of(row, f"{prefix}difference", sign=True),
                    _cell_of(row, f"{prefix}step", sign=True),
                )
            ],
            "breaking": percent(row["faces_breaking_rules"]),
            "decoded": f"{row['violations_decoded']:,}",
        }
        for row in table.to_dict("records")
    ]


def _cell_of(row: Mapping[Hashable, Any], name: str, sign: bool = False) -> Cell:
    # Older versions of the table have no differences to the variant before.
    return cell(row.get(name), row.get(f"{name}_low"), row.get(f"{name}_high"), sign)


def _over_seeds(row: Mapping[Hashable, Any], name: str) -> Cell:
    """A metric, with the deviation between seeds where there are several."""
    made = _cell_of(row, name)
    if row.get("seeds", 1) > 1:
        made["text"] += f" ± {percent(row[f'{name}_spread'])}"
    return made


def _rank(row: Mapping[Hashable, Any], behind: str, n: int) -> Cell:
    """Whether a variant of several is the best, or cannot be told from it."""
    if n < 2 or behind not in row or pd.isna(row["map"]):
        return {}
    if pd.isna(row[behind]):
        return {"rank": "best"}
    return {"rank": "not told from best"} if row[f"{behind}_high"] >= 0 else {}


def accuracy_rows(
    table: pd.DataFrame, metrics: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Accuracy by task (rows) and variant (columns), with the baseline."""
    rows = []
    for dataset, of in next(iter(metrics.values()))["datasets"].items():
        for task, report in of["tasks"].items():
            if report["n"]:
                rows.append(
                    {
                        "task": f"{dataset_name(dataset)} · {task}",
                        "n": f"{report['n']:,}",
                        "values": [percent(v) for v in table[f"{dataset}/{task}"]],
                        "baseline": percent(report["baselines"]["accuracy"]),
                    }
                )
    return rows


def metric_tables(metrics: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One table for each data set and task that has test faces: variants, the baseline last."""
    tables = []
    for dataset, of in next(iter(metrics.values()))["datasets"].items():
        for task, report in of["tasks"].items():
            if not report["n"]:
                continue
            reports = {v: m["datasets"][dataset]["tasks"][task] for v, m in metrics.items()}
            tables.append(
                {
                    "title": f"{dataset_name(dataset)} · {task}",
                    "n": f"{report['n']:,}",
                    "classes": len(report["members"]),
                    "kind": "classes, one of which holds"
                    if report["one_of"]
                    else "single characteristics",
                    "columns": [
                        f"{METRIC_NAMES[m]}, {'points' if m == 'ece' else '%'}" for m in METRICS
                    ],
                    "rows": [
                        (variant_name(v), [cell(**r["metrics"][m]) for m in METRICS])
                        for v, r in reports.items()
                    ],
                    "baseline": [percent(report["baselines"].get(m)) for m in METRICS],
                }
            )
    return tables


def rule_rows(
    labels: pd.DataFrame, metrics: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Each rule with its reason, and how often labels and most probable answers break it."""
    counted: dict[str, tuple[int, int]] = {}
    for text, decidable, broken in zip(
        labels["rule"], labels["decidable"], labels["broken"], strict=True
    ):
        before = counted.get(text, (0, 0))
        counted[text] = before[0] + int(decidable), before[1] + int(broken)
    columns = [{r["rule"]: r for r in m["rules"]["per_rule"]} for m in metrics.values()]
    rows = []
    for rule in next(iter(metrics.values()))["rules"]["per_rule"]:
        text = rule["rule"]
        decidable, broken = counted.get(text, (0, 0))
        rows.append(
            {
                "rule": text,
                "reason": rule["reason"],
                "kind": rule["kind"],
                "counted": _is_counted(rule),
                "labels": f"{broken:,} of {decidable:,}" if decidable else NOTHING,
                "variants": [
                    f"{of[text]['highest_in_group']:,}" if text in of else NOTHING for of in columns
                ],
                "decoded": sum(of[text]["decoded"] for of in columns if text in of),
            }
        )
    return rows


def rules_left_out(metrics: Mapping[str, Mapping[str, Any]]) -> int:
    """Rules that shares of faces do not count, since nobody annotates what they mention."""
    rules = next(iter(metrics.values()))["rules"]["per_rule"]
    return sum(not _is_counted(rule) for rule in rules)


def _is_counted(rule: Mapping[str, Any]) -> bool:
    # Metrics of older versions count every rule.
    return bool(rule.get("counted", True))


def split_rows(summary: pd.DataFrame) -> list[dict[str, Any]]:
    """Faces by data set and split, annotated characteristics, unknown labels, and whose split."""
    rows = []
    for dataset, of in summary.groupby("dataset", sort=False):
        faces = of.groupby("split")["faces"].max()
        labels = int(of["faces"].sum())
        reason = of["resplit"].iloc[0] if "resplit" in of else ""
        rows.append(
            {
                "dataset": dataset_name(str(dataset)),
                "splits": [f"{int(faces.get(split, 0)):,}" for split in ("train", "val", "test")],
                "characteristics": of["id"].nunique(),
                "unknown": percent(1 - of["known"].sum() / labels) if labels else NOTHING,
                "split": _split(str(dataset), labels, reason),
            }
        )
    return rows


def _split(dataset: str, labels: int, resplit: object) -> str:
    if not labels:
        return NOTHING
    if isinstance(resplit, str) and resplit:  # an empty text comes back from a file as null
        return resplit
    return DATA_SETS[dataset].split if dataset in DATA_SETS else "as its table says"


def characteristic_table(characteristics: pd.DataFrame) -> dict[str, Any]:
    """AP of every characteristic by variant, and the last one's difference to the first."""
    labels = compared(characteristics)
    return {
        "columns": labels,
        "rows": [
            {
                "name": characteristic_name(row["id"]),
                "n": f"{int(row['n']):,}",
                "prevalence": percent(row["prevalence"]),
                "aps": [percent(row[label]) for label in labels],
                "difference": _cell_of(row, "difference", sign=True),
            }
            for row in characteristics.to_dict("records")
        ],
    }


def flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested values as rows of dotted name and text, spelt as `--params` and YAML take them.

    Args:
        values: plain values, mappings and pydantic models.
        prefix: before each name.
    """
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        if hasattr(value, "model_dump"):
            value = value.model_dump(mode="json")
        if isinstance(value, Mapping) and value:
            rows += flat(value, f"{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            rows.append((name, text))
    return rows
