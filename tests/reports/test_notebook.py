"""Figures in notebooks: in Plotly's type and as HTML, from no network."""

import re

import plotly.graph_objects as go
import plotly.io as pio
import pytest

from faceinsight.reports import notebook


@pytest.fixture
def shown(monkeypatch):
    """What `show_figures_offline` displays; Plotly's default renderer is put back."""
    found = []
    monkeypatch.setattr(notebook, "display", found.append)
    before = pio.renderers.default
    yield found
    pio.renderers.default = before


def test_the_library_is_written_once_and_keeps_out_of_module_loaders(shown):
    notebook.show_figures_offline()
    assert pio.renderers.default == notebook.NAME
    (html,) = [of.data for of in shown]
    assert len(html) > 1_000_000
    assert html.count("</script>") == 1
    assert re.match(r'<script type="text/javascript">\(function \(define, module, exports\)', html)


def test_a_figure_comes_in_both_types_and_loads_nothing():
    bundle = notebook.OfflineRenderer().to_mimebundle(go.Figure(go.Bar(y=[1, 2])).to_dict())
    assert bundle["application/vnd.plotly.v1+json"]["data"][0]["y"] == [1, 2]
    html = bundle["text/html"]
    assert "Plotly.newPlot" in html
    assert "src=" not in html
    assert "require(" not in html
    assert len(html) < 20_000
