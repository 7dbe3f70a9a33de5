"""Figures of training and of what was measured on the test faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from faceinsight.data.registry import dataset_name
from faceinsight.reports.charts import (
    FAINT,
    METRIC_NAMES,
    OUTLINE,
    add_diagonal,
    add_reliability,
    metrics_frame,
    plain,
    style,
    variant_name,
    variant_style,
    with_whiskers,
)

CURVES = {
    "loss": "training loss",
    "bce": "cross-entropy (Eq. 3)",
    "logic": "logical loss (Eq. 9)",
    "coherent": "coherent loss",
    "eval_loss": "validation loss",
    "eval_accuracy": "validation accuracy",
}
"""Names in a training log that are drawn, and what they are."""


def learning_curves(curves: Mapping[str, pd.DataFrame]) -> go.Figure:
    """Parts of the training loss, and validation accuracy, by optimiser step.

    Args:
        curves: variant to its log with columns `step`, `epoch`, `name`, `value`; names other than
            those of `CURVES` are not drawn.
    """
    logged = {name for curve in curves.values() for name in curve["name"]}
    panels = [name for name in CURVES if name in logged] or ["loss"]
    columns = 2 if len(panels) == 4 else min(len(panels), 3)
    rows = -(-len(panels) // columns)
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[CURVES[name] for name in panels],
        horizontal_spacing=0.09,
        vertical_spacing=96 / (260 * rows),
    )
    for position, (variant, curve) in enumerate(curves.items()):
        colour, symbol = variant_style(variant, position)
        name = plain(variant_name(variant))
        first = True
        for number, panel in enumerate(panels):
            points = curve[curve["name"] == panel].sort_values("step")
            if points.empty:
                continue
            figure.add_scatter(
                x=points["step"].tolist(),
                y=points["value"].tolist(),
                customdata=points["epoch"].tolist(),
                name=name,
                legendgroup=name,
                showlegend=first,
                mode="lines+markers" if len(points) <= 30 else "lines",
                line={"color": colour, "width": 1.8},
                marker={"symbol": symbol, "size": 6},
                hovertemplate=(
                    f"{name}<br>step %{{x}}, epoch %{{customdata:.2f}}: %{{y:.4f}}<extra></extra>"
                ),
                row=number // columns + 1,
                col=number % columns + 1,
            )
            first = False
    style(
        figure,
        "Losses and validation accuracy",
        140 + 260 * rows,
        top=90,
        alt="Lines over optimiser steps: "
        + ", ".join(CURVES[name] for name in panels)
        + ". "
        + _best(curves),
    )
    for number, panel in enumerate(panels):
        place = {"row": number // columns + 1, "col": number % columns + 1}
        figure.update_xaxes(title_text="step", **place)
        figure.update_yaxes(tickformat=".0%" if panel == "eval_accuracy" else None, **place)
    return figure


def _best(curves: Mapping[str, pd.DataFrame]) -> str:
    """Each variant's highest validation accuracy, in words."""
    told = []
    for variant, curve in curves.items():
        found = curve.loc[curve["name"] == "eval_accuracy", "value"]
        if len(found):
            told.append(f"{variant_name(variant)} {found.max():.1%}")
    return f"Highest validation accuracy: {', '.join(told)}." if told else ""


