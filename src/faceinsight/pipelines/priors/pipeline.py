"""Pipeline: training labels to the correlation prior, phrases to text features."""

from kedro.pipeline import Pipeline, pipeline

from faceinsight.pipelines.each_dataset import of_each
from faceinsight.pipelines.naming import named
from faceinsight.pipelines.priors import nodes


def create_pipeline() -> Pipeline:
    """Knowledge about the characteristics: how they go together, and what their words mean."""
    return pipeline(
        [
            named(
                nodes.build_prior,
                {
                    "vocabulary": "vocabulary",
                    "settings": "params:prior",
                    **of_each("examples"),
                },
                "prior",
            ),
            named(nodes.encode_phrases, ["vocabulary", "params:model"], "text_features"),
        ]
    )
