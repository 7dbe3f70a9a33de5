"""Nodes: metrics and examples to tables, figures and pages; this run beside the paper."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.data.drawn.settings import DrawnSettings
from faceinsight.evaluation.settings import (
    EvaluationSettings,
    FairnessSettings,
    RegionsSettings,
    TemperatureSettings,
)
from faceinsight.inference.settings import PredictionSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.variants import PAPER, in_order
from faceinsight.reports import FIGURES as REPORT_FIGURES
from faceinsight.reports.paper import FIGURES as PAPER_FIGURES
from faceinsight.reports.settings import PaperSettings, ReportingSettings
from faceinsight.rivals.tables.settings import TablesSettings

if TYPE_CHECKING:
    from numpy import ndarray
    from pandas import DataFrame
    from plotly.graph_objects import Figure

    from faceinsight.method.rules.compiler import RuleSet
else:  # Kedro resolves these hints, and pandas would slow down every `kedro` command.
    DataFrame = Figure = RuleSet = ndarray = Any

TABLE_NUMBERS = (1, 2, 3, 4, 5)


def summarise_data(vocabulary: Vocabulary, **tables: Any) -> tuple[DataFrame, DataFrame]:
    """Faces and labels of every split, and everything that was skipped on the way."""
    from faceinsight.data.store import StoredCrops
    from faceinsight.reports.data_tables import dataset_summary, skipped_summary

    crops = {name: StoredCrops.open(Path(folder)) for name, folder in _all(tables, "crops").items()}
    selections = _all(tables, "selection")
    return (
        dataset_summary({name: f.examples for name, f in crops.items()}, vocabulary, selections),
        skipped_summary(
            _all(tables, "skipped_rows"),
            _all(tables, "audit"),
            selections,
            {name: f.header["skipped"] for name, f in crops.items()},
        ),
    )


def _of(results: dict[str, Any], what: str) -> dict[str, Any]:
    """Runs to what they have of a kind, of results that are called `<run>_<kind>`."""
    return {n.removesuffix(f"_{what}"): of for n, of in results.items() if n.endswith(f"_{what}")}


def compare_variants(
    vocabulary: Vocabulary, evaluation: EvaluationSettings, **results: Any
) -> tuple[DataFrame, DataFrame]:
    """What each part of the method adds, overall and by characteristic."""
    from faceinsight.evaluation.ablation import compare
    from faceinsight.method.variants import by_variant

    ablation = compare(
        by_variant(_of(results, "predictions")),
        by_variant(_of(results, "metrics")),
        vocabulary,
        evaluation,
    )
    return ablation.table, ablation.characteristics


def draw_report_figures(
    vocabulary: Vocabulary,
    summary: DataFrame,
    prior: dict[str, ndarray],
    rule_violations: DataFrame,
    ablation: DataFrame,
    ablation_by_characteristic: DataFrame,
    **results: Any,
) -> dict[str, Figure]:
    """All figures of the report, by the names of `REPORT_FIGURES`."""
    from faceinsight.reports import ablation_figures, data_figures, result_figures, rule_figures
    from faceinsight.reports.class_figure import class_answers
    from faceinsight.reports.coverage import coverage_figure

    metrics = in_order(_of(results, "metrics"))
    curves = in_order(_of(results, "learning_curve"))
    ids = vocabulary.ids
    return {
        "composition": data_figures.dataset_composition(summary),
        "prevalence": data_figures.prevalence_heat_map(summary),
        "prior": data_figures.prior_heat_map(prior["conditional"], prior["adjacency"], ids),
        "rules": rule_figures.rule_violations(metrics),
        "each_rule": rule_figures.violations_by_rule(rule_violations, metrics),
        "curves": result_figures.learning_curves(curves),
        "tasks": result_figures.task_metrics(metrics),
        "classes": class_answers(metrics, vocabulary),
        "ablation": ablation_figures.ablation_overall(ablation),
        "characteristics": ablation_figures.ablation_by_characteristic(ablation_by_characteristic),
        "reliability": result_figures.reliability_curve(metrics),
        "coverage": coverage_figure(metrics),
    }


def measure_regions(
    model: Path, prediction: PredictionSettings, regions: RegionsSettings, **crops: Path
) -> dict[str, Any]:
    """On which region of the face each characteristic hangs; empty where no face has a map."""
    from faceinsight.evaluation.regions import measure_regions as measure
    from faceinsight.inference.loading import loaded

    ours = loaded(model, device=prediction.device, batch_size=prediction.batch_size)
    return measure(ours, crops, regions, prediction.split)


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
    proofs: dict[str, Any],
    regions: dict[str, Any],
    **results: Any,
) -> str:
    """The report as one HTML page."""
    from faceinsight.common.latest import FOLDER
    from faceinsight.common.provenance import provenance
    from faceinsight.common.work import digest
    from faceinsight.data.drawn.writing import is_drawn
    from faceinsight.data.store import StoredCrops
    from faceinsight.reports.examples import example_faces
    from faceinsight.reports.report import render_report

    examples = None
    # Drawn by this run, or found drawn where photographs of one's own were expected.
    are_drawn = parameters["drawing"] is not None or is_drawn(Path(parameters["raw"]))
    if settings.show_photographs or (settings.show_photographs is None and are_drawn):
        folders = _all(results, "crops")
        crops = {name: StoredCrops.open(Path(folder)) for name, folder in folders.items()}
        examples = example_faces(
            predictions, crops, vocabulary, per_dataset=settings.faces_per_dataset
        )
    configuration = {
        name: value.model_dump(mode="json") if hasattr(value, "model_dump") else value
        for name, value in parameters.items()
        if name not in ("vocabulary", "rules", "answers", "dataset_names")
    }
    return render_report(
        vocabulary=vocabulary,
        metrics=_of(results, "metrics"),
        ablation=ablation,
        characteristics=characteristics,
        summary=summary,
        skipped=skipped,
        label_violations=rule_violations,
        figures={name: results[f"figure_{name}"] for name in REPORT_FIGURES},
        order_effects=_of(results, "order_effect"),
        agreements=_of(results, "answers_agreement"),
        examples=examples,
        provenance=provenance(parameters=digest(configuration), vocabulary=digest(vocabulary)),
        parameters=configuration,
        drawn=are_drawn,
        proofs=proofs,
        regions=regions,
        latest=Path(parameters["data"]) / FOLDER,
    )


def _all(results: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Data set to its artifact, from arguments such as `celeba_crops`."""
    end = f"_{what}"
    return {name.removesuffix(end): of for name, of in results.items() if name.endswith(end)}


