"""Pipeline: tables of other systems' answers to scores."""

from faceinsight.pipelines.others.pipeline import create_pipeline

__all__ = ["create_pipeline"]
