"""Figures of broken rules: by how labels are made, and rule by rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from faceinsight.reports.charts import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    OUTLINE,
    VERMILLION,
    in_lines,
    metrics_frame,
    numbers,
    plain,
    style,
    variant_name,
    variant_style,
    with_whiskers,
)

ANSWERS = {
    "thresholded": "each P from its threshold on",
    "highest_in_group": "most probable answers",
    "decoded": "decoded labels",
}
"""The three ways to turn probabilities into labels, by the names that `evaluate` gives them.

Reports count broken rules on the second, on which accuracy is measured too; the first stands in
`rule_violations` alone, which compares the three.
"""

LEFT_OUT = " (not counted)"
"""After a rule of what no data set of the run annotates."""

_KINDS = {"exclusion": "Exclusions", "link": "Links between vocabularies"}


def rule_violations(metrics: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """Share of faces whose answer breaks a rule, by variant and by how labels are made.

    Args:
        metrics: variant to what `evaluate` returned.
    """
    figure = go.Figure()
    names = [plain(variant_name(v)) for v in metrics]
    for place, ((key, label), colour) in enumerate(
        zip(ANSWERS.items(), (GREY, ORANGE, BLUE), strict=True)
    ):
        found = metrics_frame(m["rules"][key]["faces"] for m in metrics.values())
        values, whiskers = with_whiskers(found)
        rows = [number + (place - 1) * 0.26 for number in range(len(names))]
        figure.add_bar(
            x=values,
            y=rows,
            customdata=names,
            name=label,
            orientation="h",
            width=0.24,
            marker_color=colour,
            error_x=whiskers | {"color": INK},
            hovertemplate=f"%{{customdata}}, {label}: %{{x:.2%}} of faces<extra></extra>",
        )
        figure.add_scatter(  # beyond the whisker, where it can be read
            x=numbers(found["high"].fillna(found["value"])),
            y=rows,
            mode="text",
            text=["" if v is None else f" {v:.1%}" for v in values],
            textposition="middle right",
            textfont={"size": 11},
            cliponaxis=False,
            hoverinfo="skip",
            showlegend=False,
        )
    told = [
        f"{variant_name(v)} {m['rules']['highest_in_group']['faces']['value']:.1%}"
        for v, m in metrics.items()
        if m["rules"]["highest_in_group"]["faces"]["value"] is not None
    ]
    style(
        figure,
        "Faces whose labels break a rule",
        150 + 70 * max(len(names), 1),
        top=80,
        alt="Share of test faces whose most probable answers break a rule: " + ", ".join(told),
    )
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(tickformat=".0%", title_text="share of test faces", range=[0, 1.12])
    figure.update_xaxes(tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1])
    figure.update_yaxes(range=[max(len(names), 1) - 0.5, -0.5], showgrid=False)
    return figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names)


_LINE, _SPACE = 15, 20
"""Pixels of a line of a rule's text, and of the markers below it."""

_GAP = 76
"""Pixels between two kinds of rules."""


def violations_by_rule(labels: pd.DataFrame, metrics: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """How often each rule is broken: by training labels, and by the most probable answers.

    Rules of groups are left out: the most probable member of a group breaks none. Those that shares
    of faces do not count are marked.

    Args:
        labels: `rule`, `decidable`, `broken` (numbers of images), one row a rule, or one for each
            rule and data set.
        metrics: variant to what `evaluate` returned.
    """
    sums = labels.groupby("rule", sort=False)[["decidable", "broken"]].sum()
    share = sums["broken"] / sums["decidable"].where(sums["decidable"] > 0)
    by_kind: dict[str, list[str]] = {}
    left_out: set[str] = set()
    for rule in next(iter(metrics.values()))["rules"]["per_rule"] if metrics else []:
        if rule["kind"] != "group":
            by_kind.setdefault(rule["kind"], []).append(rule["rule"])
            if not rule.get("counted", True):
                left_out.add(rule["rule"])
    places = {
        kind: _places([t + LEFT_OUT * (t in left_out) for t in texts])
        for kind, texts in by_kind.items()
    }
    lengths = [length for _, length in places.values()]
    inner = max(sum(lengths) + _GAP * (len(by_kind) - 1), 2 * _GAP)
    figure = make_subplots(
        rows=max(len(by_kind), 1),
        row_heights=lengths or None,
        vertical_spacing=_GAP / inner,
        subplot_titles=[_KINDS.get(kind, plain(kind)) for kind in by_kind],
    )
    for row, (kind, texts) in enumerate(by_kind.items(), start=1):
        rows, length = places[kind]
        series: list[tuple[str, list[float | None], str, str]] = [
            ("training labels", numbers(share.reindex(texts)), VERMILLION, "line-ns-open")
        ]
        for position, (variant, of) in enumerate(metrics.items()):
            n = of["n"]
            counts = {r["rule"]: r["highest_in_group"] for r in of["rules"]["per_rule"]}
            colour, symbol = variant_style(variant, position)
            shares = [counts[t] / n if n and t in counts else None for t in texts]
            series.append((plain(variant_name(variant)), shares, colour, symbol))
        for name, values, colour, symbol in series:
            line = {"width": 2} if symbol.endswith("open") else OUTLINE
            figure.add_scatter(
                x=values,
                y=rows,
                customdata=[plain(t) for t in texts],
                name=name,
                legendgroup=name,
                showlegend=row == 1,
                mode="markers",
                marker={"color": colour, "symbol": symbol, "size": 9, "line": line},
                cliponaxis=False,
                hovertemplate=f"%{{customdata}}<br>{name}: %{{x:.2%}}<extra></extra>",
                row=row,
                col=1,
            )
        axis = "" if row == 1 else str(row)
        for text, y in zip(texts, rows, strict=True):
            figure.add_annotation(
                text="<br>".join(map(plain, in_lines(text + LEFT_OUT * (text in left_out)))),
                x=0,
                xref=f"x{axis} domain",
                xanchor="left",
                y=y - 7,
                yref=f"y{axis}",
                yanchor="bottom",
                align="left",
                showarrow=False,
                borderpad=0,
            )
        figure.update_yaxes(range=[length, 0], tickvals=rows, showticklabels=False, row=row)
    style(
        figure,
        "How often each rule is broken",
        inner + 140,
        top=90,
        alt=f"For each of {sum(map(len, by_kind.values()))} rules, the share of training labels "
        "and of each variant's most probable answers that break it. The table below has the "
        "numbers.",
    )
    figure.update_layout(margin_l=14)
    figure.update_annotations(font={"size": 11, "color": INK}, selector={"xanchor": "left"})
    figure.update_xaxes(tickformat=".1~%", rangemode="tozero")
    return figure.update_xaxes(
        title_text="share of faces that break the rule", row=max(len(by_kind), 1)
    )


def _places(texts: Sequence[str]) -> tuple[list[float], int]:
    """Where the markers of each rule stand, below its text, in pixels; and the length of all."""
    places, at = [], 0
    for text in texts:
        at += _LINE * len(in_lines(text)) + _SPACE
        places.append(at - _SPACE / 2)
    return places, at + _SPACE // 2