def score_validation_faces(model: Path, prediction: PredictionSettings, **crops: Path) -> DataFrame:
    """Probabilities and consistent labels of every validation face."""
    from faceinsight.inference.loading import loaded
    from faceinsight.inference.split_scores import predict

    ours = loaded(model, device=prediction.device, batch_size=prediction.batch_size)
    return predict(ours, crops, prediction.model_copy(update={"split": "val"}))


def calibrate(
    validation_predictions: DataFrame,
    predictions: DataFrame,
    vocabulary: Vocabulary,
    temperature: TemperatureSettings,
    evaluation: EvaluationSettings,
) -> dict[str, Any]:
    """Temperatures fitted on validation faces, and what they change on test faces."""
    from faceinsight.evaluation.recalibration import recalibrate
    from faceinsight.evaluation.temperature import fit_temperatures

    fitted = fit_temperatures(validation_predictions, vocabulary, temperature)
    return recalibrate(predictions, fitted, vocabulary, evaluation)


def measure_fairness(
    predictions: DataFrame,
    vocabulary: Vocabulary,
    evaluation: EvaluationSettings,
    fairness: FairnessSettings,
) -> tuple[DataFrame, DataFrame, dict[str, int]]:
    """Error rates by group, the gaps between groups, and how many were compared."""
    from faceinsight.evaluation.fairness import measure_fairness as measure

    found = measure(predictions, vocabulary, evaluation, fairness)
    counts = {"compared": found.compared, "clear": int(found.gaps["clear"].sum())}
    return found.rates, found.gaps, counts


def compare_with_tables(
    tables: TablesSettings,
    vocabulary: Vocabulary,
    evaluation: EvaluationSettings,
    predictions: DataFrame,
    **labels: DataFrame,
) -> DataFrame:
    """FaceInsight and other systems on the faces that both have answered about."""
    from faceinsight.reports.paper.numbers import OURS
    from faceinsight.rivals.tables.same_faces import compare_on_same_faces

    return compare_on_same_faces(tables, labels, {OURS: predictions}, vocabulary, evaluation)


def gather_rivals(paper: PaperSettings, scored_by: str, drawing: DrawnSettings | None) -> DataFrame:
    """Results of rivals that were asked or fine-tuned before."""
    from faceinsight.reports.paper.results import together
    from faceinsight.reports.paper.rivals import rivals_results

    if paper.rivals is None:
        return together([])
    note = "" if drawing is None else "drawn faces"
    return rivals_results(Path(paper.rivals), scored_by, note)


