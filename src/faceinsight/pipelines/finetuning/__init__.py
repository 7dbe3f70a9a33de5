"""Pipeline: a rival fine-tuned, asked and measured."""

from faceinsight.pipelines.finetuning.pipeline import create_pipeline

__all__ = ["create_pipeline"]
