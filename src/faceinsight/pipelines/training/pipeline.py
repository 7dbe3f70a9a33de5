"""Pipeline: crops, prior and rules to a trained model."""

from kedro.pipeline import Pipeline, node, pipeline

from faceinsight.pipelines.each_dataset import of_each
from faceinsight.pipelines.training import nodes


def create_pipeline() -> Pipeline:
    """Training of the one variant that the parameter `chosen_variant` holds."""
    return pipeline(
        [
            node(
                nodes.train_model,
                {
                    "variant": "params:chosen_variant",
                    "model": "params:model",
                    "training": "params:training",
                    "vocabulary": "vocabulary",
                    "rule_set": "rule_set",
                    "prior": "prior",
                    "text_features": "text_features",
                    "answers": "params:answers",
                    "datasets": "params:datasets",
                    "work": "params:work",
                    **of_each("crops"),
                },
                ["model", "learning_curve"],
            )
        ]
    )
