"""Pipeline: metrics, curves and examples to figures and a report."""

from kedro.pipeline import Pipeline, node, pipeline

from faceinsight.method.characteristics import DATASETS
from faceinsight.method.variants import LABELS
from faceinsight.pipelines.reporting import nodes
from faceinsight.reports import FIGURES


def _of(owners: tuple[str, ...], *what: str) -> dict[str, str]:
    """Argument names to catalog entries: `celeba_audit` takes `celeba.audit`."""
    return {f"{owner}_{name}": f"{owner}.{name}" for owner in owners for name in what}


def create_pipeline() -> Pipeline:
    """Tables, figures, and the report that holds them."""
    variants = tuple(LABELS)
    figures = {name: f"figure_{name}" for name in FIGURES}
    return pipeline(
        [
            node(
                nodes.summarise_data,
                {
                    "vocabulary": "vocabulary",
                    **_of(DATASETS, "skipped_rows", "audit", "selection", "crops"),
                },
                ["data_summary", "skipped_summary"],
            ),
            node(
                nodes.compare_variants,
                {
                    "vocabulary": "vocabulary",
                    "evaluation": "params:evaluation",
                    **_of(variants, "predictions", "metrics"),
                },
                ["ablation", "ablation_by_characteristic"],
            ),
            node(
                nodes.draw_figures,
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
            node(
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
                    "predictions": f"{variants[-1]}.predictions",
                    **_of(variants, "metrics", "order_effect", "answers_agreement"),
                    **_of(DATASETS, "crops", "selection"),
                    **{dataset: dataset for dataset in figures.values()},
                },
                "report",
            ),
        ]
    )
