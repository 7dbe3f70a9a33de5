"""Pipeline: rules as people write them to arrays, proofs, and counts on the labels."""

from faceinsight.pipelines.rules.pipeline import create_pipeline

__all__ = ["create_pipeline"]
