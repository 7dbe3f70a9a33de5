"""Pipeline: crops, prior and rules to a trained model."""

from kedro.pipeline import Pipeline, pipeline

from faceinsight.cluster.tags import GPU, TRAINS
from faceinsight.pipelines.each_dataset import of_each
from faceinsight.pipelines.naming import named
from faceinsight.pipelines.training import nodes


def create_pipeline() -> Pipeline:
    """Training of the variant and with the seed that `params:variant` and `params:run_seed` are."""
    return pipeline(
        [
            named(
                nodes.train_model,
                {
                    "variant": "params:variant",
                    "seed": "params:run_seed",
                    "model": "params:model",
                    "training": "params:training",
                    "vocabulary": "vocabulary",
                    "rule_set": "rule_set",
                    "prior": "prior",
                    "text_features": "text_features",
                    "answers": "params:answers",
                    "datasets": "params:datasets",
                    "noisy_labels": "params:noisy_labels",
                    "work": "params:work",
                    "cluster": "params:cluster",
                    **of_each("crops"),
                },
                ["model", "learning_curve"],
                tags=[TRAINS, GPU],
            )
        ]
    )
