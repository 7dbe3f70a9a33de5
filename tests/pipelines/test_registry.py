from pathlib import Path

import pytest
from kedro.framework.project import pipelines
from kedro.framework.startup import bootstrap_project

from faceinsight.data.registry import DATA_SETS
from faceinsight.method.variants import LABELS

ROOT = Path(__file__).parents[2]
GIVEN = {"parameters"}
"""What no node makes."""


@pytest.fixture(scope="module")
def registered():
    bootstrap_project(ROOT)
    return dict(pipelines)


def test_every_promised_pipeline_is_there(registered):
    assert set(registered) == {
        "__default__",
        "ingestion",
        "segmentation",
        "priors",
        "rules",
        "training",
        "evaluation",
        "predict",
        "reporting",
        "tables",
        "paper",
        "train",
        "ablation",
        "rivals",
        "finetune",
        "facexbench",
    }


@pytest.mark.parametrize(
    "name", ["__default__", "train", "ablation", "tables", "rivals", "finetune"]
)
def test_it_stands_by_itself_in_a_fresh_clone(registered, name):
    free = registered[name].inputs()
    assert all(n.startswith("params:") or n in GIVEN for n in free), free


def test_variants_and_data_sets_are_boxes_of_their_own(registered):
    namespaces = {n.namespace for n in registered["ablation"].nodes}
    boxes = {f"experiment.{variant}" for variant in LABELS} | {f"data.{name}" for name in DATA_SETS}
    assert namespaces == boxes | {"data", "experiment.report"}


def test_the_ablation_does_shared_work_once(registered):
    outside = [n for n in registered["ablation"].nodes if n.namespace.split(".")[-1] not in LABELS]
    names = [n.func.__name__ for n in outside]
    for shared in ("build_prior", "compile_rules", "measure_prevalence"):
        assert names.count(shared) == 1
    assert names.count("segment_faces") == len(DATA_SETS)
