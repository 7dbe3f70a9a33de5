"""Figures of the ablation: what each variant adds, overall and by characteristic."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from faceinsight.reports.charts import (
    BLUE,
    FAINT,
    OUTLINE,
    VERMILLION,
    characteristic_name,
    plain,
    style,
    variant_style,
    with_whiskers,
)

_PALE = "#a3abb4"
"""Of what cannot be told from no difference."""

_ZERO = {sign + zero: "0" for sign in "+−" for zero in ("0", "0.0")}


def ablation_overall(table: pd.DataFrame) -> go.Figure:
    """Overall mAP of each variant beside the baseline, and its difference to the first, in points.

    Args:
        table: `Ablation.table`.
    """
    figure = make_subplots(
        cols=2,
        horizontal_spacing=0.16,
        subplot_titles=("overall mAP", f"difference to {_first(table)}, points of mAP"),
    )
    names = [plain(v) for v in table["variant"]]
    styles = [variant_style(v.lstrip("+"), i) for i, v in enumerate(table["variant"])]
    marker = {"size": 11, "line": OUTLINE}
    panels = (
        ("map", 1, slice(0, None), "{:.1%}", "%{y:.2%}"),
        ("difference", 100, slice(1, None), "{:+.1f}", "%{y:+.1f} points"),
    )
    for column, (name, factor, kept, written, hover) in enumerate(panels, start=1):
        values, whiskers = _with_whiskers(table.iloc[kept], name, factor)
        figure.add_scatter(
            x=names[kept],
            y=values,
            error_y=whiskers,
            mode="markers+text",
            marker=marker
            | {"color": [c for c, _ in styles[kept]], "symbol": [m for _, m in styles[kept]]},
            text=["" if v is None else "   " + written.format(v) for v in values],
            textposition="middle right",
            textfont={"size": 12},
            cliponaxis=False,
            showlegend=False,
            hovertemplate=f"%{{x}}: {hover}<extra></extra>",
            row=1,
            col=column,
        )
    figure.add_hline(y=0, line={"color": FAINT, "width": 1}, row=1, col=2)
    told = [
        f"{variant} {value:.1%}"
        for variant, value in zip(table["variant"], table["map"], strict=True)
        if pd.notna(value)
    ]
    style(figure, "What each variant adds", 380, top=75, alt=f"Overall mAP: {', '.join(told)}.")
    if len(table) and pd.notna(baseline := table["map_prevalence"].iloc[0]):
        figure.add_hline(
            y=float(baseline),
            line={"color": VERMILLION, "dash": "dash", "width": 2},
            annotation={
                "text": f"baseline {baseline:.1%}",
                "font": {"color": "#a84300", "size": 12},
                "xanchor": "left",
                "x": 0,
                "yanchor": "bottom",
            },
            row=1,
            col=1,
        )
    figure.update_yaxes(tickformat=".0%", title_text="mAP", rangemode="tozero", col=1)
    figure.update_yaxes(tickformat="+.0f", labelalias=_ZERO, title_text="points", col=2)
    figure.update_xaxes(showgrid=False, title_text="variant", type="category")
    figure.update_xaxes(range=[-0.4, max(len(table), 1) - 0.3], col=1)
    return figure.update_xaxes(range=[-0.5, max(len(table) - 1, 1) - 0.3], col=2)


def ablation_by_characteristic(characteristics: pd.DataFrame) -> go.Figure:
    """Difference in AP of the last variant to the first for each characteristic, in points, sorted.

    As in the tables, a colour says that the interval leaves out 0; the others are grey.

    Args:
        characteristics: `Ablation.characteristics`.
    """
    rows = characteristics.sort_values("difference", ascending=True, na_position="first")
    names = [characteristic_name(i) for i in rows["id"]]
    labels = compared(characteristics)
    first, last = (plain(labels[0]), plain(labels[-1])) if labels else ("", "")
    figure = go.Figure()
    signs = 1 * (rows["difference_low"] > 0) - 1 * (rows["difference_high"] < 0)
    for sign, colour, symbol, name in (
        (1, BLUE, "triangle-up", "better"),
        (-1, VERMILLION, "triangle-down", "worse"),
        (0, _PALE, "circle", "interval holds 0"),
    ):
        kept = rows[signs == sign]
        values, whiskers = _with_whiskers(kept, "difference", 100)
        figure.add_scatter(
            x=values,
            y=[characteristic_name(i) for i in kept["id"]],
            mode="markers",
            error_x=whiskers | {"width": 0, "thickness": 1.5},
            marker={"color": colour, "symbol": symbol, "size": 8, "line": OUTLINE},
            name=name,
            showlegend=len(kept) > 0,
            customdata=kept[[labels[0], labels[-1], "n"]].to_numpy() if labels else None,
            hovertemplate=(
                f"%{{y}}: %{{x:+.1f}} points<br>AP {first} %{{customdata[0]:.1%}}, "
                f"{last} %{{customdata[1]:.1%}}<br>%{{customdata[2]:,}} faces<extra></extra>"
            ),
        )
    # So many rows need the scale at both ends; an axis stands only where something is drawn on it.
    figure.add_scatter(x=[0], y=names[-1:], xaxis="x2", opacity=0, hoverinfo="skip")
    figure.data[-1].update(mode="markers", showlegend=False)
    style(
        figure,
        f"Average precision by characteristic: {last} against {first}",
        180 + 16 * len(rows),
        top=110,
        alt=f"Difference in average precision of {len(rows)} characteristics, {last} against "
        f"{first}: {(signs == 1).sum()} are better and {(signs == -1).sum()} worse by more than "
        "their interval.",
    )
    figure.update_layout(xaxis2={"overlaying": "x", "side": "top", "matches": "x", "anchor": "y"})
    figure.update_xaxes(tickformat="+.0f", labelalias=_ZERO)
    figure.update_xaxes(zeroline=True, zerolinecolor=FAINT)
    figure.layout.xaxis.title.text = "difference in AP, points"
    figure.update_yaxes(categoryorder="array", categoryarray=names, range=[-0.7, len(names) - 0.3])
    return figure.update_yaxes(tickfont={"size": 11}, dtick=1)


def compared(characteristics: pd.DataFrame) -> list[str]:
    """The variants whose AP `Ablation.characteristics` holds, by the names of their columns."""
    return [
        str(name)
        for name in characteristics
        if name not in ("id", "n", "prevalence") and not str(name).startswith("difference")
    ]


def _with_whiskers(
    rows: pd.DataFrame, name: str, factor: float
) -> tuple[list[float | None], dict[str, object]]:
    return with_whiskers(rows, name, f"{name}_low", f"{name}_high", factor)


def _first(table: pd.DataFrame) -> str:
    return plain(str(table["variant"].iloc[0])) if len(table) else "the first"
