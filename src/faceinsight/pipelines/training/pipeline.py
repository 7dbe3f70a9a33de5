"""Pipeline: crops, prior and rules to a trained model."""

from functools import partial, update_wrapper

from kedro.pipeline import Pipeline, node, pipeline

from faceinsight.pipelines.each_dataset import of_each
from faceinsight.pipelines.training import nodes


def create_pipeline(seed: int | None = None) -> Pipeline:
    """Training of the variant that the parameter `variant` describes.

    Args:
        seed: in place of the configured one.
    """
    return pipeline(
        [
            node(
                update_wrapper(partial(nodes.train_model, seed=seed), nodes.train_model),
                {
                    "variant": "params:variant",
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
                name="train_model",
                tags="trains",
            )
        ]
    )
