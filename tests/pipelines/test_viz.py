"""The lineage page, built offline, as Kedro-Viz shows it in a browser."""

import json

import pytest

from faceinsight.data.registry import DATA_SETS
from faceinsight.method.variants import LABELS
from faceinsight.reports import FIGURES


@pytest.fixture(scope="module")
def page(finished):
    done = finished.kedro("viz", "build", "--include-hooks", "--include-previews")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "circular" not in done.stderr
    return finished.root / "build"


@pytest.fixture(scope="module")
def lineage(page):
    return json.loads((page / "api/main").read_text())


def test_it_is_a_page(page):
    assert "<html" in (page / "index.html").read_text()


def test_variants_and_data_sets_are_collapsible_boxes(lineage):
    boxes = {n["id"] for n in lineage["nodes"] if n["type"] == "modularPipeline"}
    assert set(LABELS) | set(DATA_SETS) <= boxes


def test_tables_metrics_and_figures_have_previews(page, lineage):
    names = {n["id"]: n["name"] for n in lineage["nodes"] if n["type"] == "data"}
    previews = {}
    for id_, name in names.items():
        node = json.loads((page / "api/nodes" / id_).read_text())
        if node.get("preview") is not None:
            previews[name] = node["preview_type"]
    wanted = {"ablation", "data_summary", "celeba.labels", "lgc.metrics", "rule_violations"}
    wanted |= {f"figure_{name}" for name in FIGURES}
    assert wanted <= set(previews)
    assert "Plotly" in previews["figure_prior"]
    assert "Table" in previews["ablation"]
    assert "JSON" in previews["lgc.metrics"]


def test_layers_are_in_the_order_of_the_data(lineage):
    order = ["intermediate", "primary", "feature", "models", "model_output", "reporting"]
    assert lineage["layers"] == order
