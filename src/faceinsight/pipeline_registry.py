"""The project's pipelines by name.

An explicit dictionary: `find_pipelines()` with entries added by hand breaks `--pipelines=NAME`.
"""

from __future__ import annotations

import warnings

from kedro.pipeline import Pipeline, pipeline

from faceinsight.method.variants import LABELS
from faceinsight.pipelines import (
    evaluation,
    ingestion,
    prediction,
    priors,
    reports,
    rivals,
    rules,
    segmentation,
    training,
)

_SHARED_INPUTS = {"vocabulary", "rule_set", "prior", "text_features", "prevalence"}
_SHARED_PARAMETERS = {
    f"params:{name}"
    for name in ("model", "training", "answers", "datasets", "work", "prediction", "evaluation")
}


def register_pipelines() -> dict[str, Pipeline]:
    """Pipeline names to pipelines; `__default__` does everything."""
    # Nodes over all data sets or variants take what stands in a namespace; Kedro warns of that.
    warnings.filterwarnings("ignore", message="One or more dataset names contain '.'")
    ingest, segment = ingestion.create_pipeline(), segmentation.create_pipeline()
    prior, rule = priors.create_pipeline(), rules.create_pipeline()
    train_one, evaluate_one = training.create_pipeline(), evaluation.create_pipeline()
    prevalence = evaluation.create_prevalence_pipeline()
    report = reports.create_pipeline()
    tables, beside = rivals.create_tables_pipeline(), reports.create_paper_pipeline()
    read = ingest.to_outputs(*(name for name in tables.inputs() if name.endswith(".labels")))

    upstream = ingest + segment + prior + rule
    variants = sum((_as_variant(train_one + evaluate_one, name) for name in LABELS), Pipeline([]))
    faces = ingest + segment + rule + prevalence
    ablation = upstream + prevalence + variants + report
    return {
        "__default__": ablation + tables + beside,
        "ingestion": ingest,
        "segmentation": ingestion.create_sources() + segment,
        "priors": prior,
        "rules": rule,
        "training": train_one,
        "evaluation": evaluate_one,
        "reporting": report,
        "tables": read + tables,
        "paper": tables + beside,
        "predict": prediction.create_pipeline(),
        "train": upstream + prevalence + train_one + evaluate_one,
        "ablation": ablation,
        "rivals": faces + rivals.create_pipeline(),
        "finetune": faces + rivals.create_finetuning_pipeline(),
    }


def _as_variant(of_one: Pipeline, name: str) -> Pipeline:
    """The pipeline of one variant in a namespace of its own, everything shared left outside."""
    crops = {dataset for dataset in of_one.inputs() if dataset.endswith(".crops")}
    return pipeline(
        of_one,
        namespace=name,
        inputs=_SHARED_INPUTS | crops,
        parameters={
            "params:chosen_variant": f"params:variants.{name}",
            **{parameter: parameter for parameter in _SHARED_PARAMETERS},
        },
    )
