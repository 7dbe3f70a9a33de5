"""The report: one self-contained page of what was trained, measured and left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from faceinsight.data.classes import MAP_CLASSES, MAP_COLOURS
from faceinsight.data.registry import dataset_name
from faceinsight.errors import ParameterError
from faceinsight.evaluation.collapse import find_collapses
from faceinsight.evaluation.text import best_text
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.variants import in_order
from faceinsight.reports import FIGURES, tables
from faceinsight.reports.charts import variant_name
from faceinsight.reports.coverage import coverage_tables
from faceinsight.reports.data_tables import large_losses
from faceinsight.reports.examples import ExampleFace, findings, map_uri, picture_uri
from faceinsight.reports.page import write_page
from faceinsight.reports.region_rows import region_rows

if TYPE_CHECKING:
    import plotly.graph_objects as go

WITHHELD = (
    "Photographs are not shown: the pictures of these data sets may not be passed on. To look at "
    "examples on your own machine, allow them in the parameters of the report."
)
"""Said in place of example faces where none are given."""


SECTIONS = (
    ("summary", "Summary"),
    ("data", "Data sets"),
    ("prior", "Correlation prior"),
    ("rules", "Rules"),
    ("curves", "Learning curves"),
    ("metrics", "Metrics"),
    ("ablation", "Ablation"),
    ("calibration", "Calibration"),
    ("cannot-tell", "What the model cannot tell"),
    ("regions", "Where the model looks"),
    ("faces", "Example faces"),
    ("use", "Responsible use"),
    ("provenance", "Provenance"),
)
"""Sections of the page, by the names of their anchors; `cannot-tell` where a model says so, and
`regions` where they were measured."""

ORDER_LITTLE, ORDER_MUCH = 0.01, 0.05
"""Shares of answers that another order of the characteristics changes: up to the first they are
called little, and beyond the second the summary names them."""

ANSWER_KINDS = {
    "describe": "a description",
    "group": "about a group",
    "topic": "about a topic",
    "yes_no": "yes or no",
}
"""Kinds of question that `measure_agreement` tells apart, in words."""


def render_report(
    *,
    vocabulary: Vocabulary,
    metrics: Mapping[str, Mapping[str, Any]],
    ablation: pd.DataFrame,
    characteristics: pd.DataFrame,
    summary: pd.DataFrame,
    skipped: pd.DataFrame,
    label_violations: pd.DataFrame,
    figures: Mapping[str, go.Figure],
    examples: Sequence[ExampleFace] | None,
    provenance: Mapping[str, Any],
    parameters: Mapping[str, Any],
    order_effects: Mapping[str, Mapping[str, float]] | None = None,
    agreements: Mapping[str, Mapping[str, Any]] | None = None,
    proofs: Mapping[str, Any] | None = None,
    regions: Mapping[str, Any] | None = None,
    withheld: str = WITHHELD,
    drawn: bool = False,
    latest: Path | None = None,
    title: str = "FaceInsight: what the models see in a face",
) -> str:
    """Render the report as one HTML page that loads nothing from anywhere.

    Tables may have been through CSV: an empty text that came back as null stays empty.

    Args:
        vocabulary: the characteristics.
        metrics: variant to what `evaluate` returned; the last in order is called the full model. Of
            runs with further seeds (`lgc.s1`) only collapses are told.
        ablation: `Ablation.table` of `compare`.
        characteristics: `Ablation.characteristics`.
        summary: from `summaries.dataset_summary`.
        skipped: from `summaries.skipped_summary`.
        label_violations: `rule`, `decidable`, `broken` of the training labels.
        figures: by the names of `FIGURES`.
        examples: faces to show, drawn by `examples.example_faces`; None shows `withheld`.
        provenance: what made this report; nested values are shown as they are.
        parameters: configuration of the run.
        order_effects: variant to what `faceinsight.inference.split_scores.order_effect` returned.
        agreements: variant to what `evaluation.agreement.measure_agreement` returned.
        proofs: fields of `faceinsight.method.rules.proofs.Proofs`.
        regions: what `evaluation.regions.measure_regions` returned of the full model.
        withheld: the reason why no faces are shown.
        drawn: the faces are drawn by this project, which the page then says first of all.
        latest: folder that has the newest of everything, see `faceinsight.common.latest`.
        title: of the page.

    Raises:
        ParameterError: there are no metrics, or a figure is missing.
    """
    if not metrics:
        raise ParameterError("report: there are no metrics of any variant; evaluate one first")
    if missing := [name for name in FIGURES if name not in figures]:
        raise ParameterError(f"report: the figure '{missing[0]}' is missing; draw it first")
    collapses = find_collapses(metrics, vocabulary)
    metrics = in_order({name: of for name, of in metrics.items() if "." not in name})
    last = list(metrics)[-1]
    full = metrics[last]
    cannot_tell = coverage_tables(metrics)
    looks = region_rows(regions)
    left_out = {"cannot-tell" * (not cannot_tell), "regions" * (not looks)}
    return write_page(
        "report.html.j2",
        {name: figures[name] for name in FIGURES},
        title=title,
        sections=[one for one in SECTIONS if one[0] not in left_out],
        drawn=drawn,
        variants=[variant_name(v) for v in metrics],
        full_name=variant_name(last),
        full=full,
        collapses=collapses,
        headline=_headline(ablation),
        best=best_text(ablation),
        percent=tables.percent,
        settings=full["settings"],
        ablation_rows=tables.ablation_rows(ablation),
        accuracy_rows=tables.accuracy_rows(ablation, metrics),
        characteristic_table=tables.characteristic_table(characteristics),
        metric_tables=tables.metric_tables(metrics),
        cannot_tell=cannot_tell,
        regions=regions,
        region_rows=looks,
        rule_rows=tables.rule_rows(label_violations, metrics),
        rules_left_out=tables.rules_left_out(metrics),
        split_rows=tables.split_rows(summary),
        proofs=proofs or {},
        skipped=[
            row | {"dataset": dataset_name(row["dataset"])}
            for row in skipped.fillna({"first": ""}).to_dict("records")
        ],
        losses=large_losses(skipped),
        n_skipped=int(skipped["n"].sum()),
        n_ids=len(vocabulary),
        tested=[dataset_name(name) for name, of in full["datasets"].items() if of["n"]],
        untested=[dataset_name(name) for name, of in full["datasets"].items() if not of["n"]],
        n_groups=len(vocabulary.groups),
        order_rows=[
            (variant_name(name), effect)
            for name, effect in in_order(order_effects or {}).items()
            if effect["faces"]
        ],
        order_verdict=_order_verdict(in_order(order_effects or {})),
        answer_kinds=ANSWER_KINDS,
        agreement_rows=[
            (variant_name(name), of) for name, of in in_order(agreements or {}).items() if of
        ],
        faces=None if examples is None else [_face(face, vocabulary) for face in examples],
        map_classes=[
            (name.replace("_", " "), "#{:02x}{:02x}{:02x}".format(*map(int, colour)))
            for name, colour in zip(MAP_CLASSES, MAP_COLOURS, strict=True)
        ],
        withheld=withheld,
        provenance=[
            (name, tables.NOTHING if text == "null" else text)
            for name, text in tables.flat(provenance)
        ],
        parameters=tables.flat(parameters),
        latest=latest,
        places=_places(metrics),
    )


def _places(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is kept of a run, in words, and where in `latest` the newest lies."""
    tables_of = ("ablation", "ablation_by_characteristic", "data_summary", "skipped_summary")
    of_run = ("learning_curve.parquet", "predictions.parquet", "metrics.json", "order_effect.json")
    return [
        ("This page", "report.html"),
        ("Its tables", ", ".join(f"{name}.csv" for name in tables_of)),
        ("Its figures, for Plotly", "figures/"),
        *((f"{variant_name(run)}, the model", f"{run}/model/") for run in metrics),
        *(
            (f"{variant_name(run)}, what was measured", ", ".join(f"{run}/{of}" for of in of_run))
            for run in metrics
        ),
        ("The run beside the paper, where the pipeline paper has run", "paper.html, paper/"),
    ]


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


def _order_verdict(effects: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """How much the order of the characteristics matters, by the variant it matters most for."""
    shares = {name: of["answers_changed"] for name, of in effects.items() if of["faces"]}
    most = max(shares.values(), default=0.0)
    kind = "much" if most > ORDER_MUCH else "some" if most > ORDER_LITTLE else "little"
    told = [
        f"{tables.percent(share)}% for {variant_name(name)}"
        for name, share in shares.items()
        if share > (ORDER_MUCH if kind == "much" else ORDER_LITTLE)
    ]
    return {
        "kind": kind,
        "told": ", ".join(told),
        "most": most,
        "little": ORDER_LITTLE,
        "much": ORDER_MUCH,
    }


def _face(face: ExampleFace, vocabulary: Vocabulary) -> dict[str, Any]:
    return {
        "dataset": dataset_name(face.dataset),
        "photograph": face.photograph,
        "picture": picture_uri(face.picture),
        "map": None if face.map is None else map_uri(face.map),
        "findings": findings(face, vocabulary),
    }
