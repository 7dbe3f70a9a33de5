"""The project's pipelines by name.

An explicit dictionary: `find_pipelines()` with entries added by hand breaks `--pipelines=NAME`.
"""

from __future__ import annotations

import warnings

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
from faceinsight.pipelines.each_dataset import in_box
from faceinsight.pipelines.runs import Runs, configured


def register_pipelines() -> dict[str, Pipeline]:
    """Pipeline names to pipelines; `__default__` does everything.

    The lineage opens with two boxes, `data` and `experiment`, and what passes between them; in them
    are those of data sets, variants, the report, and the page beside the paper.
    """
    # Nodes over all data sets or variants take what stands in a namespace; Kedro warns of that.
    warnings.filterwarnings("ignore", message="One or more dataset names contain '.'")
    ingest, segment, prior, rule, prevalence, sources = (
        in_box(of, "data")
        for of in (
            ingestion.create_pipeline(),
            segmentation.create_pipeline(),
            priors.create_pipeline(),
            rules.create_pipeline(),
            evaluation.create_prevalence_pipeline(),
            ingestion.create_sources(),
        )
    )
    runs = configured()
    train_one, evaluate_one = training.create_pipeline(), evaluation.create_pipeline()
    report = reports.create_pipeline(runs)
    tables = in_box(rivals.create_tables_pipeline(), "experiment.paper")
    beside = reports.create_paper_pipeline()
    read = ingest.to_outputs(*(name for name in tables.inputs() if name.endswith(".labels")))

    upstream = ingest + segment + prior + rule
    variants = sum(
        (_of_variant(train_one + evaluate_one, runs, name) for name in runs.variants), Pipeline([])
    )
    publish_one = evaluate_one + evaluation.create_card_pipeline()
    faces = ingest + segment + rule + prevalence
    ablation = upstream + prevalence + variants + report
    return {
        "__default__": ablation + tables + beside,
        "ingestion": ingest,
        "segmentation": sources + segment,
        "priors": prior,
        "rules": rule,
        "training": _of_variant(train_one, runs, runs.chosen),
        "evaluation": _of_variant(publish_one, runs, runs.chosen),
        "reporting": report,
        "tables": read + tables,
        "paper": tables + beside,
        "predict": prediction.create_pipeline(runs.chosen),
        "train": upstream + prevalence + _of_variant(train_one + publish_one, runs, runs.chosen),
        "ablation": ablation,
        "rivals": faces + rivals.create_pipeline(runs.rival, runs.scored_by),
        "facexbench": rivals.create_facexbench_pipeline(runs.chosen),
        "finetune": faces + rivals.create_finetuning_pipeline(runs.rival, runs.scored_by),
    }


def _of_variant(of_one: Pipeline, runs: Runs, variant: str) -> Pipeline:
    """A box for each run of a variant: its artifacts get its name before theirs, `lgc.metrics`."""
    of_all = Pipeline([])
    for name, seed in runs.of_variant(variant).items():
        own = {
            "params:variant": f"params:variants.{variant}",
            "params:run_seed": f"params:run_seeds.{seed}",
        }
        shared = of_one.inputs() - {"model"} - set(own)
        parameters = {entry: entry for entry in shared if entry.startswith("params:")}
        parameters |= {entry: own[entry] for entry in set(own) & of_one.inputs()}
        of_all += pipeline(
            of_one, namespace=name, inputs=shared - set(parameters), parameters=parameters
        )
    return in_box(of_all, "experiment")
