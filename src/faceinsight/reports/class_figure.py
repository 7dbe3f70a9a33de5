"""The figure of a model's answers by class: how often each is given, and in place of which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from faceinsight.data.registry import dataset_name
from faceinsight.evaluation.collapse import class_words, handed_out, tasks_with_faces
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.variants import in_order
from faceinsight.reports.charts import BLUE, GREY, SHADES, plain, style, variant_name

_ROW, _BETWEEN = 26, 100
"""Pixels of a class, and between two tasks: the names of classes below, the title above."""

_TOP, _BOTTOM = 95, 80


def class_answers(metrics: Mapping[str, Mapping[str, Any]], vocabulary: Vocabulary) -> go.Figure:
    """Shares of classes, answered beside true, and the confusion matrix: a row of panels a task.

    Answers are the decoded labels of the last variant.

    Args:
        metrics: variant to what `evaluate` returned.
        vocabulary: gives the data sets' words.
    """
    *_, (variant, of) = [("", {"datasets": {}}), *in_order(metrics).items()]
    tasks = [(d, t, r) for d, t, r in tasks_with_faces(of) if r["one_of"]]
    sizes = [len(report["members"]) for *_, report in tasks] or [1]
    inner = _ROW * sum(sizes) + _BETWEEN * (len(sizes) - 1)
    figure = make_subplots(
        rows=len(sizes),
        cols=2,
        shared_yaxes=True,
        row_heights=[size / sum(sizes) for size in sizes],
        vertical_spacing=_BETWEEN / inner if len(sizes) > 1 else 0,
        horizontal_spacing=0.03,
        subplot_titles=[
            f"{dataset_name(dataset)} · {task}: {what}"
            for dataset, task, _ in tasks
            for what in ("shares of classes", "answers, % of a true class")
        ],
    )
    for row, (dataset, _, report) in enumerate(tasks, start=1):
        answered, true = handed_out(report)
        words = class_words(vocabulary, dataset)
        names = [plain(words[id_]) for id_ in report["members"]]
        given = answered.sum(axis=0)
        shown = slice(0, None if given[-1] else -1)  # "no answer", where there is any
        labels = [*names, "no answer"][shown]
        for name, colour, counts in (
            ("true", GREY, [*true, 0][shown]),
            ("answered", BLUE, given[shown]),
        ):
            figure.add_bar(
                y=labels,
                x=[float(n / report["n"]) for n in counts],
                customdata=[int(n) for n in counts],
                name=name,
                legendgroup=name,
                showlegend=row == 1,
                orientation="h",
                marker_color=colour,
                hovertemplate=f"%{{y}}, {name}: %{{x:.1%}}, %{{customdata}} faces<extra></extra>",
                row=row,
                col=1,
            )
        z = answered[:, shown] / true.clip(min=1)[:, None]
        figure.add_heatmap(
            z=z.round(4).tolist(),
            x=labels,
            y=names,
            customdata=answered[:, shown].tolist(),
            text=[[f"{100 * share:.0f}" if share else "" for share in shares] for shares in z],
            texttemplate="%{text}",
            textfont={"size": 11},
            colorscale=SHADES,
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=1,
            ygap=1,
            hovertemplate="%{y}, answered %{x}: %{z:.1%}, %{customdata} faces<extra></extra>",
            row=row,
            col=2,
        )
    style(
        figure,
        f"Answers by class: {plain(variant_name(variant))}",
        inner + _TOP + _BOTTOM,
        top=_TOP,
        alt="Bars: share of each class among the test faces, and among the answers. Heat maps: of "
        f"the faces of each class, the share of each answer, for {len(tasks)} tasks.",
    )
    meta = figure.layout.meta | {"gap": _BETWEEN}
    figure.update_layout(margin_b=_BOTTOM, bargap=0.2, meta=meta)
    figure.update_yaxes(autorange="reversed", showgrid=False, col=1)
    figure.update_xaxes(tickformat=".0%", rangemode="tozero", nticks=5, col=1)
    return figure.update_xaxes(showgrid=False, tickangle=-35, col=2)