def collect_results(
    metrics: dict[str, Any],
    tables_scores: DataFrame,
    rivals_results: DataFrame,
    paper: PaperSettings,
    drawing: DrawnSettings | None,
) -> DataFrame:
    """Everything that was run, in one form."""
    from faceinsight.reports.paper.numbers import OURS
    from faceinsight.reports.paper.results import (
        read_results,
        results_of,
        results_of_others,
        together,
    )

    note = "" if drawing is None else "drawn faces"
    return together(
        [
            results_of(metrics, OURS, "trained", note),
            results_of_others(tables_scores),
            rivals_results,
            *(read_results(Path(path)) for path in paper.results),
        ]
    )


def make_tables(results: DataFrame) -> dict[str, DataFrame]:
    """The paper's Tables 1 to 5 with what was run."""
    from faceinsight.reports.paper.tables import paper_table

    return {f"table_{number}": paper_table(number, results) for number in TABLE_NUMBERS}


def measure_components(
    vocabulary: Vocabulary,
    evaluation: EvaluationSettings,
    paper: PaperSettings,
    **predictions: DataFrame,
) -> tuple[DataFrame, DataFrame]:
    """What each component adds on one data set, by characteristic and step by step."""
    from faceinsight.reports.paper.components import measure_components as measure

    in_order = {v.name: predictions[v.name] for v in PAPER}
    found = measure(paper.ablation_dataset, in_order, vocabulary, evaluation)
    return found.characteristics, found.steps


def mark_answers(
    vocabulary: Vocabulary,
    rule_set: RuleSet,
    evaluation: EvaluationSettings,
    paper: PaperSettings,
    **predictions: DataFrame,
) -> DataFrame:
    """What variants, and whoever else was asked, say of a few faces, with errors marked."""
    from faceinsight.reports.paper.panel import example_answers

    in_order = {v.name: predictions[v.name] for v in PAPER}
    return example_answers(in_order, vocabulary, rule_set, evaluation, paper)


def draw_paper_figures(
    results: DataFrame,
    answers: DataFrame,
    components: DataFrame,
    steps: DataFrame,
    rates: DataFrame,
    gaps: DataFrame,
    fairness_counts: dict[str, int],
    calibration: dict[str, Any],
    paper: PaperSettings,
    fairness: FairnessSettings,
    evaluation: EvaluationSettings,
) -> dict[str, Figure]:
    """All figures of the page, by the names of `PAPER_FIGURES`."""
    from faceinsight.reports.paper import figures, omega, panel, trust_figures
    from faceinsight.reports.paper.components import by_characteristic, component_steps

    dataset = paper.ablation_dataset
    sweep = None if paper.omega_sweep is None else omega.read_sweep(Path(paper.omega_sweep))
    compared = fairness_counts["compared"]
    return {
        "radar": figures.radar(results),
        **{f"bars_{number}": figures.bars(number, results) for number in (3, 4, 5, 6)},
        "answers": panel.answer_panel(answers),
        "steps": component_steps(steps, dataset),
        "components": by_characteristic(components, dataset),
        "omega": omega.omega_sweep(sweep),
        "groups": trust_figures.accuracy_by_group(rates),
        "gaps": trust_figures.largest_gaps(gaps, fairness.named, compared, evaluation.level),
        "temperature": trust_figures.before_and_after(calibration),
    }


def write_paper_page(
    results: DataFrame,
    tables_scores: DataFrame,
    tables_words: DataFrame,
    same_faces: DataFrame,
    gaps: DataFrame,
    fairness_counts: dict[str, int],
    calibration: dict[str, Any],
    fairness: FairnessSettings,
    evaluation: EvaluationSettings,
    drawing: DrawnSettings | None,
    **parts: Any,
) -> str:
    """The page of all tables and figures."""
    from faceinsight.reports.paper.page import render_page

    return render_page(
        tables={number: parts[f"table_{number}"] for number in TABLE_NUMBERS},
        figures={name: parts[f"figure_{name}"] for name in PAPER_FIGURES},
        results=results,
        others=tables_scores,
        words=tables_words,
        same_faces=same_faces,
        gaps=gaps,
        compared=fairness_counts["compared"],
        minimum=fairness.minimum,
        named=fairness.named,
        calibration=calibration,
        level=evaluation.level,
        drawn=drawing is not None,
    )
