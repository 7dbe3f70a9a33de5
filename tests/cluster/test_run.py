"""The project's own pipelines by `RayRunner`: seeds and data sets at once, as if in turn."""

import json
import re

import pytest
import torch

from tests.pipelines.conftest import Project

# Two seeds of one variant with all that comes before them, on few faces.
SEEDS = {"variant": "org", "seeds": "2", "drawing.faces": "15"}
MADE = "--to-outputs=org.metrics,org.s1.metrics"
ON_RAY = "--runner=faceinsight.cluster.RayRunner"


def metrics(project):
    found = project.root.glob("data/tiny/08_reporting/*/metrics.json/*/metrics.json")
    of = {path.parents[2].name: json.loads(path.read_text()) for path in found}
    return {run: {name: of[run][name] for name in ("overall", "datasets")} for run in of}


@pytest.fixture(scope="module")
def sequential(tmp_path_factory):
    project, threads = Project(tmp_path_factory.mktemp("sequential")), torch.get_num_threads()
    torch.set_num_threads(1)  # as a task of one core has: with others sums round otherwise
    try:
        done = project.run("--pipelines=train", MADE, "--runner=SequentialRunner", **SEEDS)
    finally:
        torch.set_num_threads(threads)
    assert done.returncode == 0, done.stderr
    return project


def test_seeds_side_by_side_have_the_metrics_of_seeds_in_turn(connected, sequential, tmp_path):
    project = Project(tmp_path)
    done = project.run("--pipelines=train", MADE, ON_RAY, **SEEDS)
    assert done.returncode == 0, done.stderr
    assert set(metrics(project)) == {"org", "org.s1"}
    assert metrics(project) == metrics(sequential)
    # One version of everything, whoever made it.
    versions = {path.name for path in project.root.glob("data/tiny/0*/**/*Z") if path.is_dir()}
    assert len(versions) == 1


def test_a_node_that_fails_is_told_with_what_to_go_on_by(connected, sequential):
    table = sequential.root / "data/tiny/01_raw/drawn/celeba/list_attr_celeba.txt"
    table.write_text(table.read_text().replace(" -1", " 7", 1))
    nodes = "--nodes=celeba.read_labels,utkface.read_labels"
    done = sequential.run("--pipelines=train", nodes, ON_RAY, **SEEDS)
    assert done.returncode == 1
    assert "list_attr_celeba.txt" in done.stderr
    assert "Traceback" not in done.stderr
    assert re.search(r"Repeat the previous command|--from-nodes", done.stderr)
