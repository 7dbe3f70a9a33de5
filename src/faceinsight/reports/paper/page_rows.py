"""Results as rows of the page's tables: texts, intervals, and what was not run."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from faceinsight.data.registry import dataset_name
from faceinsight.reports.charts import METRIC_NAMES, characteristic_name
from faceinsight.reports.paper.numbers import OURS, TABLES, surpassed_cells
from faceinsight.reports.paper.tables import RUN
from faceinsight.reports.paper.trust_figures import gap_names
from faceinsight.reports.tables import NOTHING, interval, percent
from faceinsight.rivals.naming import shown_name


def comparison(number: int, table: pd.DataFrame) -> dict[str, Any]:
    """One of Tables 1 to 5 for the page.

    Args:
        number: of the table.
        table: from `paper_table`; an empty text may have come back from CSV as null.

    Returns:
        `number`, `title`, `metrics` (names), and `groups`: a data set and task with `rows`, each
        `model` (the paper's), `called` (this run's, where its weights are not that model's),
        `ours`, `run` (whether), `n`, `note` and `cells`: `paper` (with `best` and
        `impossible`), `run`, `interval`, `difference`.
    """
    spec = next(t for t in TABLES if t.number == number)
    groups = []
    for (dataset, task), of in table.groupby(["dataset", "task"], sort=False):
        rows = [
            {
                "model": row["model"],
                "called": _called(row),
                "ours": row["model"] == OURS,
                "run": row["status"] == RUN,
                "n": f"{int(row['n']):,}" if not pd.isna(row["n"]) else "",
                "note": row["note"] if isinstance(row["note"], str) else "",
                "cells": [
                    {
                        "paper": percent(row[f"{metric}_paper"], digits=2, factor=1),
                        "best": row[f"{metric}_paper"] == of[f"{metric}_paper"].max(),
                        "impossible": bool(row["impossible"]) and metric == "f1",
                        "run": percent(row[f"{metric}_run"], digits=2, factor=1),
                        "interval": interval(
                            row[f"{metric}_low"] / 100, row[f"{metric}_high"] / 100
                        ),
                    }
                    for metric in spec.metrics
                ],
            }
            for row in of.to_dict("records")
        ]
        groups.append({"name": f"{dataset_name(str(dataset))} · {task}", "rows": rows})
    return {
        "number": number,
        "title": spec.title,
        "metrics": [METRIC_NAMES[metric] for metric in spec.metrics],
        "groups": groups,
    }


def _called(row: Mapping[Hashable, Any]) -> str:
    """Name of what was run, where it is not the model whose figures the paper prints; else ""."""
    name = shown_name(row["model"], row["weights"])
    return "" if name == row["model"] else name


def surpassed() -> list[str]:
    """The paper's cells in which another model is above FaceInsight, in words."""
    return [
        f"Table {row['table']}, {dataset_name(row['dataset'])} {row['task']}, "
        f"{METRIC_NAMES[row['metric']].lower()}: {row['model']} {row['value']:.2f}, "
        f"{OURS} {row['ours']:.2f}"
        for row in surpassed_cells().to_dict("records")
    ]


def other_rows(scores: pd.DataFrame) -> list[dict[str, str]]:
    """Rows of the table of other systems."""
    rows = []
    for row in scores.to_dict("records"):
        parts = ", ".join(
            f"{int(row[part]):,} {part}"
            for part in ("train", "val", "test")
            if not pd.isna(row[part]) and row[part]
        )
        apart = row["not_told_apart"] if isinstance(row["not_told_apart"], str) else ""
        never = row["never_answered"] if isinstance(row["never_answered"], str) else ""
        no_answer = int(row["refused"] + row["not in vocabulary"] + row["unmapped"])
        remarks = [
            f"{int(row['unmatched']):,} of {int(row['rows']):,} rows match no labelled face"
            if row["unmatched"]
            else "",
            f"{no_answer:,} without an answer, counted as wrong" if no_answer else "",
            f"not told apart: {_names(apart)}" if apart else "",
            f"never answered: {_names(never)}" if never else "",
        ]
        rows.append(
            {
                "system": row["system"],
                "task": f"{dataset_name(row['dataset'])} · {row['task']}",
                "labels": "its own" if row["labels"] == "own" else "the data set's",
                "scoring": f"{row['scoring']}, {int(row['classes'])}",
                "n": f"{int(row['n']):,}",
                "parts": parts or NOTHING,
                "accuracy": percent(row["accuracy"], digits=2),
                "interval": interval(row["accuracy_low"], row["accuracy_high"]),
                "f1": percent(row["f1"], digits=2),
                "majority": percent(row["majority"], digits=2),
                "remarks": "; ".join(filter(None, remarks)),
            }
        )
    return rows


def same_face_rows(table: pd.DataFrame) -> list[dict[str, str]]:
    """Rows of the comparison of models with other systems on the same faces."""
    return [
        {
            "system": row["system"],
            "model": row["model"],
            "task": f"{dataset_name(row['dataset'])} · {row['task']}",
            "scoring": row["scoring"],
            "n": f"{int(row['n']):,} of {int(row['rows']):,}",
            "system_accuracy": percent(row["system_accuracy"], digits=2),
            "model_accuracy": percent(row["model_accuracy"], digits=2),
            "difference": percent(row["difference"], True, 2),
            "interval": interval(row["difference_low"], row["difference_high"]),
        }
        for row in table.to_dict("records")
    ]


def gap_rows(gaps: pd.DataFrame, named: int) -> list[dict[str, Any]]:
    """The largest gaps in words."""
    rows = gaps.head(named)
    return [
        {
            "axis": row["axis"],
            "text": text,
            "gap": percent(row["gap"]),
            "interval": interval(row["gap_low"], row["gap_high"]),
            "clear": bool(row["clear"]),
        }
        for row, text in zip(rows.to_dict("records"), gap_names(rows), strict=True)
    ]


def calibration_rows(calibration: Mapping[str, Any]) -> list[dict[str, str]]:
    """Calibration error before and after temperature scaling, overall and by task."""
    rows = []
    for name, of in {"all": calibration["overall"], **calibration["tasks"]}.items():
        if not of["n"]:
            continue
        temperature, own = of["temperature"], of.get("after_own")
        dataset, _, task = name.partition("/")
        change = of["change"]["ece"]
        fitted = temperature is not None and temperature["n"]
        rows.append(
            {
                "task": f"{dataset_name(dataset)} · {task}" if task else "all",
                "n": f"{of['n']:,}",
                "temperature": f"{temperature['value']:.2f}" if fitted else NOTHING,
                "at_limit": "at the limit" if fitted and temperature["at_limit"] else "",
                "before": percent(of["before"]["ece"]["value"], digits=2),
                "after": percent(of["after"]["ece"]["value"], digits=2),
                "own": percent(own["ece"]["value"], digits=2) if own else NOTHING,
                "change": percent(change["value"], True, 2),
                "interval": interval(change["low"], change["high"], digits=2),
                "loss_before": percent(of["before"]["loss"]["value"], digits=4, factor=1),
                "loss_after": percent((own or of["after"])["loss"]["value"], digits=4, factor=1),
            }
        )
    return rows


def _names(ids: str) -> str:
    """Ids in a list, as words."""
    for separator in ("; ", ", ", " or "):
        if separator in ids:
            return separator.join(_names(part) for part in ids.split(separator))
    return characteristic_name(ids).split(" (of ")[0]
