"""The project's pipelines by name.

An explicit dictionary: `find_pipelines()` with entries added by hand breaks `--pipelines=NAME`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

from kedro.pipeline import Pipeline, pipeline

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
from faceinsight.pipelines.runs import Runs, configured


def register_pipelines() -> dict[str, Pipeline]:
    """Pipeline names to pipelines; `__default__` does everything."""
    # Nodes over all data sets or variants take what stands in a namespace; Kedro warns of that.
    warnings.filterwarnings("ignore", message="One or more dataset names contain '.'")
    ingest, segment = ingestion.create_pipeline(), segmentation.create_pipeline()
    prior, rule = priors.create_pipeline(), rules.create_pipeline()
    runs = configured()

    def both(seed: int | None) -> Pipeline:
        return training.create_pipeline(seed) + evaluation.create_pipeline()

    prevalence = evaluation.create_prevalence_pipeline()
    report = reports.create_pipeline(runs)
    tables, beside = rivals.create_tables_pipeline(), reports.create_paper_pipeline()
    read = ingest.to_outputs(*(name for name in tables.inputs() if name.endswith(".labels")))

    upstream = ingest + segment + prior + rule
    variants = sum((_of_variant(both, runs, name) for name in runs.variants), Pipeline([]))
    faces = ingest + segment + rule + prevalence
    ablation = upstream + prevalence + variants + report
    return {
        "__default__": ablation + tables + beside,
        "ingestion": ingest,
        "segmentation": ingestion.create_sources() + segment,
        "priors": prior,
        "rules": rule,
        "training": _of_variant(training.create_pipeline, runs, runs.chosen),
        "evaluation": _of_variant(lambda _: evaluation.create_pipeline(), runs, runs.chosen),
        "reporting": report,
        "tables": read + tables,
        "paper": tables + beside,
        "predict": prediction.create_pipeline(runs.chosen),
        "train": upstream + prevalence + _of_variant(both, runs, runs.chosen),
        "ablation": ablation,
        "rivals": faces + rivals.create_pipeline(runs.rival, runs.scored_by),
        "facexbench": rivals.create_facexbench_pipeline(runs.chosen),
        "finetune": faces + rivals.create_finetuning_pipeline(runs.rival, runs.scored_by),
    }


def _of_variant(of_seed: Callable[[int | None], Pipeline], runs: Runs, variant: str) -> Pipeline:
    """A box for each run of a variant: its artifacts get its name before theirs, `lgc.metrics`."""
    of_all = Pipeline([])
    for name, seed in runs.of_variant(variant).items():
        of_one = of_seed(seed)
        shared = of_one.inputs() - {"model", "params:variant"}
        parameters = {entry: entry for entry in shared if entry.startswith("params:")}
        if "params:variant" in of_one.inputs():
            parameters["params:variant"] = f"params:variants.{variant}"
        of_all += pipeline(
            of_one, namespace=name, inputs=shared - set(parameters), parameters=parameters
        )
    return of_all
