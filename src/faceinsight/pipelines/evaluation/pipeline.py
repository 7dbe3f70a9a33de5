"""Pipeline: a trained model to predictions and metrics."""

from kedro.pipeline import Pipeline, pipeline

from faceinsight.cluster.tags import GPU
from faceinsight.pipelines.each_dataset import of_each
from faceinsight.pipelines.evaluation import nodes
from faceinsight.pipelines.naming import named


def create_prevalence_pipeline() -> Pipeline:
    """The baseline that all variants share."""
    return pipeline(
        [
            named(
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
            named(nodes.score_faces, faces, "predictions", tags=GPU),
            named(nodes.measure_order, faces, "order_effect", tags=GPU),
            named(
                nodes.measure_answers,
                faces | {"evaluation": "params:evaluation"},
                "answers_agreement",
                tags=GPU,
            ),
            named(
                nodes.measure_model,
                [
                    "predictions",
                    "model",
                    "prevalence",
                    "vocabulary",
                    "rule_set",
                    "params:evaluation",
                    "params:fairness",
                ],
                "metrics",
            ),
        ]
    )


def create_card_pipeline() -> Pipeline:
    """The card of one model that was measured."""
    card = named(nodes.write_card, ["model", "metrics", "params:noisy_labels"], "card")
    return pipeline([card])
