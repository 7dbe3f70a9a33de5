"""The notebook runs from top to bottom over what a run has made."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_runs_from_top_to_bottom(finished, path):
    notebook = nbformat.read(path, as_version=4)
    (cell,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    cell.source = 'ENV, PARAMS = "tiny", {}'
    where = {"metadata": {"path": finished.root}}
    NotebookClient(notebook, timeout=300, resources=where).execute()
    outputs = [output for c in notebook.cells for output in c.get("outputs", [])]
    # No log lines between the results, and nothing that is fetched when it is looked at.
    assert [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"] == []
    assert any("drawn" in o.text for o in outputs if o.output_type == "stream")
    pages = [o.data.get("text/html", "") for o in outputs if "data" in o]
    assert sum("Plotly.newPlot" in page and len(page) < 1_000_000 for page in pages) == 3
    assert not any(re.search(r"<(script|link|img)[^>]*(src|href)=", page) for page in pages)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_is_committed_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    assert not any(c.get("outputs") for c in notebook.cells)
