"""Pipeline: tables of other systems' answers to scores."""

from kedro.pipeline import Pipeline, node, pipeline

from faceinsight.method.characteristics import DATASETS
from faceinsight.pipelines.others import nodes


def create_pipeline() -> Pipeline:
    """Scores of the tables that `params:others` names; empty where it names none."""
    return pipeline(
        [
            node(
                nodes.score_others,
                {
                    "others": "params:others",
                    "vocabulary": "vocabulary",
                    "evaluation": "params:evaluation",
                    **{name: f"{name}.labels" for name in DATASETS},
                },
                ["others_scores", "others_words"],
            )
        ]
    )
