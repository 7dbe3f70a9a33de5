"""Pipeline: a rival's answers to predictions and metrics."""

from faceinsight.pipelines.baselines.pipeline import create_pipeline

__all__ = ["create_pipeline"]
