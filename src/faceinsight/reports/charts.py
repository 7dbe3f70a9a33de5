"""What all figures share: colours that colour-blind readers tell apart, names, whiskers, notes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from html import unescape
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from faceinsight.method.variants import LABELS

# Okabe and Ito's palette, and symbols that tell the variants apart without colour.
GREY, ORANGE, SKY, BLUE, VERMILLION, GREEN = (
    "#737373",
    "#E69F00",
    "#56B4E9",
    "#0072B2",
    "#D55E00",
    "#009E73",
)
INK, FAINT, GRID = "#22272e", "#5b6570", "#e6e8eb"
SEQUENCE = (GREY, ORANGE, SKY, BLUE, GREEN, VERMILLION)
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
SHADES = [
    [0.0, "#f7fbff"],
    [0.25, "#c6dbef"],
    [0.5, "#6baed6"],
    [0.75, "#2171b5"],
    [1.0, "#08306b"],
]
OUTLINE = {"color": INK, "width": 0.6}
"""Of markers: the light colours alone stand out too little from white."""

METRIC_NAMES = {
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "map": "mAP",
    "decoded_accuracy": "Accuracy, decoded",
    "other_accuracy": "Accuracy, other readout",
    "ece": "Calibration error",
}


def variant_name(variant: str) -> str:
    """How reports call a variant."""
    return LABELS.get(variant, variant)


def variant_style(variant: str, position: int) -> tuple[str, str]:
    """Colour and symbol of a variant; any but the four take what is left, by position."""
    known = list(LABELS)
    number = known.index(variant) if variant in known else len(known) + position
    return SEQUENCE[number % len(SEQUENCE)], SYMBOLS[number % len(SYMBOLS)]


def characteristic_name(id_: str) -> str:
    """An id as words: `age_20_29` is "age 20–29", `race7_Black` is "Black (of 7 races)"."""
    if race := re.fullmatch(r"race(\d+)_(.+)", id_):
        return f"{race[2].replace('_', ' ')} (of {race[1]} races)"
    name = re.sub(r"(?<=\d)_(?=\d)", "–", id_).replace("_plus", "+")
    return name.replace("_", " ")


def plain(text: str) -> str:
    """Text that Plotly shows as it is; it would read tags in it."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def in_lines(text: str, width: int = 56) -> list[str]:
    """A long text in lines of at most this many letters, none of it left out."""
    return textwrap.wrap(text, width, break_on_hyphens=False) or [""]


def style(figure: go.Figure, title: str, height: int, *, top: int = 60, alt: str = "") -> go.Figure:
    """Give a figure the common look; width follows the page.

    Args:
        figure: with its traces.
        title: above it, at the left; a legend stands in a line below.
        height: pixels.
        top: pixels for title, legend, and titles of panels.
        alt: what the figure shows, in words, for readers who do not see it.
    """
    figure.update_layout(
        template="none",
        meta={"alt": alt},
        title={
            "text": title,
            "font": {"size": 16},
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 6, "l": 4},
        },
        height=height,
        font={"family": "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif", "size": 13},
        font_color=INK,
        paper_bgcolor="white",
        plot_bgcolor="white",
        colorway=SEQUENCE,
        margin={"l": 60, "r": 20, "t": top, "b": 50},
        legend={
            "orientation": "h",
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 1 - 32 / height,
            "yref": "container",
            "yanchor": "top",
        },
        hoverlabel={"bgcolor": "white", "font": {"color": INK}},
        bargap=0.3,
    )
    figure.update_annotations(font={"size": 12, "color": FAINT})
    axis = {"gridcolor": GRID, "linecolor": GRID, "zeroline": False, "automargin": True}
    axis |= {"title": {"standoff": 8, "font": {"size": 12, "color": FAINT}}, "ticks": ""}
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    return figure


