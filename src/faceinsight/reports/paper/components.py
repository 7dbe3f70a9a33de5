"""The paper's Figure 8a: what each component adds on one data set, measured and drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from faceinsight.data.registry import dataset_name
from faceinsight.evaluation.paired import PairedRuns
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.reports.charts import (
    BLUE,
    FAINT,
    GREY,
    characteristic_name,
    plain,
    style,
    variant_name,
    variant_style,
    with_whiskers,
)
from faceinsight.reports.paper.numbers import claim

STEPS = {
    "seg_over_org": ("org", "seg"),
    "corr_over_seg": ("seg", "corr"),
    "corr_and_lgc_over_seg": ("seg", "lgc"),
    "lgc_over_org": ("org", "lgc"),
}
"""Steps between variants of which the paper gives the gain, by the names of its claims."""


class Components(NamedTuple):
    """What `measure_components` returns.

    Attributes:
        characteristics: one row a characteristic that has an AP: `id`, `n`, `prevalence`, and for
            each variant `<variant>_ap` and `<variant>_accuracy`.
        steps: one row a step of `STEPS` whose variants are there: `step`, `before`, `after`,
            `paper` and `run` (gain in mAP, in points of per cent) with `run_low`, `run_high`.
    """

    characteristics: pd.DataFrame
    steps: pd.DataFrame


def measure_components(
    dataset: str,
    predictions: Mapping[str, pd.DataFrame],
    vocabulary: Vocabulary,
    evaluation: EvaluationSettings | None = None,
) -> Components:
    """AP and accuracy of every characteristic of a data set under each variant.

    Args:
        dataset: CelebA in the paper.
        predictions: variant to its predictions; all of the same faces.
        vocabulary: the characteristics.
        evaluation: thresholds, resamples, level and seed.

    Raises:
        ParameterError: the variants were not predicted on the same faces.
    """
    evaluation = evaluation or EvaluationSettings()
    here = {n: of[(of["dataset"] == dataset).to_numpy(bool)] for n, of in predictions.items()}
    runs = PairedRuns({name: [of] for name, of in here.items()}, vocabulary, evaluation)
    members = [member for task in vocabulary.tasks(dataset) for member in task.members]
    ids = [id_ for id_ in members if id_ in runs.characteristics]
    rows = []
    for id_, threshold in zip(ids, evaluation.thresholds_of(ids), strict=True):
        row: dict[str, object] = {"id": id_}
        for name, of in here.items():
            known = of[f"y_{id_}"].notna().to_numpy(bool)
            present = of.loc[known, f"y_{id_}"].to_numpy(int) == 1
            said = of.loc[known, f"p_{id_}"].to_numpy(float) >= threshold
            row |= {"n": len(present), "prevalence": float(present.mean())}
            row[f"{name}_ap"] = float(runs.by_seed(name, ("ap", id_))[0])
            row[f"{name}_accuracy"] = float((said == present).mean())
        rows.append(row)
    names = [f"{name}_{part}" for name in here for part in ("ap", "accuracy")]
    table = pd.DataFrame(rows, columns=["id", "n", "prevalence", *names])
    steps = []
    for step, (before, after) in STEPS.items():
        if ids and before in here and after in here:
            gain = runs.difference(before, after, *(("ap", id_) for id_ in ids))
            ends = (None if v is None else 100 * v for v in (gain.value, gain.low, gain.high))
            steps.append((step, before, after, claim(step), *ends))
    columns = ["step", "before", "after", "paper", "run", "run_low", "run_high"]
    frame = pd.DataFrame(steps, columns=columns)
    return Components(table, frame.astype(dict.fromkeys(columns[3:], "float64")))


_STEP_NAMES = {
    "seg_over_org": "+seg over org",
    "corr_over_seg": "+corr over +seg",
    "corr_and_lgc_over_seg": "+lgc over +seg",
    "lgc_over_org": "+lgc over org",
}


def by_characteristic(table: pd.DataFrame, dataset: str) -> go.Figure:
    """Figure 8a: AP of each characteristic under every variant, the most helped first.

    Args:
        table: `Components.characteristics`.
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
        steps: `Components.steps`.
        dataset: on which.
    """
    names = [_STEP_NAMES.get(step, step) for step in steps["step"]]
    values, whiskers = with_whiskers(steps, "run", "run_low", "run_high")
    figure = go.Figure()
    figure.add_bar(x=names, y=steps["paper"].tolist(), name="paper", marker_color=GREY)
    figure.data[0].marker.pattern.shape = "/"
    figure.add_bar(x=names, y=values, name="this run", marker_color=BLUE, error_y=whiskers)
    style(figure, f"Gains in mAP, {dataset_name(dataset)}: paper and this run", 360, top=80)
    figure.update_yaxes(title_text="points of mAP", zeroline=True, zerolinecolor=FAINT)
    return figure.update_xaxes(showgrid=False)
