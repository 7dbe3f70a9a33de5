"""Figures of what the models learn from: data sets, the correlation prior, the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from faceinsight.reporting.style import (
    BLUE,
    FAINT,
    GREY,
    INK,
    ORANGE,
    SHADES,
    SKY,
    VERMILLION,
    characteristic_name,
    dataset_name,
    plain,
    shortened,
    style,
    variant_name,
    variant_style,
    whiskers,
)

ANSWERS = {
    "thresholded": "P from the threshold on",
    "highest_in_group": "the same, one member a group",
    "decoded": "decoded",
}
"""The three ways to turn probabilities into labels, by the names that `evaluate` gives them."""

_KINDS = {"exclusion": "Exclusions", "link": "Links between vocabularies", "group": "Groups"}


def dataset_composition(summary: pd.DataFrame) -> go.Figure:
    """Faces in each split of each data set, and the share of its labels that is unknown.

    Args:
        summary: from `summaries.dataset_summary`.
    """
    datasets = list(dict.fromkeys(summary["dataset"]))[::-1]
    names = [dataset_name(d) for d in datasets]
    figure = make_subplots(
        cols=2,
        shared_yaxes=True,
        column_widths=[0.65, 0.35],
        horizontal_spacing=0.06,
        subplot_titles=("faces (logarithmic)", "unknown labels"),
    )
    for split, colour in (("test", ORANGE), ("val", SKY), ("train", BLUE)):
        faces = (
            summary[summary["split"] == split].groupby("dataset")["faces"].max().reindex(datasets)
        )
        counts = [None if pd.isna(n) or n == 0 else int(n) for n in faces]
        figure.add_bar(
            x=counts,
            y=names,
            name=split,
            marker_color=colour,
            orientation="h",
            text=["" if n is None else f"{n:,}" for n in counts],
            textposition="outside",
            textfont={"size": 11, "color": FAINT},
            cliponaxis=False,
            hovertemplate=f"%{{y}}, {split}: %{{x:,}} faces<extra></extra>",
        )
    sums = summary.groupby("dataset")[["faces", "known"]].sum().reindex(datasets)
    unknown = 1 - sums["known"] / sums["faces"].where(sums["faces"] > 0)
    figure.add_bar(
        x=[None if pd.isna(u) else u for u in unknown],
        y=names,
        marker_color=GREY,
        orientation="h",
        showlegend=False,
        width=0.4,
        hovertemplate="%{y}: %{x:.1%} of labels unknown<extra></extra>",
        row=1,
        col=2,
    )
    style(figure, "Data sets", 150 + 62 * max(len(datasets), 1), top=90)
    figure.update_layout(legend={"traceorder": "reversed"})
    figure.update_xaxes(
        type="log", title_text="faces", tickformat="~s", nticks=6, tickangle=0, col=1
    )
    figure.update_xaxes(tickformat=".0%", title_text="share", rangemode="tozero", col=2)
    return figure


def prevalence_heat_map(summary: pd.DataFrame, split: str = "train") -> go.Figure:
    """How common each characteristic is in each data set, among known labels.

    Args:
        summary: from `summaries.dataset_summary`.
        split: whose labels are counted.
    """
    rows = summary[(summary["split"] == split) & (summary["known"] > 0)]
    ids = list(dict.fromkeys(summary["id"]))[::-1]
    datasets = list(dict.fromkeys(summary["dataset"]))
    share = (rows["present"] / rows["known"]).to_numpy(dtype=np.float64)
    table = pd.DataFrame({"id": rows["id"], "dataset": rows["dataset"], "share": share}).pivot(
        index="id", columns="dataset", values="share"
    )
    z = table.reindex(index=ids, columns=datasets).to_numpy(dtype=np.float64)
    figure = go.Figure(
        go.Heatmap(
            z=_cells(z),
            x=[dataset_name(d) for d in datasets],
            y=[characteristic_name(i) for i in ids],
            colorscale=SHADES,
            zmin=0,
            zmax=1,
            colorbar={"title": "share", "tickformat": ".0%", "thickness": 12},
            xgap=1,
            ygap=1,
            hovertemplate="%{y} in %{x}: %{z:.1%}<extra></extra>",
        )
    )
    style(figure, f"Prevalence in the {split} labels", 140 + 15 * max(len(ids), 4), top=70)
    figure.update_xaxes(side="top", showgrid=False)
    return figure.update_yaxes(showgrid=False, tickfont={"size": 11}, dtick=1)


def prior_heat_map(
    conditional: NDArray[np.floating], adjacency: NDArray[np.floating], ids: Sequence[str]
) -> go.Figure:
    """The correlation prior: P(j | i) and the graph's weights, with a switch between them.

    Args:
        conditional: P [K, K] (Eq. 5), NaN where no image labels the pair; row i is given.
        adjacency: C_hat [K, K] (Eq. 7); row i holds whom i listens to.
        ids: the K characteristics.
    """
    names = [characteristic_name(i) for i in ids]
    both = np.dstack([conditional, adjacency]).round(4)
    hover = (
        "given %{y}, %{x} has probability %{customdata[0]:.2f}<br>"
        "%{y} listens to %{x} with weight %{customdata[1]:.3f}<extra></extra>"
    )
    figure = go.Figure()
    for number, (z, title) in enumerate(((conditional, "P(j | i)"), (adjacency, "weight"))):
        figure.add_heatmap(
            z=_cells(z),
            x=names,
            y=names,
            customdata=both.astype(object),
            colorscale=SHADES,
            zmin=0,
            zmax=1 if number == 0 else max(float(np.nanmax(z, initial=0.0)), 1e-6),
            colorbar={"title": title, "thickness": 12},
            visible=number == 0,
            hovertemplate=hover,
        )
    size = 9 if len(ids) > 40 else 12
    height = 240 + (11 if len(ids) > 40 else 22) * len(ids)
    style(figure, "Correlation prior", height, top=80)
    figure.update_layout(
        plot_bgcolor="#eceef0",  # shows where no image labels a pair
        updatemenus=[
            {
                "type": "buttons",
                "direction": "right",
                "x": 1,
                "xanchor": "right",
                "y": 1.0,
                "yanchor": "bottom",
                "pad": {"b": 8},
                "bgcolor": "white",
                "bordercolor": "#c9ced4",
                "buttons": [
                    {
                        "label": label,
                        "method": "update",
                        "args": [{"visible": [number == 0, number == 1]}],
                    }
                    for number, label in enumerate(("conditional probability P", "graph weights Ĉ"))
                ],
            }
        ],
    )
    figure.update_xaxes(
        title_text="characteristic j", tickfont={"size": size}, dtick=1, tickangle=-90
    )
    figure.update_yaxes(
        title_text="given characteristic i", tickfont={"size": size}, dtick=1, autorange="reversed"
    )
    return figure.update_xaxes(showgrid=False).update_yaxes(showgrid=False)


def rule_violations(metrics: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """Share of faces whose answer breaks a rule, by variant and by how labels are made.

    Args:
        metrics: variant to what `evaluate` returned.
    """
    figure = go.Figure()
    names = [plain(variant_name(v)) for v in metrics]
    for (key, label), colour in zip(ANSWERS.items(), (GREY, ORANGE, BLUE), strict=True):
        found = [m["rules"][key]["faces"] for m in metrics.values()]
        values, lows, highs = ([f[k] for f in found] for k in ("value", "low", "high"))
        figure.add_bar(
            x=names,
            y=values,
            name=label,
            marker_color=colour,
            error_y=whiskers(values, lows, highs) | {"color": INK},
            text=["" if v is None else f"{v:.1%}" for v in values],
            textposition="inside",
            insidetextanchor="start",
            textangle=0,
            hovertemplate=f"%{{x}}, {label}: %{{y:.2%}} of faces<extra></extra>",
        )
    style(figure, "Faces whose labels break a rule", 380, top=80)
    figure.update_yaxes(tickformat=".0%", title_text="share of test faces", rangemode="tozero")
    return figure.update_xaxes(title_text="variant")


def violations_by_rule(labels: pd.DataFrame, metrics: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """How often each rule is broken: by training labels, and by predictions before decoding.

    Args:
        labels: `rule`, `decidable`, `broken` (numbers of images), one row a rule, or one for each
            rule and data set.
        metrics: variant to what `evaluate` returned.
    """
    sums = labels.groupby("rule", sort=False)[["decidable", "broken"]].sum()
    share = sums["broken"] / sums["decidable"].where(sums["decidable"] > 0)
    by_kind: dict[str, list[Mapping[str, Any]]] = {}
    for rule in next(iter(metrics.values()))["rules"]["per_rule"] if metrics else []:
        by_kind.setdefault(rule["kind"], []).append(rule)
    height = 170 + 21 * sum(map(len, by_kind.values())) + 70 * len(by_kind)
    figure = make_subplots(
        rows=max(len(by_kind), 1),
        row_heights=[len(rules) + 1.5 for rules in by_kind.values()] or None,
        vertical_spacing=70 / height,
        subplot_titles=[_KINDS.get(kind, plain(kind)) for kind in by_kind],
    )
    for row, rules in enumerate(by_kind.values(), start=1):
        texts = [rule["rule"] for rule in rules]
        series: list[tuple[str, list[float | None], str, str]] = [
            ("training labels", _numbers(share.reindex(texts)), VERMILLION, "line-ns-open")
        ]
        for position, (variant, of) in enumerate(metrics.items()):
            n = of["n"]
            counts = {r["rule"]: r["thresholded"] for r in of["rules"]["per_rule"]}
            colour, symbol = variant_style(variant, position)
            shares = [counts[t] / n if n and t in counts else None for t in texts]
            series.append((plain(variant_name(variant)), shares, colour, symbol))
        for name, values, colour, symbol in series:
            figure.add_scatter(
                x=values,
                y=[plain(shortened(t)) for t in texts],
                customdata=[plain(t) for t in texts],
                name=name,
                legendgroup=name,
                showlegend=row == 1,
                mode="markers",
                marker={"color": colour, "symbol": symbol, "size": 9, "line": {"width": 1.5}},
                hovertemplate=f"%{{customdata}}<br>{name}: %{{x:.2%}}<extra></extra>",
                row=row,
                col=1,
            )
    style(figure, "How often each rule is broken", height, top=90)
    figure.update_xaxes(tickformat=".1~%", rangemode="tozero")
    figure.update_xaxes(title_text="share of faces that break the rule", row=max(len(by_kind), 1))
    return figure.update_yaxes(autorange="reversed", tickfont={"size": 11}, dtick=1)


def _numbers(values: pd.Series) -> list[float | None]:
    return [None if pd.isna(v) else float(v) for v in values]


def _cells(values: NDArray[np.floating]) -> list[list[float | None]]:
    return [[None if np.isnan(v) else round(float(v), 4) for v in row] for row in values]
