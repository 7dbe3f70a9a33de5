"""Figures of what the models learn from: the data sets and the correlation prior."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from faceinsight.data.registry import dataset_name
from faceinsight.reports.charts import (
    BLUE,
    FAINT,
    GREY,
    ORANGE,
    OUTLINE,
    SHADES,
    SKY,
    characteristic_name,
    numbers,
    style,
)

_SPLITS = (("train", BLUE, "circle"), ("val", SKY, "diamond"), ("test", ORANGE, "square"))


def dataset_composition(summary: pd.DataFrame) -> go.Figure:
    """Faces in each split of each data set, and the share of its labels that is unknown.

    Args:
        summary: from `summaries.dataset_summary`.
    """
    datasets = list(dict.fromkeys(summary["dataset"]))
    names = [dataset_name(d) for d in datasets]
    figure = make_subplots(
        cols=2,
        shared_yaxes=True,
        column_widths=[0.65, 0.35],
        horizontal_spacing=0.06,
        subplot_titles=("faces (logarithmic)", "unknown labels"),
    )
    largest, smallest = 1, None
    for place, (split, colour, symbol) in enumerate(_SPLITS):
        faces = (
            summary[summary["split"] == split].groupby("dataset")["faces"].max().reindex(datasets)
        )
        counts = [None if pd.isna(n) or n == 0 else int(n) for n in faces]
        found = [n for n in counts if n is not None]
        largest = max([largest, *found])
        smallest = min([n for n in (smallest, *found) if n is not None], default=None)
        figure.add_scatter(
            x=counts,
            y=[row + (place - 1) * 0.26 for row in range(len(datasets))],
            customdata=names,
            name=split,
            mode="markers+text",
            marker={"color": colour, "symbol": symbol, "size": 9, "line": OUTLINE},
            text=["" if n is None else f"  {n:,}" for n in counts],
            textposition="middle right",
            textfont={"size": 11, "color": FAINT},
            cliponaxis=False,
            hovertemplate=f"%{{customdata}}, {split}: %{{x:,}} faces<extra></extra>",
            row=1,
            col=1,
        )
    sums = summary.groupby("dataset")[["faces", "known"]].sum().reindex(datasets)
    unknown = 1 - sums["known"] / sums["faces"].where(sums["faces"] > 0)
    shares = numbers(unknown)
    figure.add_bar(
        x=shares,
        y=list(range(len(datasets))),
        customdata=names,
        marker_color=GREY,
        orientation="h",
        showlegend=False,
        width=0.4,
        text=["" if u is None else f"{u:.1%}" for u in shares],
        textposition="outside",
        textfont={"size": 11, "color": FAINT},
        cliponaxis=False,
        hovertemplate="%{customdata}: %{x:.1%} of labels unknown<extra></extra>",
        row=1,
        col=2,
    )
    totals = summary.drop_duplicates(["dataset", "split"]).groupby("dataset")["faces"].sum()
    style(
        figure,
        "Faces and unknown labels",
        150 + 56 * max(len(datasets), 1),
        top=90,
        alt="Faces of each data set: "
        + ", ".join(f"{dataset_name(d)} {int(totals[d]):,}" for d in datasets)
        + ". The table above has every split.",
    )
    low, high = np.floor(np.log10(smallest or 1)), np.log10(largest)
    figure.update_xaxes(
        type="log",
        range=[low, high + max(high - low, 0.5) * 0.18],  # room for the last number
        tickvals=_log_ticks(int(low), high),
        tickformat="~s",
        tickangle=0,
        col=1,
    )
    most = max([u for u in shares if u is not None], default=0)
    figure.update_xaxes(tickformat=".0%", range=[0, max(most, 0.04) * 1.25], nticks=4, col=2)
    figure.update_yaxes(range=[max(len(datasets), 1) - 0.5, -0.5], showgrid=False)
    return figure.update_yaxes(tickvals=list(range(len(datasets))), ticktext=names)


def _log_ticks(low: int, high: float) -> list[float]:
    """Powers of ten up to 10^high, and their double and fivefold where there are few."""
    steps = (1, 2, 5) if high - low < 3 else (1,)
    return [step * 10.0**power for power in range(low, int(high) + 1) for step in steps]


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
    height = 205 + 15 * max(len(ids), 4)
    figure = go.Figure(
        go.Heatmap(
            z=_cells(z),
            x=[dataset_name(d) for d in datasets],
            y=[characteristic_name(i) for i in ids],
            colorscale=SHADES,
            zmin=0,
            zmax=1,
            colorbar=_colour_bar("share of known labels", height - 165, 66) | {"tickformat": ".0%"},
            xgap=1,
            ygap=1,
            hovertemplate="%{y} in %{x}: %{z:.1%}<extra></extra>",
        )
    )
    style(
        figure,
        f"Prevalence in the {split} labels",
        height,
        top=165,  # the names stand upright in a narrow window
        alt=f"Heat map: share of {len(ids)} characteristics among the known {split} labels of "
        f"{len(datasets)} data sets. The numbers are in the catalog's data_summary.",
    )
    figure.update_layout(margin_b=0)
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
    many = len(ids) > 40
    height = 300 + (13 if many else 22) * len(ids)
    both = np.dstack([conditional, adjacency]).round(4)
    hover = (
        "given %{y}, %{x} has probability %{customdata[0]:.2f}<br>"
        "%{y} listens to %{x} with weight %{customdata[1]:.3f}<extra></extra>"
    )
    figure = go.Figure()
    shown = ((conditional, "probability of j, given i"), (adjacency, "weight of j for i"))
    for number, (z, title) in enumerate(shown):
        figure.add_heatmap(
            z=_cells(z),
            x=names,
            y=names,
            customdata=both.astype(object),
            colorscale=SHADES,
            zmin=0,
            zmax=1 if number == 0 else max(float(np.nanmax(z, initial=0.0)), 1e-6),
            colorbar=_colour_bar(title, height - 240),
            visible=number == 0,
            hovertemplate=hover,
        )
    style(
        figure,
        "Every pair of characteristics",
        height,
        top=100,
        alt=f"Heat map of {len(ids)} by {len(ids)} characteristics: how probable each one (column) "
        "is given another (row), or how much the row listens to the column. "
        + _strongest(conditional, names),
    )
    figure.update_layout(
        meta=figure.layout.meta | {"min_width": 1060 if many else 640},
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
                        "method": "restyle",
                        "args": [{"visible": [number == 0, number == 1]}],
                    }
                    for number, label in enumerate(("conditional probability P", "graph weights Ĉ"))
                ],
            }
        ],
    )
    text = {"size": 10 if many else 12}
    figure.update_xaxes(title_text="characteristic j", tickfont=text, dtick=1, tickangle=-90)
    figure.update_yaxes(
        title_text="given characteristic i", tickfont=text, dtick=1, autorange="reversed"
    )
    return figure.update_xaxes(showgrid=False).update_yaxes(showgrid=False)


def _colour_bar(title: str, plot_height: float, above: float = 34) -> dict[str, Any]:
    """A colour bar that lies at the left, this many pixels above the plot."""
    return {
        "orientation": "h",
        "title": {"text": title, "side": "top", "font": {"size": 12, "color": FAINT}},
        "thickness": 10,
        "len": 220,
        "lenmode": "pixels",
        "x": 0,
        "xanchor": "left",
        "y": 1 + above / plot_height,
        "yanchor": "bottom",
        "ypad": 0,
        "xpad": 0,
        "nticks": 4,
        "tickangle": 0,
    }


def _strongest(conditional: NDArray[np.floating], names: Sequence[str]) -> str:
    """The highest P(j | i) of two different characteristics, in words."""
    others = np.where(np.eye(len(names), dtype=bool), np.nan, conditional)
    if np.isnan(others).all():
        return ""
    i, j = np.unravel_index(np.nanargmax(others), others.shape)
    return f"The highest is {names[int(j)]}, given {names[int(i)]}: {others[i, j]:.2f}."


def _cells(values: NDArray[np.floating]) -> list[list[float | None]]:
    return [[None if np.isnan(v) else round(float(v), 4) for v in row] for row in values]
