"""Pipeline: this run beside the paper, fairness and calibration."""

from faceinsight.pipelines.paper.pipeline import create_pipeline

__all__ = ["create_pipeline"]
