"""Pipelines: the report, and this run beside the paper."""

from collections.abc import Iterable

from kedro.pipeline import Pipeline, pipeline

from faceinsight.cluster.tags import GPU
from faceinsight.data.registry import dataset_names
from faceinsight.method.variants import LGC, PAPER
from faceinsight.pipelines.each_dataset import in_box, of_each
from faceinsight.pipelines.naming import named
from faceinsight.pipelines.reports import nodes
from faceinsight.pipelines.runs import Runs
from faceinsight.reports import FIGURES as REPORT_FIGURES
from faceinsight.reports.paper import FIGURES as PAPER_FIGURES


def _of(owners: Iterable[str], *what: str) -> dict[str, str]:
    """Argument names to catalog entries: `celeba_audit` takes `celeba.audit`."""
    return {f"{owner}_{name}": f"{owner}.{name}" for owner in owners for name in what}


def create_pipeline(runs: Runs) -> Pipeline:
    """Tables, figures, and the report that holds them.

    Args:
        runs: what is compared; only the ablation's tables know more than one seed.
    """
    variants = runs.variants
    figures = {name: f"figure_{name}" for name in REPORT_FIGURES}
    summary = named(
        nodes.summarise_data,
        {
            "vocabulary": "vocabulary",
            **_of(dataset_names(), "skipped_rows", "audit", "selection", "crops"),
        },
        ["data_summary", "skipped_summary"],
    )
    report = pipeline(
        [
            named(
                nodes.compare_variants,
                {
                    "vocabulary": "vocabulary",
                    "evaluation": "params:evaluation",
                    **_of(runs.names, "predictions", "metrics"),
                },
                ["ablation", "ablation_by_characteristic"],
            ),
            named(
                nodes.draw_report_figures,
                {
                    "vocabulary": "vocabulary",
                    "summary": "data_summary",
                    "prior": "prior",
                    "rule_violations": "rule_violations",
                    "ablation": "ablation",
                    "ablation_by_characteristic": "ablation_by_characteristic",
                    **_of(variants, "metrics", "learning_curve"),
                },
                figures,
            ),
            named(
                nodes.measure_regions,
                {
                    "model": f"{variants[-1]}.model",
                    "prediction": "params:prediction",
                    "regions": "params:regions",
                    **of_each("crops"),
                },
                f"{variants[-1]}.regions",
                tags=GPU,
            ),
            named(
                nodes.write_report,
                {
                    "vocabulary": "vocabulary",
                    "summary": "data_summary",
                    "skipped": "skipped_summary",
                    "rule_violations": "rule_violations",
                    "ablation": "ablation",
                    "characteristics": "ablation_by_characteristic",
                    "parameters": "parameters",
                    "settings": "params:reporting",
                    "proofs": "rule_proofs",
                    "predictions": f"{variants[-1]}.predictions",
                    "regions": f"{variants[-1]}.regions",
                    **_of(runs.names, "metrics"),
                    **_of(variants, "order_effect", "answers_agreement"),
                    **_of(dataset_names(), "crops"),
                    **{dataset: dataset for dataset in figures.values()},
                },
                "report",
            ),
        ]
    )
    return in_box(pipeline([summary]), "data") + in_box(report, "experiment.report")


def create_paper_pipeline() -> Pipeline:
    """This run beside the paper, fairness and calibration.

    FaceInsight is the paper's whole method; the ablation's figures are of its four variants.
    """
    full = LGC.name
    tables = {f"table_{number}": f"paper_table_{number}" for number in nodes.TABLE_NUMBERS}
    figures = {name: f"paper_figure_{name}" for name in PAPER_FIGURES}
    evaluated = {"vocabulary": "vocabulary", "evaluation": "params:evaluation"}
    variants = {v.name: f"{v.name}.predictions" for v in PAPER}
    of_paper = pipeline(
        [
            named(
                nodes.score_validation_faces,
                {
                    "model": f"{full}.model",
                    "prediction": "params:prediction",
                    **of_each("crops"),
                },
                f"{full}.validation_predictions",
                tags=GPU,
            ),
            named(
                nodes.calibrate,
                {
                    "validation_predictions": f"{full}.validation_predictions",
                    "predictions": f"{full}.predictions",
                    "temperature": "params:temperature",
                    **evaluated,
                },
                f"{full}.calibration",
            ),
            named(
                nodes.measure_fairness,
                {
                    "predictions": f"{full}.predictions",
                    "fairness": "params:fairness",
                    **evaluated,
                },
                [f"{full}.fairness_rates", f"{full}.fairness_gaps", f"{full}.fairness_counts"],
            ),
            named(
                nodes.compare_with_tables,
                {
                    "tables": "params:tables",
                    "predictions": f"{full}.predictions",
                    **evaluated,
                    **of_each("labels"),
                },
                "tables_same_faces",
            ),
            named(
                nodes.gather_rivals,
                ["params:paper", "params:scored_by", "params:drawing"],
                "rivals_results",
            ),
            named(
                nodes.collect_results,
                [
                    f"{full}.metrics",
                    "tables_scores",
                    "rivals_results",
                    "params:paper",
                    "params:drawing",
                ],
                "paper_results",
            ),
            named(nodes.make_tables, "paper_results", tables),
            named(
                nodes.measure_components,
                {"paper": "params:paper", **evaluated, **variants},
                ["paper_components", "paper_steps"],
            ),
            named(
                nodes.mark_answers,
                {"paper": "params:paper", "rule_set": "rule_set", **evaluated, **variants},
                "paper_answers",
            ),
            named(
                nodes.draw_paper_figures,
                {
                    "results": "paper_results",
                    "answers": "paper_answers",
                    "components": "paper_components",
                    "steps": "paper_steps",
                    "rates": f"{full}.fairness_rates",
                    "gaps": f"{full}.fairness_gaps",
                    "fairness_counts": f"{full}.fairness_counts",
                    "calibration": f"{full}.calibration",
                    "paper": "params:paper",
                    "fairness": "params:fairness",
                    "evaluation": "params:evaluation",
                },
                figures,
            ),
            named(
                nodes.write_paper_page,
                {
                    "results": "paper_results",
                    "tables_scores": "tables_scores",
                    "tables_words": "tables_words",
                    "same_faces": "tables_same_faces",
                    "gaps": f"{full}.fairness_gaps",
                    "fairness_counts": f"{full}.fairness_counts",
                    "calibration": f"{full}.calibration",
                    "fairness": "params:fairness",
                    "evaluation": "params:evaluation",
                    "drawing": "params:drawing",
                    **tables,
                    **{f"figure_{name}": dataset for name, dataset in figures.items()},
                },
                "paper_page",
            ),
        ]
    )
    return in_box(of_paper, "experiment.paper")
