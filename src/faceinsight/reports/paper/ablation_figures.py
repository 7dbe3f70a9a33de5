"""The paper's Figure 8: components by characteristic (a), and the sweep of omega (b)."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from faceinsight.data.registry import dataset_name
from faceinsight.reports.paper.ablation import chosen_omega
from faceinsight.reports.paper.numbers import claim
from faceinsight.reports.style import (
    BLUE,
    FAINT,
    GREY,
    ORANGE,
    VERMILLION,
    characteristic_name,
    plain,
    style,
    variant_name,
    variant_style,
    whiskers,
)

_STEP_NAMES = {
    "seg_over_org": "+seg over org",
    "corr_over_seg": "+corr over +seg",
    "corr_and_lgc_over_seg": "+lgc over +seg",
    "lgc_over_org": "+lgc over org",
}


def by_characteristic(table: pd.DataFrame, dataset: str) -> go.Figure:
    """Figure 8a: AP of each characteristic under every variant, the most helped first.

    Args:
        table: `DatasetAblation.characteristics`.
        dataset: whose characteristics they are.
    """
    variants = [str(name).removesuffix("_ap") for name in table if str(name).endswith("_ap")]
    rows = table
    if len(variants) > 1 and len(table):
        gain = table[f"{variants[-1]}_ap"] - table[f"{variants[0]}_ap"]
        rows = table.loc[gain.sort_values().index]
    names = [plain(characteristic_name(id_)) for id_ in rows["id"]]
    height = 150 + 18 * len(rows)
    figure = make_subplots(
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.03,
        subplot_titles=("average precision", "accuracy"),
    )
    for column, part in enumerate(("ap", "accuracy"), start=1):
        for position, variant in enumerate(variants):
            colour, symbol = variant_style(variant, position)
            name = plain(variant_name(variant))
            figure.add_scatter(
                x=[100 * value for value in rows[f"{variant}_{part}"]],
                y=names,
                name=name,
                legendgroup=name,
                showlegend=column == 1,
                mode="markers",
                marker={"color": colour, "symbol": symbol, "size": 7},
                hovertemplate=f"%{{y}}, {name}: %{{x:.2f}} %<extra></extra>",
                row=1,
                col=column,
            )
    style(figure, f"Figure 8a: components, {dataset_name(dataset)}", height, top=90)
    figure.update_xaxes(ticksuffix=" %")
    return figure.update_yaxes(tickfont={"size": 11}, dtick=1)


def component_steps(steps: pd.DataFrame, dataset: str) -> go.Figure:
    """What each step adds in mAP: the paper's gain beside this run's, with its interval.

    Args:
        steps: `DatasetAblation.steps`.
        dataset: on which.
    """
    names = [_STEP_NAMES.get(step, step) for step in steps["step"]]
    values, lows, highs = (
        [None if pd.isna(v) else float(v) for v in steps[part]]
        for part in ("run", "run_low", "run_high")
    )
    figure = go.Figure()
    figure.add_bar(x=names, y=steps["paper"].tolist(), name="paper", marker_color=GREY)
    figure.data[0].marker.pattern.shape = "/"
    figure.add_bar(
        x=names, y=values, name="this run", marker_color=BLUE, error_y=whiskers(values, lows, highs)
    )
    style(figure, f"Gains in mAP, {dataset_name(dataset)}: paper and this run", 360, top=80)
    figure.update_yaxes(title_text="points of mAP", zeroline=True, zerolinecolor=FAINT)
    return figure.update_xaxes(showgrid=False)


def omega_sweep(sweep: pd.DataFrame | None, figure_of: str = "accuracy") -> go.Figure:
    """Figure 8b: accuracy by omega on validation and test data, the mean over seeds and each seed.

    Omega is chosen by validation data; the test part shows what that choice brings.

    Args:
        sweep: with the columns of `SWEEP_COLUMNS`; None where the sweep was not run.
        figure_of: `accuracy` or `map`.
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
        mean = rows.groupby("omega")[figure_of].mean()
        figure.add_scatter(
            x=rows["omega"].tolist(),
            y=(100 * rows[figure_of]).tolist(),
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
    chosen = chosen_omega(sweep, figure_of)
    style(figure, f"Figure 8b: omega (chosen by validation: {chosen:g})", 420, top=80)
    figure.add_vline(x=chosen, line={"color": VERMILLION, "width": 1.5})
    figure.add_vline(
        x=best,
        line={"color": GREY, "dash": "dot", "width": 1.5},
        annotation={"text": f"paper: {best:g}", "font": {"color": GREY, "size": 12}},
    )
    figure.update_xaxes(title_text="omega", tickvals=sorted(set(sweep["omega"])))
    label = "accuracy" if figure_of == "accuracy" else "mAP"
    return figure.update_yaxes(title_text=label, ticksuffix=" %")
