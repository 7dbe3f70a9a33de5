"""Pipeline: training labels to the correlation prior."""

from faceinsight.pipelines.priors.pipeline import create_pipeline

__all__ = ["create_pipeline"]
