"""Figures of training and of what was measured on the test faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from faceinsight.reporting.style import (
    BLUE,
    FAINT,
    INK,
    METRIC_NAMES,
    VERMILLION,
    characteristic_name,
    dataset_name,
    plain,
    style,
    variant_name,
    variant_style,
    whiskers,
)

CURVES = {
    "loss": "training loss",
    "bce": "cross-entropy (Eq. 3)",
    "logic": "logical loss (Eq. 9)",
    "eval_loss": "validation loss",
    "eval_accuracy": "validation accuracy",
}
"""Names in a training log that are drawn, and what they are."""

_ZERO = {sign + zero: "0" for sign in "+−" for zero in ("0%", "0.0%")}


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
        vertical_spacing=80 / (130 + 250 * rows),
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
    style(figure, "Learning curves", 130 + 250 * rows, top=90)
    for number, panel in enumerate(panels):
        place = {"row": number // columns + 1, "col": number % columns + 1}
        figure.update_xaxes(title_text="step", **place)
        figure.update_yaxes(tickformat=".0%" if panel == "eval_accuracy" else None, **place)
    return figure


def task_metrics(
    metrics: Mapping[str, Mapping[str, Any]], shown: Sequence[str] = ("accuracy", "f1", "map")
) -> go.Figure:
    """Metrics with their intervals for each data set and task, variants side by side.

    A grey tick marks the baseline: always the most frequent answer, or (mAP) the prevalence.

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
            values, lows, highs = ([f[k] for f in found] for k in ("value", "low", "high"))
            offset = (position - (len(metrics) - 1) / 2) * step
            name = plain(variant_name(variant))
            figure.add_scatter(
                x=values,
                y=[number + offset for number in range(len(tasks))],
                customdata=names,
                error_x=whiskers(values, lows, highs),
                name=name,
                legendgroup=name,
                showlegend=panel == 1,
                mode="markers",
                marker={"color": colour, "symbol": symbol, "size": 7},
                hovertemplate=f"%{{customdata}}<br>{name}: %{{x:.1%}}<extra></extra>",
                row=1,
                col=panel,
            )
    style(figure, "Metrics by data set and task", 150 + 58 * max(len(tasks), 2), top=95)
    figure.update_xaxes(tickformat=".0%", nticks=5)
    figure.update_yaxes(showgrid=False, range=[max(len(tasks), 1) - 0.5, -0.5])
    figure.update_yaxes(tickvals=list(range(len(tasks))), ticktext=names)
    for line in range(1, len(tasks)):
        figure.add_hline(y=line - 0.5, line={"color": "#e6e8eb", "width": 1})
    return figure


def ablation_overall(table: pd.DataFrame) -> go.Figure:
    """Overall mAP of each variant, and its difference to the first one, with intervals.

    Args:
        table: `Ablation.table`.
    """
    figure = make_subplots(
        cols=2,
        horizontal_spacing=0.12,
        subplot_titles=("overall mAP", f"difference to {_first(table)}, paired interval"),
    )
    names = [plain(v) for v in table["variant"]]
    colours = [variant_style(v.lstrip("+"), i)[0] for i, v in enumerate(table["variant"])]
    values, lows, highs = (_column(table, f"map{end}") for end in ("", "_low", "_high"))
    figure.add_bar(
        x=names,
        y=values,
        error_y=whiskers(values, lows, highs) | {"color": INK},
        marker_color=colours,
        text=["" if v is None else f"{v:.1%}" for v in values],
        textposition="inside",
        insidetextanchor="start",
        textangle=0,
        showlegend=False,
        hovertemplate="%{x}: %{y:.2%}<extra></extra>",
        row=1,
        col=1,
    )
    others = table.iloc[1:]
    values, lows, highs = (_column(others, f"difference{end}") for end in ("", "_low", "_high"))
    figure.add_scatter(
        x=names[1:],
        y=values,
        error_y=whiskers(values, lows, highs),
        mode="markers",
        marker={"color": colours[1:], "size": 10},
        showlegend=False,
        hovertemplate="%{x}: %{y:+.2%}<extra></extra>",
        row=1,
        col=2,
    )
    figure.add_hline(y=0, line={"color": FAINT, "width": 1}, row=1, col=2)
    style(figure, "Ablation", 380, top=75)
    if len(table) and pd.notna(prevalence := table["map_prevalence"].iloc[0]):
        figure.add_hline(
            y=float(prevalence),
            line={"color": VERMILLION, "dash": "dash", "width": 1.5},
            annotation={"text": "prevalence", "font": {"color": VERMILLION, "size": 12}},
            row=1,
            col=1,
        )
    figure.update_yaxes(tickformat=".0%", title_text="mAP", rangemode="tozero", col=1)
    figure.update_yaxes(tickformat="+.1%", labelalias=_ZERO, title_text="difference in mAP", col=2)
    figure.update_xaxes(showgrid=False, title_text="variant")
    figure.update_xaxes(type="category", range=[-0.6, max(len(others), 1) - 0.4], col=2)
    return figure


