"""Pipeline: a trained model and somebody's photographs to a table, and pictures if asked for."""

from faceinsight.pipelines.prediction.pipeline import create_pipeline

__all__ = ["create_pipeline"]
