"""Pipelines: the report, and this run beside the paper."""

from faceinsight.pipelines.reports.pipeline import create_paper_pipeline, create_pipeline

__all__ = ["create_paper_pipeline", "create_pipeline"]
