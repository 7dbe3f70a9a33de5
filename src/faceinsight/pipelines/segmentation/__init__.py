"""Pipeline: examples to face frames with label maps."""

from faceinsight.pipelines.segmentation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