def ablation_by_characteristic(characteristics: pd.DataFrame) -> go.Figure:
    """Difference in AP of the last variant to the first for each characteristic, sorted.

    Args:
        characteristics: `Ablation.characteristics`.
    """
    rows = characteristics.sort_values("difference", ascending=True, na_position="first")
    names = [characteristic_name(i) for i in rows["id"]]
    values, lows, highs = (_column(rows, f"difference{end}") for end in ("", "_low", "_high"))
    labels = [
        name
        for name in characteristics
        if name not in ("id", "n", "prevalence") and not str(name).startswith("difference")
    ]
    first, last = (plain(str(labels[0])), plain(str(labels[-1]))) if labels else ("", "")
    figure = go.Figure(
        go.Bar(
            x=values,
            y=names,
            orientation="h",
            error_x=whiskers(values, lows, highs) | {"color": "#9aa1a9", "width": 0},
            marker_color=[VERMILLION if v is not None and v < 0 else BLUE for v in values],
            customdata=rows[[labels[0], labels[-1], "n"]].to_numpy() if labels else None,
            hovertemplate=(
                f"%{{y}}: %{{x:+.1%}}<br>AP {first} %{{customdata[0]:.1%}}, "
                f"{last} %{{customdata[1]:.1%}}<br>%{{customdata[2]:,}} faces<extra></extra>"
            ),
        )
    )
    style(
        figure, f"Average precision by characteristic: {last} against {first}", 130 + 16 * len(rows)
    )
    figure.update_xaxes(tickformat="+.0%", labelalias=_ZERO, title_text="difference in AP")
    figure.update_xaxes(zeroline=True, zerolinecolor=FAINT)
    return figure.update_yaxes(tickfont={"size": 11}, showgrid=False, dtick=1)


def reliability_curve(metrics: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """Reliability: how often what is given probability p is true, and how often p is given.

    Args:
        metrics: variant to what `evaluate` returned.
    """
    figure = make_subplots(
        rows=2, shared_xaxes=True, row_heights=[0.72, 0.28], vertical_spacing=0.06
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": FAINT, "dash": "dot", "width": 1.2},
        name="perfect",
        hoverinfo="skip",
        row=1,
        col=1,
    )
    for position, (variant, of) in enumerate(metrics.items()):
        colour, symbol = variant_style(variant, position)
        bins = of["calibration"]["bins"]
        filled = [b for b in bins if b["n"]]
        name = plain(variant_name(variant))
        ece = of["calibration"]["ece"]["value"]
        label = name if ece is None else f"{name} (error {ece:.1%})"
        figure.add_scatter(
            x=[b["probability"] for b in filled],
            y=[b["frequency"] for b in filled],
            customdata=[b["n"] for b in filled],
            name=label,
            legendgroup=name,
            mode="lines+markers",
            line={"color": colour, "width": 1.8},
            marker={"symbol": symbol, "size": 7},
            hovertemplate=(
                f"{name}: said %{{x:.1%}}, true %{{y:.1%}}<br>"
                "%{customdata:,} labels<extra></extra>"
            ),
            row=1,
            col=1,
        )
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
    style(figure, "Calibration", 540, top=80)
    figure.update_xaxes(range=[0, 1], tickformat=".0%")
    figure.update_xaxes(title_text="probability given", row=2)
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", title_text="share true", row=1)
    return figure.update_yaxes(title_text="labels", rangemode="tozero", row=2)


def _column(table: pd.DataFrame, name: str) -> list[float | None]:
    return [None if pd.isna(v) else float(v) for v in table[name]]


def _first(table: pd.DataFrame) -> str:
    return plain(str(table["variant"].iloc[0])) if len(table) else "the first"
