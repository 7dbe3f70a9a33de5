"""Pipeline: a rival's answers to predictions and metrics."""

from kedro.pipeline import Pipeline, node, pipeline

from faceinsight.method.characteristics import DATASETS
from faceinsight.pipelines.baselines import nodes


def create_pipeline() -> Pipeline:
    """The rival that the parameter `rivals.chosen` names: asked, read and measured."""
    crops = {name: f"{name}.crops" for name in DATASETS}
    shared = {"rivals": "params:rivals", "vocabulary": "vocabulary"}
    return pipeline(
        [
            node(
                nodes.ask_rival,
                {**shared, "work": "params:work", **crops},
                ["rival_answers", "rival_asking"],
            ),
            node(
                nodes.read_answers,
                {
                    "answers": "rival_answers",
                    **shared,
                    "rule_set": "rule_set",
                    "parameters": "parameters",
                    **crops,
                },
                ["rival_predictions", "rival_tally"],
            ),
            node(
                nodes.measure_rival,
                {
                    "predictions": "rival_predictions",
                    "tally": "rival_tally",
                    "asking": "rival_asking",
                    **shared,
                    "prevalence": "prevalence",
                    "rule_set": "rule_set",
                    "evaluation": "params:evaluation",
                },
                "rival_metrics",
            ),
        ]
    )
