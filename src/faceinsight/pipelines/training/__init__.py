"""Pipeline: crops, prior and rules to a trained model."""

from faceinsight.pipelines.training.pipeline import create_pipeline

__all__ = ["create_pipeline"]
