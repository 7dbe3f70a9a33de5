"""Pipeline: a trained model to predictions and metrics."""

from faceinsight.pipelines.evaluation.pipeline import (
    create_card_pipeline,
    create_pipeline,
    create_prevalence_pipeline,
)

__all__ = ["create_card_pipeline", "create_pipeline", "create_prevalence_pipeline"]
