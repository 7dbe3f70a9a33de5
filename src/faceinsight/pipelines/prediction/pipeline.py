"""Pipeline: a trained model and somebody's photographs to a table, and pictures if asked for."""

from kedro.pipeline import Pipeline, pipeline

from faceinsight.cluster.tags import GPU, SPREADS
from faceinsight.pipelines.naming import named
from faceinsight.pipelines.prediction import nodes


def create_pipeline(variant: str) -> Pipeline:
    """Scores of every face in the folder that the parameter `photos` names, by one model."""
    model = f"{variant}.model"
    return pipeline(
        [
            named(
                nodes.score_photographs,
                [model, "params:photos", "params:predict", "params:work", "params:cluster"],
                ["photo_scores", "photo_scores_csv", "skipped_photographs"],
                tags=[SPREADS, GPU],
            ),
            named(
                nodes.draw_photographs,
                [model, "params:photos", "photo_scores", "params:predict", "params:work"],
                "annotated_photographs",
            ),
        ]
    )
