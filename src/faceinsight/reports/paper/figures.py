"""The paper's Figures 1 and 3 to 6: all models, as a radar and as bars."""

from __future__ import annotations

import textwrap
from functools import cache

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from faceinsight.data.registry import dataset_name
from faceinsight.reports.paper.numbers import (
    BAR_FIGURES,
    METRICS,
    OURS,
    TRAINING_FREE,
    paper_numbers,
)
from faceinsight.reports.paper.results import key_of, weights_by_model
from faceinsight.reports.style import (
    BLUE,
    FAINT,
    GREEN,
    GREY,
    INK,
    METRIC_NAMES,
    ORANGE,
    SKY,
    VERMILLION,
    plain,
    style,
    whiskers,
)
from faceinsight.rivals.naming import shown_name

PAPER = f"{OURS}, paper"
RUN = f"{OURS}, this run"

AXES = (
    ("maad", "attributes", "MAAD"),
    ("celeba", "attributes", "CelebA"),
    ("fairface", "age", "FairFace-A"),
    ("fairface", "gender", "FairFace-G"),
    ("fairface", "race", "FairFace-R"),
    ("utkface", "age", "UTKFace-A"),
    ("utkface", "gender", "UTKFace-G"),
    ("utkface", "race", "UTKFace-R"),
    ("expw", "expression", "ExpW"),
    ("rafdb", "expression", "RAF-DB"),
)
"""Axes of Figure 1's radar, with its names: A for age, G for gender, R for race."""

_NOTHING = (None, None, None)
_METRIC_COLOURS = {"accuracy": BLUE, "recall": SKY, "f1": ORANGE, "precision": GREEN}
_RIVAL_COLOURS = (
    *(ORANGE, SKY, GREEN, VERMILLION, "#CC79A7", "#F0E442", "#8c564b", "#17becf", "#7f7f7f"),
)


def radar(results: pd.DataFrame) -> go.Figure:
    """Figure 1: accuracy of every model on every task.

    The paper's FaceInsight is drawn from its Tables 1 to 5; of the nine others it prints no
    numbers. A model that was not run has no outline, and is named below.

    Args:
        results: from `faceinsight.reports.paper.results`.
    """
    names = [name for *_, name in AXES]
    figure = go.Figure()

    def outline(
        name: str, values: list[float | None], colour: str, dash: str, width: float
    ) -> None:
        figure.add_scatterpolar(
            r=[*values, values[0]],
            theta=[*names, names[0]],
            name=plain(name),
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": width},
            marker={"size": 5},
            hovertemplate=f"{plain(name)}, %{{theta}}: %{{r:.2f}} %<extra></extra>",
        )

    found, weights = _by_key(results), weights_by_model(results)

    def accuracies(model: str, setting: str) -> list[float | None]:
        keys = [(key_of(model), setting, d, t, "accuracy") for d, t, _ in AXES]
        return [found.get(key, _NOTHING)[0] for key in keys]

    outline(PAPER, [_printed()[d, t, "accuracy"] for d, t, _ in AXES], GREY, "dash", 1.8)
    not_run = []
    for position, model in enumerate(TRAINING_FREE):
        values = accuracies(model, "training-free")
        if any(value is not None for value in values):
            name = shown_name(model, weights[key_of(model), "training-free"])
            outline(name, values, _RIVAL_COLOURS[position], "solid", 1.2)
        else:
            not_run.append(model)
    ours = accuracies(OURS, "trained")
    if any(value is not None for value in ours):
        outline(RUN, ours, BLUE, "solid", 2.4)
    else:
        not_run.append(RUN)
    style(figure, "Figure 1: accuracy by task", 620, top=110)
    figure.update_layout(
        polar={
            "radialaxis": {"range": [0, 100], "ticksuffix": " %", "gridcolor": "#e6e8eb"},
            "angularaxis": {"gridcolor": "#e6e8eb", "direction": "clockwise"},
            "bgcolor": "white",
        },
        margin={"b": 30 + 18 * _say_not_run(figure, not_run)},
    )
    return figure


