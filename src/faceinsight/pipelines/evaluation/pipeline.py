"""Pipeline: a trained model to predictions and metrics."""

from kedro.pipeline import Pipeline, node, pipeline

from faceinsight.pipelines.each_dataset import of_each
from faceinsight.pipelines.evaluation import nodes


def create_prevalence_pipeline() -> Pipeline:
    """The baseline that all variants share."""
    return pipeline(
        [
            node(
                nodes.measure_prevalence,
                {"vocabulary": "vocabulary", **of_each("examples")},
                "prevalence",
            )
        ]
    )


def create_pipeline() -> Pipeline:
    """Scores and metrics of one model."""
    faces = {
        "model": "model",
        "prediction": "params:prediction",
        **of_each("crops"),
    }
    return pipeline(
        [
            node(nodes.score_faces, faces, "predictions"),
            node(nodes.measure_order, faces, "order_effect"),
            node(
                nodes.measure_answers,
                faces | {"evaluation": "params:evaluation"},
                "answers_agreement",
            ),
            node(
                nodes.measure_model,
                [
                    "predictions",
                    "model",
                    "prevalence",
                    "vocabulary",
                    "rule_set",
                    "params:evaluation",
                ],
                "metrics",
            ),
        ]
    )
