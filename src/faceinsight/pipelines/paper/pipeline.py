"""Pipeline: this run beside the paper, fairness and calibration."""

from kedro.pipeline import Pipeline, node, pipeline

from faceinsight.method.characteristics import DATASETS
from faceinsight.method.variants import LABELS
from faceinsight.pipelines.paper import nodes
from faceinsight.reports.paper import FIGURES


def create_pipeline() -> Pipeline:
    """FaceInsight is the last variant; the ablation's figures are of all of them."""
    full = tuple(LABELS)[-1]
    tables = {f"table_{number}": f"paper_table_{number}" for number in nodes.TABLE_NUMBERS}
    figures = {name: f"paper_figure_{name}" for name in FIGURES}
    evaluated = {"vocabulary": "vocabulary", "evaluation": "params:evaluation"}
    variants = {name: f"{name}.predictions" for name in LABELS}
    return pipeline(
        [
            node(
                nodes.score_validation_faces,
                {
                    "model": f"{full}.model",
                    "prediction": "params:prediction",
                    **{name: f"{name}.crops" for name in DATASETS},
                },
                f"{full}.validation_predictions",
            ),
            node(
                nodes.calibrate,
                {
                    "validation_predictions": f"{full}.validation_predictions",
                    "predictions": f"{full}.predictions",
                    "temperature": "params:temperature",
                    **evaluated,
                },
                f"{full}.calibration",
            ),
            node(
                nodes.measure_fairness,
                {
                    "predictions": f"{full}.predictions",
                    "fairness": "params:fairness",
                    **evaluated,
                },
                [f"{full}.fairness_rates", f"{full}.fairness_gaps", f"{full}.fairness_counts"],
            ),
            node(
                nodes.compare_with_others,
                {
                    "others": "params:others",
                    "predictions": f"{full}.predictions",
                    **evaluated,
                    **{name: f"{name}.labels" for name in DATASETS},
                },
                "others_same_faces",
            ),
            node(
                nodes.gather_rivals,
                ["params:paper", "params:scored_by", "params:drawing"],
                "rivals_results",
            ),
            node(
                nodes.collect_results,
                [
                    f"{full}.metrics",
                    "others_scores",
                    "rivals_results",
                    "params:paper",
                    "params:drawing",
                ],
                "paper_results",
            ),
            node(nodes.make_tables, "paper_results", tables),
            node(
                nodes.measure_components,
                {"paper": "params:paper", **evaluated, **variants},
                ["paper_components", "paper_steps"],
            ),
            node(
                nodes.mark_answers,
                {"paper": "params:paper", "rule_set": "rule_set", **evaluated, **variants},
                "paper_answers",
            ),
            node(
                nodes.draw_figures,
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
            node(
                nodes.write_page,
                {
                    "results": "paper_results",
                    "others_scores": "others_scores",
                    "same_faces": "others_same_faces",
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
