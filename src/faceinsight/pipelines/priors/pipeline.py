"""Pipeline: training labels to the correlation prior, phrases to text features."""

from kedro.pipeline import Pipeline, node, pipeline

from faceinsight.method.characteristics import DATASETS
from faceinsight.pipelines.priors import nodes


def create_pipeline() -> Pipeline:
    """Knowledge about the characteristics: how they go together, and what their words mean."""
    return pipeline(
        [
            node(
                nodes.build_prior,
                {
                    "vocabulary": "vocabulary",
                    "settings": "params:prior",
                    **{name: f"{name}.examples" for name in DATASETS},
                },
                "prior",
            ),
            node(nodes.encode_phrases, ["vocabulary", "params:model"], "text_features"),
        ]
    )
