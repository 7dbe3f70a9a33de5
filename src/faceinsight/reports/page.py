"""The writer of both pages: one look, one way to embed figures, nothing loaded from anywhere.

Plotly's own title would be cut in a narrow window, its buttons cannot be reached by keyboard, and
panels side by side leave no room for themselves on a telephone. So the page has title, note and
buttons as HTML, and what a narrow window needs as a change of the layout that its script applies:
panels one below the other, and lines enough for the legend.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import unescape
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from faceinsight.reports.charts import take_note


def write_page(template: str, figures: Mapping[str, go.Figure], **values: Any) -> str:
    """Fill in a template; it finds the figures as `charts`, and styles, script and library beside.

    Args:
        template: its name within `faceinsight.reports`.
        figures: that have been through `style`, by name.
        values: whatever else the template shows.
    """
    return (
        _environment()
        .get_template(template)
        .render(
            charts={name: embed(figure, name) for name, figure in figures.items()},
            plotly_js=_plotly_js(),
            css=_source("page.css"),
            js=_source("page.js"),
            **values,
        )
    )


@cache
def _plotly_js() -> Markup:
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs())


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("faceinsight.reports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _source(name: str) -> Markup:
    """A file of the page that is taken over as it is."""
    environment = _environment()
    assert environment.loader is not None
    return Markup(environment.loader.get_source(environment, name)[0])


_TITLE = 28
"""Pixels of Plotly's own title, which the page does without."""

_NARROW = 340
"""Pixels that a chart has at least: a telephone's width."""

_GAP = 72
"""Pixels between panels that stand one below the other: an axis title, and the next panel's."""


@dataclass(frozen=True)
class Chart:
    """A figure as the page embeds it.

    Attributes:
        id: of the element that Plotly draws into.
        caption: the figure's title.
        note: stands below it, may be empty.
        alt: what it shows, in words.
        html: element and script.
        buttons: texts of buttons, with what each changes in the traces, as JSON.
        layouts: JSON of `wide` and `narrow`, changes of the layout.
        min_width: pixels below which the page scrolls the chart, or None.
    """

    id: str
    caption: str
    note: str
    alt: str
    html: Markup
    buttons: tuple[tuple[str, str], ...]
    layouts: str
    min_width: int | None


def embed(figure: go.Figure, name: str) -> Chart:
    """A figure that has been through `style`, ready for the page.

    Args:
        figure: is left as it is.
        name: makes the id, `chart-<name>`.
    """
    shown = go.Figure(figure)
    meta = shown.layout.meta or {}
    caption = unescape(shown.layout.title.text or "")
    note = take_note(shown)
    buttons = tuple(
        (button.label, json.dumps(button.args[0]))
        for menu in shown.layout.updatemenus
        for button in menu.buttons
    )
    shown.layout.title.text = None
    shown.layout.updatemenus = ()
    shown.layout.legend.y = 1
    shown.layout.height -= _TITLE
    shown.layout.margin.t -= _TITLE
    # Plotly escapes what could end the script.
    html = shown.to_html(
        full_html=False,
        include_plotlyjs=False,
        include_mathjax=False,
        div_id=f"chart-{name}",
        config={"displaylogo": False, "responsive": True, "displayModeBar": False},
    )
    return Chart(
        id=f"chart-{name}",
        caption=caption,
        note=note,
        alt=f"{caption}. {meta.get('alt', '')}".strip(),
        html=Markup(html),
        buttons=buttons,
        layouts=json.dumps(layouts(shown)),
        min_width=meta.get("min_width"),
    )


def layouts(figure: go.Figure) -> dict[str, dict[str, Any]]:
    """Changes of the layout for a wide and for a narrow window, each taking the other's back.

    Args:
        figure: with panels of `make_subplots`, whose titles are its first annotations; `gap` of its
            `meta` is the space between them in a narrow window, in pixels.

    Returns:
        `wide` and `narrow`, Plotly's names of attributes to their values; the same names in both.
    """
    layout = figure.to_plotly_json()["layout"]
    top, bottom = layout["margin"]["t"], layout["margin"]["b"]
    wide: dict[str, Any] = {"height": layout["height"], "margin.t": top}
    narrow = dict(wide)
    extra = 19 * (_legend_lines(figure) - 1)
    panels = _panels(figure, layout)
    narrow["margin.t"] = top + extra
    narrow["height"] = layout["height"] + extra
    if len({panel["x"] for panel in panels}) > 1:
        inner = layout["height"] - top - bottom
        heights = [(panel["y"][1] - panel["y"][0]) * inner for panel in panels]
        gap = (layout.get("meta") or {}).get("gap", _GAP)
        total = sum(heights) + gap * (len(panels) - 1)
        narrow["height"] = total + top + extra + bottom
        at = 1.0
        for number, (panel, height) in enumerate(zip(panels, heights, strict=True)):
            x, y, title = panel["xaxis"], panel["yaxis"], f"annotations[{number}]"
            low = max(at - height / total, 0.0)
            wide |= {f"{x}.domain": list(panel["x"]), f"{y}.domain": list(panel["y"])}
            narrow |= {f"{x}.domain": [0.0, 1.0], f"{y}.domain": [low, at]}
            wide[f"{y}.showticklabels"] = layout[y].get("showticklabels", True)
            narrow[f"{y}.showticklabels"] = True
            annotation = layout["annotations"][number]
            wide |= {f"{title}.x": annotation["x"], f"{title}.y": annotation["y"]}
            narrow |= {f"{title}.x": 0.5, f"{title}.y": at}
            at = low - gap / total
    return {"wide": wide, "narrow": narrow}


def _panels(figure: go.Figure, layout: dict[str, Any]) -> list[dict[str, Any]]:
    """Each pair of axes that something is drawn on, with its place, in the order of reading."""
    # Tables and polar charts have no axes.
    axes = (getattr(trace, "xaxis", "") for trace in figure.data)
    used = {"xaxis" + (axis or "x")[1:] for axis in axes if axis != ""}
    panels = []
    for name in layout:
        if name in used:
            y = "yaxis" + layout[name].get("anchor", "y")[1:]
            places = (tuple(layout[axis].get("domain", (0.0, 1.0))) for axis in (name, y))
            panels.append({"xaxis": name, "yaxis": y} | dict(zip("xy", places, strict=True)))
    return sorted(panels, key=lambda panel: (-round(panel["y"][1], 6), panel["x"]))


def _legend_lines(figure: go.Figure) -> int:
    """Lines that the legend takes in a narrow window, where its entries are all of one width."""
    shown = (t for t in figure.data if getattr(t, "showlegend", False) is not False)
    names = [str(t.name) for t in shown if t.name]
    if len(names) < 2:
        return 1
    in_a_line = max(_NARROW // (42 + 7 * max(map(len, names))), 1)
    return -(-len(names) // int(in_a_line))
