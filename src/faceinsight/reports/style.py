"""One look for all figures: colours that colour-blind readers tell apart, and the names shown."""

from __future__ import annotations

import re
import textwrap

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


def whiskers(
    values: list[float | None], lows: list[float | None], highs: list[float | None]
) -> dict[str, object]:
    """Plotly's error bars for figures with intervals; nothing where there is none."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [
            None if v is None or h is None else max(h - v, 0)
            for v, h in zip(values, highs, strict=True)
        ],
        "arrayminus": [
            None if v is None or low is None else max(v - low, 0)
            for v, low in zip(values, lows, strict=True)
        ],
        "thickness": 1.2,
        "width": 3,
    }


def numbers(values: pd.Series, factor: float = 1) -> list[float | None]:
    """A column for Plotly, which takes None where there is nothing; times `factor`."""
    return [None if pd.isna(v) else factor * float(v) for v in values]
