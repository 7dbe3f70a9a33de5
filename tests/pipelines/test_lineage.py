"""What `kedro viz` opens with: few boxes, each in its layer, with previews where there is one."""

from __future__ import annotations

import json
from collections import Counter

import pytest

MOST_BOXES = 25


@pytest.fixture(scope="module")
def lineage(finished):
    """The answer of Kedro-Viz's `/api/main`."""
    from kedro_viz.api.rest.responses.pipelines import get_pipeline_response
    from kedro_viz.server import load_and_populate_data

    load_and_populate_data(finished.root, env="tiny")
    return json.loads(get_pipeline_response().model_dump_json(by_alias=True))


def shown(lineage):
    """Boxes of the view in which no group is expanded; parameters are hidden there."""
    children = lineage["modular_pipelines"]["__root__"]["children"]
    return [child for child in children if child["type"] != "parameters"]


def test_the_view_opens_with_few_boxes(lineage):
    assert lineage["selected_pipeline"] == "__default__"
    kinds = Counter(child["type"] for child in shown(lineage))
    assert sum(kinds.values()) <= MOST_BOXES
    assert kinds["modularPipeline"] == 2
    assert not kinds["task"]  # every node is in a box


def test_data_sets_and_figures_are_in_boxes(lineage):
    names = {node["id"]: node["name"] for node in lineage["nodes"]}
    first = {names[child["id"]] for child in shown(lineage) if child["id"] in names}
    assert {"report", "paper_page"} <= first
    assert not [name for name in first if "figure" in name or "audit" in name]
    boxes = set(lineage["modular_pipelines"])
    assert {"data.celeba", "experiment.lgc", "experiment.report", "experiment.paper"} <= boxes


def test_whatever_is_kept_has_a_layer(lineage):
    layers = {node["name"]: node["layer"] for node in lineage["nodes"] if node["type"] == "data"}
    assert layers["raw"] == "raw"
    assert lineage["layers"][0] == "raw"  # in an order, which a circle of layers would not have
    assert not [name for name, layer in layers.items() if layer is None]


@pytest.mark.parametrize(
    ("name", "says"), [("report", "sections"), ("paper_page", "says"), ("lgc.model", "provenance")]
)
def test_report_and_model_have_a_preview(finished, lineage, name, says):
    from kedro_viz.api.rest.responses.nodes import get_node_metadata_response

    (node,) = (of for of in lineage["nodes"] if of["name"] == name and of["type"] == "data")
    found = get_node_metadata_response(node["id"]).model_dump()
    assert found["preview_type"] == "JSONPreview"
    assert json.loads(found["preview"])[says]
