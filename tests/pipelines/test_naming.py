"""Names of nodes, and options that choose a part of a pipeline."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from kedro.framework.project import pipelines
from kedro.framework.startup import bootstrap_project

from faceinsight.pipelines.naming import completed, misnamed, nothing_left

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def registered():
    bootstrap_project(ROOT)
    return dict(pipelines)


def test_every_node_is_called_as_its_function_and_tagged_by_its_stage(registered):
    for name, of in registered.items():
        for node in of.nodes:
            box = f"{node.namespace}." if node.namespace else ""
            assert node.name == box + node.func.__name__, name
            assert re.fullmatch(r"[a-z_]+", node.func.__name__)
            assert node.func.__module__.split(".")[-2] in node.tags
        assert len({node.name for node in of.nodes}) == len(of.nodes)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"node_names": ["lgc.measure_modl"]},
            "--nodes: there is no node .lgc.measure_modl.; did",
        ),
        ({"from_nodes": ["writereport"]}, "--from-nodes: .* did you mean 'write_report'"),
        ({"to_nodes": ["celeba.read_label"]}, "--to-nodes: .* did you mean 'celeba.read_labels'"),
        (
            {"node_names": ["train_model"]},
            "several boxes; name one: experiment.coh.train_model, exp",
        ),
        ({"node_names": ["write_report", "x"]}, "no node 'x'; `kedro registry describe` names"),
        ({"tags": ["rules", "reprots"]}, "--tags: there is no tag 'reprots'; did you mean 'report"),
        ({"tags": ["zzz"]}, "there is no tag 'zzz'; there are evaluation, gpu, ingestion, "),
        ({"namespaces": ["celebs"]}, "--namespaces: .* did you mean 'celeba'"),
        ({"from_inputs": ["vocabulry"]}, "--from-inputs: .* did you mean 'vocabulary'"),
        ({"to_outputs": ["reprt"]}, "--to-outputs: .* did you mean 'report'"),
        (
            {"node_names": ["draw_photographs"]},
            "no part of everything; add --pipelines=predict$",
        ),
        (
            {"pipeline_names": ["train"], "from_nodes": ["write_report"]},
            "is no part of train; add --pipelines=reporting$",
        ),
    ],
)
def test_what_is_misspelt_gets_a_sentence_with_the_nearest_name(registered, options, said):
    assert re.search(said, misnamed(options, registered))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"node_names": ["write_report", "lgc.train_model"], "tags": []},
        {"pipeline_names": ["predict"], "to_nodes": ["draw_photographs"]},
        {"pipeline_names": ["rules", "priors"], "tags": ["rules", "priors"]},
        {"namespaces": ["celeba", "lgc"], "from_inputs": ["raw"], "to_outputs": ["report"]},
        {"pipeline_names": ["no_such_pipeline"], "node_names": ["x"]},  # told elsewhere
    ],
)
def test_right_names_are_let_through(registered, options):
    assert misnamed(options, registered) is None


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ({"node_names": ["write_report"]}, ["experiment.report.write_report"]),
        ({"from_nodes": ["lgc.train_model"]}, ["experiment.lgc.train_model"]),
        ({"to_nodes": ["data.celeba.read_labels"]}, ["data.celeba.read_labels"]),
        ({"node_names": ["train_model"]}, ["train_model"]),  # of several variants
        ({"node_names": ["el.train_model", "rite_report"]}, ["el.train_model", "rite_report"]),
        ({"namespaces": ["lgc", "data"]}, ["experiment.lgc", "data"]),
        ({"tags": ["rules"]}, ["rules"]),
    ],
)
def test_the_end_of_a_name_is_enough_where_it_says_which_is_meant(registered, given, whole):
    assert list(completed(given, registered).values()) == [whole]


def test_names_that_are_right_one_by_one_and_choose_nothing():
    told = nothing_left({"node_names": ["write_report"], "tags": ["rules"], "env": "tiny"})
    assert told == "no node is all of this at once: --nodes=write_report, --tags=rules"
