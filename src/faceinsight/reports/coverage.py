"""What calibrated models cannot tell: the figure, and the rows of the page's tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from faceinsight.data.registry import dataset_name
from faceinsight.reports.charts import (
    FAINT,
    OUTLINE,
    add_note,
    characteristic_name,
    metrics_frame,
    plain,
    style,
    variant_name,
    variant_style,
    with_whiskers,
)
from faceinsight.reports.tables import Cell, cell, interval, percent

_PANELS = {"coverage": "sets that hold the annotation", "single": "sets with one answer"}

_BANDS = {"all": "all ages", "children": "under 13", "adults": "13 to 64", "elderly": "65 or more"}
"""`evaluation.coverage.AGE_BANDS` in words."""


def calibrated(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Variant to its coverage, of those that have any; metrics of older versions have none."""
    return {name: of["coverage"] for name, of in metrics.items() if of.get("coverage")}


def _tasks(coverage: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for dataset, of in coverage["datasets"].items():
        for task, report in of["tasks"].items():
            yield dataset, task, report


def coverage_figure(metrics: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """How often sets hold the annotation, of all faces and of each group, and have one answer.

    Args:
        metrics: variant to its metrics, of which those with a `coverage` are shown.
    """
    shown = calibrated(metrics)
    tasks = list(dict.fromkeys((d, t) for of in shown.values() for d, t, _ in _tasks(of)))
    names = [f"{dataset_name(d)} · {t}" for d, t in tasks]
    figure = make_subplots(
        cols=2, shared_yaxes=True, horizontal_spacing=0.04, subplot_titles=list(_PANELS.values())
    )
    step = 0.64 / max(len(shown), 1)
    for position, (variant, of) in enumerate(shown.items()):
        colour, symbol = variant_style(variant, position)
        name, offset = plain(variant_name(variant)), (position - (len(shown) - 1) / 2) * step
        at = {task: number + offset for number, task in enumerate(tasks)}
        groups = [
            (at[d, t], group)
            for d, t, report in _tasks(of)
            for group in report["groups"]
            if min(group["faces"], group["n"]) >= of["minimum"]
        ]
        for panel, metric in enumerate(_PANELS, start=1):
            place: dict[str, Any] = {"row": 1, "col": panel}
            figure.add_scatter(
                x=[group[metric]["value"] for _, group in groups],
                y=[y for y, _ in groups],
                customdata=[plain(characteristic_name(group["group"])) for _, group in groups],
                name=f"groups of {of['minimum']} faces or more",
                legendgroup="groups",
                showlegend=panel == 1 and position == 0,
                mode="markers",
                marker={"symbol": "circle-open", "size": 6, "color": FAINT},
                hovertemplate=f"{name}, %{{customdata}}: %{{x:.1%}}<extra></extra>",
                **place,
            )
            found = [report[metric] for *_, report in _tasks(of)]
            values, whiskers = with_whiskers(metrics_frame(found))
            figure.add_scatter(
                x=values,
                y=[at[d, t] for d, t, _ in _tasks(of)],
                customdata=[f"{dataset_name(d)} · {t}" for d, t, _ in _tasks(of)],
                error_x=whiskers,
                name=name,
                legendgroup=name,
                showlegend=panel == 1,
                mode="markers",
                marker={"color": colour, "symbol": symbol, "size": 9, "line": OUTLINE},
                hovertemplate=f"%{{customdata}}<br>{name}: %{{x:.1%}}<extra></extra>",
                **place,
            )
    style(
        figure,
        "Coverage, and how often there is one answer",
        150 + 40 * max(len(tasks), 2),
        top=95,
        alt="Share of sets that hold the annotation, with intervals, beside what was asked for, "
        f"and of sets with one answer, for {len(tasks)} tasks. The table below has the numbers.",
    )
    figure.update_xaxes(tickformat=".0%")
    for level in {of["level"] for of in shown.values()}:
        figure.add_vline(x=level, line={"color": FAINT, "dash": "dot", "width": 1.2}, row=1, col=1)
    figure.update_yaxes(showgrid=False, range=[max(len(tasks), 1) - 0.5, -0.5])
    figure.update_yaxes(tickvals=list(range(len(tasks))), ticktext=names)
    return add_note(figure, "Dotted: the share of annotations that sets are made to hold.")


def coverage_tables(metrics: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of each calibrated variant `name`, `level`, `minimum`, and rows of `sets` and of `ages`."""
    return [
        {
            "name": variant_name(variant),
            "level": percent(of["level"], digits=0),
            "minimum": of["minimum"],
            "sets": [row for dataset in of["datasets"] for row in _rows(dataset, of)],
            "ages": [
                {
                    "name": f"{dataset_name(dataset)}, {_BANDS[band]}",
                    "n": f"{report['n']:,}",
                    "cells": [
                        _number(report["error"]),
                        cell(**report["coverage"]),
                        _number(report["width"]),
                    ],
                }
                for dataset, bands in of["age"].items()
                for band, report in bands.items()
            ],
        }
        for variant, of in calibrated(metrics).items()
    ]


def _rows(dataset: str, coverage: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each task of a data set, and where there are several one for all of them."""
    of = coverage["datasets"][dataset]
    for task, report in of["tasks"].items():
        enough = [
            group
            for group in report["groups"]
            if min(group["faces"], group["n"]) >= coverage["minimum"]
        ]
        cells = [cell(**report["coverage"]), _number(report["size"]), cell(**report["single"])]
        cells += [_least({g["group"]: g for g in enough}), _least(report["attributes"])]
        yield {"name": f"{dataset_name(dataset)} · {task}", "n": f"{report['n']:,}", "cells": cells}
    if len(of["tasks"]) > 1:
        cells = [cell(**of["coverage"]), *({"text": ""} for _ in range(4))]
        yield {"name": f"{dataset_name(dataset)}, all", "n": f"{of['n']:,}", "cells": cells}


def _least(reports: Mapping[str, Mapping[str, Any]]) -> Cell:
    """The least covered, by name; empty where there is none."""
    if not reports:
        return {"text": ""}
    id_ = min(reports, key=lambda one: reports[one]["coverage"]["value"])
    covered = reports[id_]["coverage"]
    ends = interval(covered["low"], covered["high"])
    text = f"{characteristic_name(id_)}: {percent(covered['value'])}"
    return {"text": text} | ({"interval": ends} if ends else {})


def _number(metric: Mapping[str, float | None]) -> Cell:
    """A metric that is no share, with its interval."""
    made: Cell = {"text": percent(metric["value"], digits=2, factor=1)}
    if metric["low"] is not None:
        made["interval"] = f"{metric['low']:.2f} to {metric['high']:.2f}"
    return made
