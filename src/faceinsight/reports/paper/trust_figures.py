"""Figures of fairness and calibration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from faceinsight.data.registry import dataset_name
from faceinsight.reports.charts import (
    BLUE,
    FAINT,
    GREY,
    INK,
    ORANGE,
    SEQUENCE,
    SYMBOLS,
    add_diagonal,
    add_reliability,
    characteristic_name,
    metrics_frame,
    plain,
    style,
    with_whiskers,
)

_RATES = {
    "accuracy": "accuracy",
    "false_positive": "wrongly given",
    "false_negative": "missed",
}
"""What a rate is in words."""


def accuracy_by_group(rates: pd.DataFrame) -> go.Figure:
    """Accuracy of every task in every group of faces, with intervals.

    Args:
        rates: `Fairness.rates`.
    """
    # An empty text comes back from a CSV file as null.
    of_all = rates["characteristic"].isna() | (rates["characteristic"] == "")
    rows = rates[(rates["rate"] == "accuracy") & of_all & rates["value"].notna()]
    places = list(
        dict.fromkeys(zip(rows["dataset"], rows["axis"], rows["group"], rows["faces"], strict=True))
    )
    names = [
        plain(f"{dataset_name(dataset)} · {axis}: {group_name(group)} ({faces:,})")
        for dataset, axis, group, faces in places
    ]
    number = {place[:3]: i for i, place in enumerate(places)}
    figure = go.Figure()
    tasks = list(dict.fromkeys(rows["task"]))
    for position, task in enumerate(tasks):
        of = rows[rows["task"] == task]
        values, whiskers = with_whiskers(of, factor=100)
        offset = (position - (len(tasks) - 1) / 2) * 0.16
        keys = zip(of["dataset"], of["axis"], of["group"], strict=True)
        figure.add_scatter(
            x=values,
            y=[number[key] + offset for key in keys],
            customdata=of["n"].tolist(),
            error_x=whiskers,
            name=plain(task),
            mode="markers",
            marker={
                "color": SEQUENCE[position % len(SEQUENCE)],
                "symbol": SYMBOLS[position % len(SYMBOLS)],
                "size": 7,
            },
            hovertemplate=f"{plain(task)}: %{{x:.1f}} % of %{{customdata:,}}<extra></extra>",
        )
    style(figure, "Accuracy by group (faces)", 140 + 24 * max(len(places), 2), top=80)
    figure.update_xaxes(ticksuffix=" %")
    return figure.update_yaxes(
        tickvals=list(range(len(places))),
        ticktext=names,
        range=[len(places) - 0.4, -0.6],
        tickfont={"size": 11},
    )


def largest_gaps(gaps: pd.DataFrame, named: int, compared: int, level: float) -> go.Figure:
    """The largest gaps between groups, with simultaneous intervals.

    Args:
        gaps: `Fairness.gaps`.
        named: most gaps to show.
        compared: `Fairness.compared`.
        level: of the intervals.
    """
    rows = gaps.head(named)
    values, whiskers = with_whiskers(rows, "gap", "gap_low", "gap_high", 100)
    figure = go.Figure(
        go.Scatter(
            x=values,
            y=[plain(name) for name in gap_names(rows)],
            error_x=whiskers,
            mode="markers",
            marker={"color": [BLUE if clear else GREY for clear in rows["clear"]], "size": 9},
            hovertemplate="%{y}: %{x:.1f} points<extra></extra>",
        )
    )
    title = f"Largest gaps of {compared:,} compared ({100 * level:g} % simultaneous intervals)"
    style(figure, title, 120 + 30 * max(len(rows), 2))
    figure.update_layout(meta=figure.layout.meta | {"min_width": 760})
    figure.update_xaxes(title_text="points of per cent", zeroline=True, zerolinecolor=FAINT)
    return figure.update_yaxes(autorange="reversed", tickfont={"size": 11}, dtick=1)


def gap_names(gaps: pd.DataFrame) -> list[str]:
    """Gaps in words: what is missed, wrongly given or right, and in which groups."""
    return [_gap_name({str(k): v for k, v in row.items()}) for row in gaps.to_dict("records")]


def _gap_name(row: Mapping[str, Any]) -> str:
    what = row["task"]
    if isinstance(row["characteristic"], str) and row["characteristic"]:
        what = f"{characteristic_name(row['characteristic'])} {_RATES[row['rate']]}"
    elif row["rate"] == "accuracy":
        what = f"{what} accuracy"
    return (
        f"{dataset_name(row['dataset'])}: {what}, {group_name(row['high_group'])} "
        f"{100 * row['high_value']:.1f} % of {row['high_n']:,}, {group_name(row['low_group'])} "
        f"{100 * row['low_value']:.1f} % of {row['low_n']:,}"
    )


def group_name(group: str) -> str:
    """A group of faces in words."""
    if group.startswith("not "):
        return f"not {group_name(group.removeprefix('not '))}"
    return characteristic_name(group).split(" (of ")[0]


def before_and_after(calibration: Mapping[str, Any]) -> go.Figure:
    """Reliability before and after temperature scaling, and calibration error by task.

    Args:
        calibration: from `faceinsight.evaluation.recalibration.recalibrate`.
    """
    overall = calibration["overall"]
    temperature = overall["temperature"]["value"]
    figure = make_subplots(
        cols=2,
        horizontal_spacing=0.2,
        subplot_titles=("reliability", "calibration error by task"),
    )
    add_diagonal(figure)
    ways = {
        "before": ("before", GREY, "circle"),
        "after": (f"T = {temperature:.2f}", BLUE, "square"),
    }
    for way, (name, colour, symbol) in ways.items():
        add_reliability(figure, overall[way]["bins"], name, colour, symbol)
    tasks = {name: of for name, of in calibration["tasks"].items() if of["n"]}
    # In two lines, which leave the panel to the left its place.
    names = ["all", *(plain(_task_name(name)).replace(" · ", "<br>") for name in tasks)]
    entries = [overall, *tasks.values()]
    own = any("after_own" in of for of in tasks.values())
    for way, (name, colour) in {
        "before": ("before", GREY),
        "after": (f"T = {temperature:.2f}", BLUE),
        "after_own": ("T of the task's own", ORANGE),
    }.items():
        if way == "after_own" and not own:
            continue
        found = metrics_frame(of.get(way, {}).get("ece", {}) for of in entries)
        values, whiskers = with_whiskers(found, factor=100)
        figure.add_bar(
            x=values,
            y=names,
            orientation="h",
            name=name,
            showlegend=way == "after_own",
            marker_color=colour,
            error_x=whiskers | {"color": INK},
            hovertemplate=f"%{{y}}, {name}: %{{x:.2f}} %<extra></extra>",
            row=1,
            col=2,
        )
    style(figure, "Temperature scaling, fitted on validation", 260 + 44 * len(names), top=90)
    figure.update_xaxes(range=[0, 1], tickformat=".0%", title_text="probability given", col=1)
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", title_text="share true", col=1)
    figure.update_xaxes(ticksuffix=" %", rangemode="tozero", col=2)
    return figure.update_yaxes(autorange="reversed", col=2)


def _task_name(name: str) -> str:
    dataset, task = name.split("/", 1)
    return f"{dataset_name(dataset)} · {task}"
