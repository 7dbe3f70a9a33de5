"""The paper's Figures 1 and 3 to 6: all models, as a radar and as bars."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from faceinsight.data.registry import dataset_name
from faceinsight.reports.charts import (
    BLUE,
    GREEN,
    GREY,
    GRID,
    INK,
    METRIC_NAMES,
    ORANGE,
    SKY,
    VERMILLION,
    add_note,
    plain,
    style,
    with_whiskers,
)
from faceinsight.reports.paper.numbers import (
    BAR_FIGURES,
    METRICS,
    OURS,
    TRAINING_FREE,
    paper_numbers,
)
from faceinsight.reports.paper.results import key_of, weights_by_model
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
    axes = pd.DataFrame(AXES, columns=["dataset", "task", "axis"])
    accuracies = _with_the_papers(results).query("metric == 'accuracy'")
    figure = go.Figure()
    not_run = []
    for position, model in enumerate((PAPER, *TRAINING_FREE, RUN)):
        found = accuracies[accuracies["shown"] == model]
        if found.empty:
            not_run.append(model)
            continue
        values = axes.merge(found, how="left", on=["dataset", "task"])["value"].tolist()
        name = plain(shown_name(model, found["weights"].iloc[0]))
        line = {"color": _RIVAL_COLOURS[(position - 1) % len(_RIVAL_COLOURS)], "width": 1.2}
        if model in (PAPER, RUN):
            line = {"color": GREY if model == PAPER else BLUE, "width": 2.2}
        figure.add_scatterpolar(
            r=[None if pd.isna(v) else v for v in [*values, values[0]]],
            theta=[*axes["axis"], axes["axis"][0]],
            name=name,
            mode="lines+markers",
            line=line | {"dash": "dash" if model == PAPER else "solid"},
            marker={"size": 5},
            hovertemplate=f"{name}, %{{theta}}: %{{r:.2f}} %<extra></extra>",
        )
    style(figure, "Figure 1: accuracy by task", 620, top=110)
    figure.update_layout(
        polar={
            "radialaxis": {"range": [0, 100], "ticksuffix": " %", "gridcolor": GRID},
            "angularaxis": {"gridcolor": GRID, "direction": "clockwise"},
            "bgcolor": "white",
        },
        margin={"b": 30},
    )
    return add_note(figure, f"Not run: {', '.join(not_run)}." if not_run else "")


def bars(number: int, results: pd.DataFrame) -> go.Figure:
    """One of Figures 3 to 6: four metrics of the models that were run, a panel a task.

    The paper's own bars for FaceInsight are those of its tables, hatched; its bars for the others
    have no printed numbers. What was not run has no place, and is named in a line below.

    Args:
        number: 3 to 6.
        results: from `faceinsight.reports.paper.results`.
    """
    spec = next(f for f in BAR_FIGURES if f.number == number)
    height = 110 + 270 * len(spec.panels)
    figure = make_subplots(
        rows=len(spec.panels),
        subplot_titles=[_panel_name(*panel) for panel in spec.panels],
        vertical_spacing=110 / height,
    )
    models = (*TRAINING_FREE, RUN, PAPER)  # a legend takes the first bar's hatching
    everything = _with_the_papers(results)
    run: dict[tuple[str, str], list[str]] = {}
    for row, panel in enumerate(spec.panels, start=1):
        of_panel = (everything["dataset"] == panel[0]) & (everything["task"] == panel[1])
        here = everything[of_panel]
        run[panel] = [model for model in models if (here["shown"] == model).any()]
        for metric in METRICS:
            of = here[here["metric"] == metric].set_index("shown").reindex(run[panel])
            values, whiskers = with_whiskers(of)
            names = map(shown_name, run[panel], of["weights"])
            hatched = ["/" if model == PAPER else "" for model in run[panel]]
            figure.add_bar(
                x=[_in_lines(plain(name)) for name in names],
                y=values,
                name=METRIC_NAMES[metric],
                showlegend=row == 1,
                legendgroup=metric,
                offsetgroup=metric,
                marker={"color": _METRIC_COLOURS[metric], "pattern": {"shape": hatched}},
                error_y=whiskers | {"color": INK},
                hovertemplate=f"%{{x}}, {METRIC_NAMES[metric]}: %{{y:.2f}} %<extra></extra>",
                row=row,
                col=1,
            )
    titles = " and ".join(dict.fromkeys(dataset_name(d) for d, _ in spec.panels))
    style(figure, f"Figure {number}: {titles}, models without training", height, top=90)
    figure.update_yaxes(range=[0, 100], ticksuffix=" %")
    figure.update_xaxes(showgrid=False, tickangle=0, tickfont={"size": 10})
    figure.update_layout(bargap=0.2, meta=figure.layout.meta | _room(max(map(len, run.values()))))
    return add_note(figure, _not_run(models, run))


def _with_the_papers(results: pd.DataFrame) -> pd.DataFrame:
    """What Figures 1 and 3 to 6 draw: rivals as they are, and FaceInsight twice.

    Returns:
        `shown` (one of `TRAINING_FREE`, `PAPER` or `RUN`), `dataset`, `task`, `metric`, `value`,
        `low`, `high` in per cent, and `weights` of that model in all its tasks.
    """
    keys = results["model"].map(key_of)
    named = {(key_of(name), "training-free"): name for name in TRAINING_FREE}
    named[key_of(OURS), "trained"] = RUN
    pairs = pd.Series([*zip(keys, results["setting"], strict=True)], index=results.index)
    weights = weights_by_model(results)
    ran = results.assign(shown=pairs.map(named), weights=pairs.map(weights))
    ran = ran[ran["shown"].notna() & ran["value"].notna()]
    ends = ["value", "low", "high"]
    ran[ends] = 100 * ran[ends].astype("float64")
    printed = paper_numbers()
    printed = printed[printed["model"] == OURS].assign(shown=PAPER, weights="")
    columns = ["shown", "dataset", "task", "metric", *ends, "weights"]
    parts = [part.reindex(columns=columns) for part in (printed, ran) if len(part)]
    # Table 4 prints some accuracies of Tables 2 and 3 again.
    return pd.concat(parts).drop_duplicates(columns[:4])


def _panel_name(dataset: str, task: str) -> str:
    return f"{dataset_name(dataset)} · {task}"


def _not_run(models: Sequence[str], run: dict[tuple[str, str], list[str]]) -> str:
    """One line: the models that were run nowhere, and those that were not run on some tasks."""
    nowhere = [model for model in models if not any(model in of for of in run.values())]
    said = [f"Not run: {', '.join(nowhere)}."] if nowhere else []
    for panel, of in run.items():
        if partly := [model for model in models if model not in {*of, *nowhere}]:
            said.append(f"Not run on {_panel_name(*panel)}: {', '.join(partly)}.")
    return " ".join(said)


def _room(models: int) -> dict[str, int]:
    """Names of many models need a width; a narrower window scrolls the chart."""
    return {"min_width": 90 * models} if models > 4 else {}


def _in_lines(model: str) -> str:
    return "<br>".join(textwrap.wrap(model.replace("-", "- "), 13)).replace("- ", "-")
