"""The paper's Figure 8b: the sweep of omega, what it chooses, and how it is drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from faceinsight.errors import ParameterError
from faceinsight.reports.charts import BLUE, FAINT, GREY, ORANGE, VERMILLION, style
from faceinsight.reports.paper.numbers import claim

OMEGAS = (0.0, 0.2, 0.5, 0.8, 1.0)
"""The values of omega that Figure 8b compares."""

SWEEP_COLUMNS = ("omega", "seed", "split", "accuracy", "map")
"""Columns of a sweep: one row an omega, seed and split (`val`, `test`); shares from 0 to 1."""


def read_sweep(path: Path) -> pd.DataFrame:
    """Read what `experiments/omega.py` wrote.

    Raises:
        ParameterError: it is missing, or lacks a column.
    """
    if not path.is_file():
        raise ParameterError(f"paper.omega_sweep: there is no file {path}")
    sweep = pd.read_csv(path)
    if missing := [column for column in SWEEP_COLUMNS if column not in sweep]:
        raise ParameterError(f"{path}: the column '{missing[0]}' is missing")
    return sweep


def chosen_omega(sweep: pd.DataFrame, metric: str = "accuracy") -> float:
    """The omega with the best mean over seeds on validation data; the smallest where several are.

    Args:
        sweep: with the columns of `SWEEP_COLUMNS`.
        metric: `accuracy` or `map`.

    Raises:
        ParameterError: there is no validation part, or an omega lacks a seed that others have, so
            that means would not compare.
    """
    validation = sweep[sweep["split"] == "val"]
    if validation.empty:
        raise ParameterError("sweep of omega: there is no row of the val part to choose by")
    table = validation.pivot(index="omega", columns="seed", values=metric)
    missing_runs = np.argwhere(table.isna().to_numpy())
    if len(missing_runs):
        row, column = missing_runs[0]
        raise ParameterError(
            f"sweep of omega: {table.index[row]} was not run with seed {table.columns[column]}; "
            "run it too"
        )
    mean = table.mean(axis=1).sort_index()
    return float(mean.index[int(mean.to_numpy().argmax())])


def omega_sweep(sweep: pd.DataFrame | None, metric: str = "accuracy") -> go.Figure:
    """Figure 8b: accuracy by omega on validation and test data, the mean over seeds and each seed.

    Omega is chosen by validation data; the test part shows what that choice brings.

    Args:
        sweep: with the columns of `SWEEP_COLUMNS`; None where the sweep was not run.
        metric: `accuracy` or `map`.
    """
    figure = go.Figure()
    best = claim("best_omega")
    if sweep is None:
        figure.add_annotation(
            text="not run: experiments/omega.py runs it",
            x=0.5,
            xref="paper",
            y=0.5,
            yref="paper",
            showarrow=False,
            font={"size": 14, "color": FAINT},
        )
        style(figure, "Figure 8b: omega", 180)
        figure.update_xaxes(visible=False)
        return figure.update_yaxes(visible=False)
    for split, colour, symbol, dash in (
        ("val", BLUE, "circle", "solid"),
        ("test", ORANGE, "square", "dash"),
    ):
        rows = sweep[sweep["split"] == split]
        if rows.empty:
            continue
        name = "validation" if split == "val" else "test"
        mean = rows.groupby("omega")[metric].mean()
        figure.add_scatter(
            x=rows["omega"].tolist(),
            y=(100 * rows[metric]).tolist(),
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 5, "opacity": 0.45},
            customdata=rows["seed"].tolist(),
            name=f"{name}, each seed",
            hovertemplate="omega %{x}, seed %{customdata}: %{y:.2f} %<extra></extra>",
        )
        figure.add_scatter(
            x=mean.index.tolist(),
            y=(100 * mean).tolist(),
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2},
            marker={"symbol": symbol, "size": 9},
            name=f"{name}, mean",
            hovertemplate=f"omega %{{x}}, {name}: %{{y:.2f}} %<extra></extra>",
        )
    chosen = chosen_omega(sweep, metric)
    style(figure, f"Figure 8b: omega (chosen by validation: {chosen:g})", 420, top=80)
    figure.add_vline(x=chosen, line={"color": VERMILLION, "width": 1.5})
    figure.add_vline(
        x=best,
        line={"color": GREY, "dash": "dot", "width": 1.5},
        annotation={"text": f"paper: {best:g}", "font": {"color": GREY, "size": 12}},
    )
    figure.update_xaxes(title_text="omega", tickvals=sorted(set(sweep["omega"])))
    label = "accuracy" if metric == "accuracy" else "mAP"
    return figure.update_yaxes(title_text=label, ticksuffix=" %")
