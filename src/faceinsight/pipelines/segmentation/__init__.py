"""Pipeline: examples to face crops with label maps."""

from faceinsight.pipelines.segmentation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