def task_metrics(
    metrics: Mapping[str, Mapping[str, Any]], shown: Sequence[str] = ("accuracy", "f1", "map")
) -> go.Figure:
    """Metrics with their intervals for each data set and task, variants side by side.

    A grey tick marks the baseline, which sees no picture: always the most frequent answer of the
    training labels, and for mAP the prevalence.

    Args:
        metrics: variant to what `evaluate` returned.
        shown: metrics, one panel each.
    """
    tasks = [
        (dataset, task)
        for dataset, of in (next(iter(metrics.values()))["datasets"] if metrics else {}).items()
        for task, report in of["tasks"].items()
        if report["n"]
    ]
    names = [f"{dataset_name(d)} · {t}" for d, t in tasks]
    figure = make_subplots(
        cols=len(shown),
        shared_yaxes=True,
        horizontal_spacing=0.03,
        subplot_titles=[METRIC_NAMES[m] for m in shown],
    )
    step = 0.64 / max(len(metrics), 1)
    for panel, metric in enumerate(shown, start=1):
        baselines = [
            next(iter(metrics.values()))["datasets"][d]["tasks"][t]["baselines"].get(metric)
            for d, t in tasks
        ]
        figure.add_scatter(
            x=baselines,
            y=list(range(len(tasks))),
            customdata=names,
            name="baseline",
            legendgroup="baseline",
            showlegend=panel == 1,
            mode="markers",
            marker={"symbol": "line-ns-open", "size": 22, "color": FAINT, "line": {"width": 1.5}},
            hovertemplate="%{customdata}<br>baseline: %{x:.1%}<extra></extra>",
            row=1,
            col=panel,
        )
        for position, (variant, of) in enumerate(metrics.items()):
            colour, symbol = variant_style(variant, position)
            found = [of["datasets"][d]["tasks"][t]["metrics"][metric] for d, t in tasks]
            values, whiskers = with_whiskers(metrics_frame(found))
            offset = (position - (len(metrics) - 1) / 2) * step
            name = plain(variant_name(variant))
            figure.add_scatter(
                x=values,
                y=[number + offset for number in range(len(tasks))],
                customdata=names,
                error_x=whiskers,
                name=name,
                legendgroup=name,
                showlegend=panel == 1,
                mode="markers",
                marker={"color": colour, "symbol": symbol, "size": 7, "line": OUTLINE},
                hovertemplate=f"%{{customdata}}<br>{name}: %{{x:.1%}}<extra></extra>",
                row=1,
                col=panel,
            )
    style(
        figure,
        "Metrics by data set and task",
        150 + 58 * max(len(tasks), 2),
        top=95,
        alt=f"{', '.join(METRIC_NAMES[m] for m in shown)} of each variant with intervals, beside "
        f"the baseline, for {len(tasks)} tasks. The tables below have the numbers.",
    )
    figure.update_xaxes(tickformat=".0%", range=[-0.04, 1.04], tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_yaxes(showgrid=False, range=[max(len(tasks), 1) - 0.5, -0.5])
    figure.update_yaxes(tickvals=list(range(len(tasks))), ticktext=names)
    for line in range(1, len(tasks)):
        figure.add_hline(y=line - 0.5, line={"color": "#e6e8eb", "width": 1})
    return figure


def reliability_curve(metrics: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """Reliability: how often what is given probability p is true, and how often p is given.

    Args:
        metrics: variant to what `evaluate` returned.
    """
    figure = make_subplots(
        rows=2, shared_xaxes=True, row_heights=[0.72, 0.28], vertical_spacing=0.06
    )
    add_diagonal(figure, "perfect")
    for position, (variant, of) in enumerate(metrics.items()):
        colour, symbol = variant_style(variant, position)
        bins = of["calibration"]["bins"]
        name = plain(variant_name(variant))
        ece = of["calibration"]["ece"]["value"]
        label = name if ece is None else f"{name} (error {100 * ece:.1f} points)"
        add_reliability(figure, bins, name, colour, symbol).update(name=label, legendgroup=name)
        figure.add_scatter(
            x=[(b["low"] + b["high"]) / 2 for b in bins],
            y=[b["n"] for b in bins],
            name=name,
            legendgroup=name,
            showlegend=False,
            mode="lines",
            line={"color": colour, "width": 1.8, "shape": "hvh"},
            hovertemplate=f"{name}: %{{y:,}} labels<extra></extra>",
            row=2,
            col=1,
        )
    told = [
        f"{variant_name(v)} {100 * of['calibration']['ece']['value']:.1f} points"
        for v, of in metrics.items()
        if of["calibration"]["ece"]["value"] is not None
    ]
    style(
        figure,
        "Probabilities given, and labels that are true",
        540,
        top=80,
        alt="Share of labels that are true by the probability given, and how many labels are given "
        f"each. Calibration error: {', '.join(told)}.",
    )
    figure.update_xaxes(range=[0, 1], tickformat=".0%")
    figure.update_xaxes(title_text="probability given", row=2)
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", title_text="share true", row=1)
    return figure.update_yaxes(title_text="labels", rangemode="tozero", row=2)
