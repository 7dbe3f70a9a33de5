"""The report: one self-contained page of what was trained, measured and left out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray

from faceinsight.characteristics import Vocabulary
from faceinsight.errors import ParameterError
from faceinsight.reporting import FIGURES, data_figures, result_figures, tables
from faceinsight.reporting.examples import ExampleFace, findings, map_uri, picture_uri
from faceinsight.reporting.style import dataset_name, variant_name

if TYPE_CHECKING:
    import plotly.graph_objects as go

WITHHELD = (
    "Photographs are not shown: the pictures of these data sets may not be passed on. To look at "
    "examples on your own machine, allow them in the parameters of the report."
)
"""Said in place of example faces where none are given."""


def draw_figures(
    *,
    vocabulary: Vocabulary,
    metrics: Mapping[str, Mapping[str, Any]],
    ablation: pd.DataFrame,
    characteristics: pd.DataFrame,
    summary: pd.DataFrame,
    conditional: NDArray[np.floating],
    adjacency: NDArray[np.floating],
    label_violations: pd.DataFrame,
    curves: Mapping[str, pd.DataFrame],
) -> dict[str, go.Figure]:
    """Draw the report's figures, by the names of `FIGURES`.

    Args:
        vocabulary: the characteristics, K of them.
        metrics: variant to what `evaluate` returned, in the order to show.
        ablation: `Ablation.table` of `compare`.
        characteristics: `Ablation.characteristics`.
        summary: from `summaries.dataset_summary`.
        conditional: P [K, K] of the correlation prior.
        adjacency: C_hat [K, K].
        label_violations: `rule`, `decidable`, `broken` of the training labels.
        curves: variant to its training log (`step`, `epoch`, `name`, `value`).
    """
    figures = {
        "composition": data_figures.dataset_composition(summary),
        "prevalence": data_figures.prevalence_heat_map(summary),
        "prior": data_figures.prior_heat_map(conditional, adjacency, vocabulary.ids),
        "rules": data_figures.rule_violations(metrics),
        "each_rule": data_figures.violations_by_rule(label_violations, metrics),
        "curves": result_figures.learning_curves(curves),
        "tasks": result_figures.task_metrics(metrics),
        "ablation": result_figures.ablation_overall(ablation),
        "characteristics": result_figures.ablation_by_characteristic(characteristics),
        "reliability": result_figures.reliability_curve(metrics),
    }
    return {name: figures[name] for name in FIGURES}


def render_report(
    *,
    vocabulary: Vocabulary,
    metrics: Mapping[str, Mapping[str, Any]],
    ablation: pd.DataFrame,
    summary: pd.DataFrame,
    skipped: pd.DataFrame,
    label_violations: pd.DataFrame,
    figures: Mapping[str, go.Figure],
    examples: Sequence[ExampleFace] | None,
    provenance: Mapping[str, Any],
    parameters: Mapping[str, Any],
    order_effects: Mapping[str, Mapping[str, float]] | None = None,
    resplit: Mapping[str, str | None] | None = None,
    withheld: str = WITHHELD,
    title: str = "FaceInsight: what the models see in a face",
) -> str:
    """Render the report as one HTML page that loads nothing from anywhere.

    Tables may have been through CSV: an empty text that came back as null stays empty.

    Args:
        vocabulary: the characteristics.
        metrics: variant to what `evaluate` returned, in the order to show.
        ablation: `Ablation.table` of `compare`.
        summary: from `summaries.dataset_summary`.
        skipped: from `summaries.skipped_summary`.
        label_violations: `rule`, `decidable`, `broken` of the training labels.
        figures: from `draw_figures`.
        examples: faces to show, drawn by `examples.example_faces`; None shows `withheld`.
        provenance: what made this report; nested values are shown as they are.
        parameters: configuration of the run.
        order_effects: variant to what `faceinsight.prediction.order_effect` returned.
        resplit: data set to the reason why its split is our own, where it is.
        withheld: the reason why no faces are shown.
        title: of the page.

    Raises:
        ParameterError: there are no metrics, or a figure is missing.
    """
    if not metrics:
        raise ParameterError("report: there are no metrics of any variant; evaluate one first")
    if missing := [name for name in FIGURES if name not in figures]:
        raise ParameterError(f"report: the figure '{missing[0]}' is missing; draw it first")
    last = list(metrics)[-1]
    full = metrics[last]
    return _template().render(
        title=title,
        charts={name: _embed(figures[name], name) for name in FIGURES},
        plotly_js=_plotly_js(),
        css=_css(),
        variants=[variant_name(v) for v in metrics],
        full_name=variant_name(last),
        full=full,
        headline=_headline(ablation),
        percent=tables.percent,
        settings=full["settings"],
        ablation_rows=tables.ablation_rows(ablation),
        accuracy_rows=tables.accuracy_rows(ablation, metrics),
        metric_tables=tables.metric_tables(metrics),
        rule_rows=tables.rule_rows(label_violations, metrics),
        split_rows=tables.split_rows(summary, resplit or {}),
        skipped=[
            row | {"dataset": dataset_name(row["dataset"])}
            for row in skipped.fillna({"first": ""}).to_dict("records")
        ],
        n_skipped=int(skipped["n"].sum()),
        n_ids=len(vocabulary),
        n_groups=len(vocabulary.groups),
        order_rows=[
            (variant_name(name), effect)
            for name, effect in (order_effects or {}).items()
            if effect["faces"]
        ],
        faces=None if examples is None else [_face(face, vocabulary) for face in examples],
        withheld=withheld,
        provenance=_flat(provenance),
        parameters=json.dumps(parameters, indent=2, ensure_ascii=False, default=str),
    )


def _headline(table: pd.DataFrame) -> dict[str, Any]:
    """What the ablation says of the last variant against the first, in plain values."""
    row = {str(name): value for name, value in table.iloc[-1].items()}
    verdict = "unknown"
    if len(table) > 1 and pd.notna(row["difference_low"]):
        verdict = (
            "better"
            if row["difference_low"] > 0
            else "worse"
            if row["difference_high"] < 0
            else "alike"
        )
    return row | {"first": table["variant"].iloc[0], "verdict": verdict}


def _face(face: ExampleFace, vocabulary: Vocabulary) -> dict[str, Any]:
    return {
        "dataset": dataset_name(face.dataset),
        "photograph": face.photograph,
        "picture": picture_uri(face.picture),
        "map": None if face.map is None else map_uri(face.map),
        "findings": findings(face, vocabulary),
    }


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested plain values as rows of name and text."""
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            rows += _flat(value, f"{name}.")
        elif isinstance(value, list | tuple):
            rows.append((name, ", ".join(map(str, value))))
        else:
            rows.append((name, tables.NOTHING if value is None else str(value)))
    return rows


def _embed(figure: go.Figure, name: str) -> Markup:
    """A figure's element and script; Plotly escapes what could end the script."""
    html = figure.to_html(
        full_html=False,
        include_plotlyjs=False,
        include_mathjax=False,
        div_id=f"chart-{name}",
        config={"displaylogo": False, "responsive": True, "displayModeBar": False},
    )
    return Markup(html)


@cache
def _plotly_js() -> Markup:
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs())


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("faceinsight.reporting", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template() -> Any:
    return _environment().get_template("report.html.j2")


def _css() -> Markup:
    environment = _environment()
    assert environment.loader is not None
    return Markup(environment.loader.get_source(environment, "report.css")[0])
