"""Nodes: metrics, curves and examples to figures and a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import DATASETS, Vocabulary
from faceinsight.method.variants import LABELS
from faceinsight.reports import FIGURES
from faceinsight.reports.settings import ReportingSettings

if TYPE_CHECKING:
    from numpy import ndarray
    from pandas import DataFrame
    from plotly.graph_objects import Figure
else:  # Kedro resolves these hints, and pandas would slow down every `kedro` command.
    DataFrame = Figure = ndarray = Any


def summarise_data(vocabulary: Vocabulary, **tables: Any) -> tuple[DataFrame, DataFrame]:
    """Faces and labels of every split, and everything that was skipped on the way."""
    from faceinsight.data.store import StoredCrops
    from faceinsight.reports.summaries import dataset_summary, skipped_summary

    def of(what: str) -> dict[str, Any]:
        return {name: tables[f"{name}_{what}"] for name in DATASETS}

    crops = {name: StoredCrops.open(Path(folder)) for name, folder in of("crops").items()}
    return (
        dataset_summary({name: f.examples for name, f in crops.items()}, vocabulary),
        skipped_summary(
            of("skipped_rows"),
            of("audit"),
            of("selection"),
            {name: f.header["skipped"] for name, f in crops.items()},
        ),
    )


def compare_variants(
    vocabulary: Vocabulary, evaluation: EvaluationSettings, **results: Any
) -> tuple[DataFrame, DataFrame]:
    """What each part of the method adds, overall and by characteristic."""
    from faceinsight.evaluation.compare import compare

    ablation = compare(
        {name: results[f"{name}_predictions"] for name in LABELS},
        {name: results[f"{name}_metrics"] for name in LABELS},
        vocabulary,
        evaluation,
    )
    return ablation.table, ablation.characteristics


def draw_figures(
    vocabulary: Vocabulary,
    summary: DataFrame,
    prior: dict[str, ndarray],
    rule_violations: DataFrame,
    ablation: DataFrame,
    ablation_by_characteristic: DataFrame,
    **results: Any,
) -> dict[str, Figure]:
    """All figures of the report."""
    from faceinsight.reports.report import draw_figures as draw

    return draw(
        vocabulary=vocabulary,
        summary=summary,
        conditional=prior["conditional"],
        adjacency=prior["adjacency"],
        label_violations=rule_violations,
        ablation=ablation,
        characteristics=ablation_by_characteristic,
        metrics={name: results[f"{name}_metrics"] for name in LABELS},
        curves={name: results[f"{name}_learning_curve"] for name in LABELS},
    )


def write_report(
    vocabulary: Vocabulary,
    summary: DataFrame,
    skipped: DataFrame,
    rule_violations: DataFrame,
    ablation: DataFrame,
    characteristics: DataFrame,
    parameters: dict[str, Any],
    settings: ReportingSettings,
    predictions: DataFrame,
    **results: Any,
) -> str:
    """The report as one HTML page."""
    from faceinsight.common.provenance import provenance
    from faceinsight.common.work import digest
    from faceinsight.data.drawn import is_drawn
    from faceinsight.data.store import StoredCrops
    from faceinsight.reports.examples import example_faces
    from faceinsight.reports.report import render_report

    examples = None
    # Drawn by this run, or found drawn where photographs of one's own were expected.
    are_drawn = parameters["drawing"] is not None or is_drawn(Path(parameters["raw"]))
    if settings.show_photographs or (settings.show_photographs is None and are_drawn):
        crops = {name: StoredCrops.open(Path(results[f"{name}_crops"])) for name in DATASETS}
        examples = example_faces(
            predictions, crops, vocabulary, per_dataset=settings.faces_per_dataset
        )
    configuration = {
        name: value.model_dump(mode="json") if hasattr(value, "model_dump") else value
        for name, value in parameters.items()
        if name not in ("vocabulary", "rules", "answers")
    }
    return render_report(
        vocabulary=vocabulary,
        metrics={name: results[f"{name}_metrics"] for name in LABELS},
        ablation=ablation,
        characteristics=characteristics,
        summary=summary,
        skipped=skipped,
        label_violations=rule_violations,
        figures={name: results[f"figure_{name}"] for name in FIGURES},
        order_effects={name: results[f"{name}_order_effect"] for name in LABELS},
        agreements={name: results[f"{name}_answers_agreement"] for name in LABELS},
        examples=examples,
        provenance=provenance(parameters=digest(configuration), vocabulary=digest(vocabulary)),
        parameters=configuration,
        drawn=are_drawn,
        resplit={name: results[f"{name}_selection"]["resplit"] for name in DATASETS},
    )
