"""Pipeline: metrics, curves and examples to figures and a report."""

from faceinsight.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]
