"""Pipeline: a rival fine-tuned, asked and measured."""

from kedro.pipeline import Pipeline, node, pipeline

from faceinsight.method.characteristics import DATASETS
from faceinsight.pipelines.finetuning import nodes


def create_pipeline() -> Pipeline:
    """The rival that the parameter `rivals.chosen` names: tuned, asked, read and measured."""
    crops = {name: f"{name}.crops" for name in DATASETS}
    shared = {"rivals": "params:rivals", "vocabulary": "vocabulary"}
    recipe = {"finetuning": "params:finetuning", "work": "params:work"}
    return pipeline(
        [
            node(nodes.tune_rival, {**shared, **recipe, **crops}, ["tuned_rival", "tuning_grid"]),
            node(
                nodes.ask_tuned_rival,
                {"adapters": "tuned_rival", **shared, **recipe, **crops},
                ["tuned_answers", "tuned_asking"],
            ),
            node(
                nodes.read_tuned_answers,
                {
                    "answers": "tuned_answers",
                    "adapters": "tuned_rival",
                    **shared,
                    "rule_set": "rule_set",
                    "parameters": "parameters",
                    **crops,
                },
                ["tuned_predictions", "tuned_tally"],
            ),
            node(
                nodes.measure_tuned_rival,
                {
                    "predictions": "tuned_predictions",
                    "tally": "tuned_tally",
                    "asking": "tuned_asking",
                    "adapters": "tuned_rival",
                    **shared,
                    "prevalence": "prevalence",
                    "rule_set": "rule_set",
                    "evaluation": "params:evaluation",
                },
                "tuned_metrics",
            ),
        ]
    )
