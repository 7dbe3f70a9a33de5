"""Pipeline: raw data sets to label tables, audits and selected examples."""

from faceinsight.pipelines.ingestion.pipeline import create_pipeline, create_sources

__all__ = ["create_pipeline", "create_sources"]