def with_whiskers(
    rows: pd.DataFrame,
    value: str = "value",
    low: str = "low",
    high: str = "high",
    factor: float = 1,
) -> tuple[list[float | None], dict[str, object]]:
    """A column for Plotly and its error bars; nothing where there is no interval.

    Args:
        rows: one a point.
        value: name of the column of values.
        low: of the lower ends.
        high: of the upper ends.
        factor: all of them are multiplied by it, e.g. 100 for per cent.
    """
    values, lows, highs = (factor * rows[name].astype("float64") for name in (value, low, high))
    return numbers(values), {
        "type": "data",
        "symmetric": False,
        "array": numbers((highs - values).clip(lower=0)),
        "arrayminus": numbers((values - lows).clip(lower=0)),
        "thickness": 1.2,
        "width": 3,
    }


def metrics_frame(metrics: Iterable[Mapping[str, float | None]]) -> pd.DataFrame:
    """Metrics of `evaluate` as rows of `value`, `low`, `high`."""
    return pd.DataFrame([*metrics], columns=["value", "low", "high"], dtype="float64")


def numbers(values: pd.Series, factor: float = 1) -> list[float | None]:
    """A column for Plotly, which takes None where there is nothing; times `factor`."""
    return [None if pd.isna(v) else factor * float(v) for v in values]


NOTE = "note"
"""Name of the annotation that stands below a figure; the page shows it as text."""

_NOTE_LINE = 18
"""Pixels of one of its lines."""


def add_note(figure: go.Figure, text: str) -> go.Figure:
    """A text below a figure that has been through `style`; the figure grows by it."""
    if text:
        lines = in_lines(text, 110)
        figure.add_annotation(
            name=NOTE,
            text="<br>".join(map(plain, lines)),
            x=0,
            xref="paper",
            xanchor="left",
            y=0,
            yref="paper",
            yanchor="top",
            yshift=-figure.layout.margin.b,
            align="left",
            showarrow=False,
            font={"size": 12, "color": FAINT},
        )
        figure.layout.height += _NOTE_LINE * len(lines)
        figure.layout.margin.b += _NOTE_LINE * len(lines)
    return figure


def take_note(figure: go.Figure) -> str:
    """Take what `add_note` added off a figure again; returns the text, empty without one."""
    notes = [of for of in figure.layout.annotations if of.name == NOTE]
    figure.layout.annotations = [of for of in figure.layout.annotations if of.name != NOTE]
    for note in notes:
        lines = note.text.count("<br>") + 1
        figure.layout.height -= _NOTE_LINE * lines
        figure.layout.margin.b -= _NOTE_LINE * lines
    return unescape(" ".join(note.text.replace("<br>", " ") for note in notes))


def add_diagonal(figure: go.Figure, name: str | None = None) -> None:
    """The line of perfect calibration, in the first panel; in the legend if it has a name."""
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": FAINT, "dash": "dot", "width": 1.2},
        name=name,
        showlegend=name is not None,
        hoverinfo="skip",
        row=1,
        col=1,
    )


def add_reliability(
    figure: go.Figure, bins: Iterable[Mapping[str, Any]], name: str, colour: str, symbol: str
) -> go.Scatter:
    """How often what is given probability p is true, in the first panel.

    Args:
        figure: with panels.
        bins: of `Calibration.bins`; empty ones are left out.
        name: of what gave the probabilities.
        colour: of line and marks.
        symbol: of the marks.
    """
    filled = [b for b in bins if b["n"]]
    figure.add_scatter(
        x=[b["probability"] for b in filled],
        y=[b["frequency"] for b in filled],
        customdata=[b["n"] for b in filled],
        name=name,
        mode="lines+markers",
        line={"color": colour, "width": 1.8},
        marker={"symbol": symbol, "size": 7, "line": OUTLINE},
        hovertemplate=(
            f"{name}: said %{{x:.1%}}, true %{{y:.1%}}<br>%{{customdata:,}} labels<extra></extra>"
        ),
        row=1,
        col=1,
    )
    return figure.data[-1]
