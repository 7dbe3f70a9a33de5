"""Pipelines: rivals asked as they are, fine-tuned, or known by tables of answers; FaceXBench."""

from faceinsight.pipelines.rivals.pipeline import (
    create_facexbench_pipeline,
    create_finetuning_pipeline,
    create_pipeline,
    create_tables_pipeline,
)

__all__ = [
    "create_facexbench_pipeline",
    "create_finetuning_pipeline",
    "create_pipeline",
    "create_tables_pipeline",
]