def bars(number: int, results: pd.DataFrame) -> go.Figure:
    """One of Figures 3 to 6: four metrics of every model without training, a panel a task.

    The paper's own bars for FaceInsight are those of its tables, hatched; its bars for the others
    have no printed numbers. Where a model was not run there is no bar but the words.

    Args:
        number: 3 to 6.
        results: from `faceinsight.reports.paper.results`.
    """
    spec = next(f for f in BAR_FIGURES if f.number == number)
    models = [*TRAINING_FREE, PAPER, RUN]
    weights = weights_by_model(results)
    names = [shown_name(name, weights.get((key_of(name), "training-free"))) for name in models]
    labels = [_in_lines(plain(name)) for name in names]
    run = _by_key(results)

    def bar_of(model: str, dataset: str, task: str, metric: str) -> _Figure:
        if model == PAPER:
            return _printed()[dataset, task, metric], None, None
        name, setting = (OURS, "trained") if model == RUN else (model, "training-free")
        return run.get((key_of(name), setting, dataset, task, metric), _NOTHING)

    height = 110 + 270 * len(spec.panels)
    figure = make_subplots(
        rows=len(spec.panels),
        subplot_titles=[f"{dataset_name(d)} · {t}" for d, t in spec.panels],
        vertical_spacing=110 / height,
    )
    for row, (dataset, task) in enumerate(spec.panels, start=1):
        found = {
            metric: [bar_of(model, dataset, task, metric) for model in models] for metric in METRICS
        }
        for metric, of in found.items():
            values, lows, highs = (list(column) for column in zip(*of, strict=True))
            bar = {
                "legendgroup": metric,
                "offsetgroup": metric,
                "hovertemplate": f"%{{x}}, {METRIC_NAMES[metric]}: %{{y:.2f}} %<extra></extra>",
            }
            here = [i for i, model in enumerate(models) if model != PAPER]
            figure.add_bar(
                x=[labels[i] for i in here],
                y=[values[i] for i in here],
                name=METRIC_NAMES[metric],
                showlegend=row == 1,
                marker_color=_METRIC_COLOURS[metric],
                error_y=whiskers(*([column[i] for i in here] for column in (values, lows, highs)))
                | {"color": INK},
                row=row,
                col=1,
                **bar,
            )
            figure.add_bar(
                x=[labels[models.index(PAPER)]],
                y=[values[models.index(PAPER)]],
                showlegend=False,
                marker={"color": _METRIC_COLOURS[metric], "pattern": {"shape": "/"}},
                row=row,
                col=1,
                **bar,
            )
        for position, label in enumerate(labels):
            if all(of[position][0] is None for of in found.values()):
                figure.add_annotation(
                    x=label,
                    y=2,
                    text="not run",
                    textangle=-90,
                    yanchor="bottom",
                    showarrow=False,
                    font={"size": 12, "color": FAINT},
                    row=row,
                    col=1,
                )
    titles = " and ".join(dict.fromkeys(dataset_name(d) for d, _ in spec.panels))
    style(figure, f"Figure {number}: {titles}, models without training", height, top=90)
    figure.update_yaxes(range=[0, 100], ticksuffix=" %")
    figure.update_xaxes(showgrid=False, tickangle=0, tickfont={"size": 10})
    figure.update_xaxes(categoryorder="array", categoryarray=labels)
    return figure.update_layout(bargap=0.2)


_Figure = tuple[float | None, float | None, float | None]
"""Value and interval, in per cent."""


def _by_key(results: pd.DataFrame) -> dict[tuple[str, str, str, str, str], _Figure]:
    """Model's key, setting, data set, task and metric to the figure."""
    keys = zip(
        results["model"].map(key_of),
        *(results[name] for name in ("setting", "dataset", "task", "metric")),
        strict=True,
    )
    ends = zip(*(_per_cent(results[name]) for name in ("value", "low", "high")), strict=True)
    return dict(zip(keys, ends, strict=True))


def _per_cent(values: pd.Series) -> list[float | None]:
    return [None if pd.isna(value) else 100 * float(value) for value in values]


@cache
def _printed() -> dict[tuple[str, str, str], float]:
    """Data set, task and metric to the paper's number for FaceInsight, in per cent."""
    rows = paper_numbers()
    rows = rows[rows["model"] == OURS]
    keys = zip(rows["dataset"], rows["task"], rows["metric"], strict=True)
    return dict(zip(keys, rows["value"].astype(float), strict=True))


def _say_not_run(figure: go.Figure, models: list[str]) -> int:
    """Name the models that were not run below a figure; returns the number of lines."""
    if not models:
        return 0
    lines = textwrap.wrap("Not run: " + ", ".join(models), 110, break_on_hyphens=False)
    figure.add_annotation(
        text=plain("\n".join(lines)).replace("\n", "<br>"),
        x=0,
        xref="paper",
        xanchor="left",
        y=0,
        yref="paper",
        yanchor="top",
        yshift=-24,
        align="left",
        showarrow=False,
        font={"size": 12, "color": FAINT},
    )
    return len(lines)


def _in_lines(model: str) -> str:
    return "<br>".join(textwrap.wrap(model.replace("-", "- "), 13)).replace("- ", "-")
