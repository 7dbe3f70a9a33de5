"""Figures in a notebook that need no network, neither to be drawn nor when they are looked at.

Plotly's own renderers for notebooks either fetch its library from the network or hand it to
require.js, which JupyterLab does not have and nbconvert's pages fetch from the network. Here the
library is written into the notebook once, and every figure twice: in Plotly's own type, which
JupyterLab and VS Code draw by themselves, and as HTML for wherever that type is not known, such as
the pages of nbconvert.
"""

from __future__ import annotations

from typing import Any

import plotly.io as pio
from IPython.display import HTML, display
from plotly.io.base_renderers import MimetypeRenderer, PlotlyRenderer
from plotly.offline import get_plotlyjs

NAME = "faceinsight"
"""The renderer's name among Plotly's."""


class OfflineRenderer(MimetypeRenderer):
    """A figure in Plotly's type and as HTML that finds the library in the page."""

    def to_mimebundle(self, fig_dict: dict[str, Any]) -> dict[str, Any]:
        """The figure by type."""
        html = pio.to_html(
            fig_dict, full_html=False, include_plotlyjs=False, include_mathjax=False, validate=False
        )
        return PlotlyRenderer().to_mimebundle(fig_dict) | {"text/html": html}


def show_figures_offline() -> None:
    """Make figures show themselves without a network; writes 4.5 MB into the cell's output."""
    pio.renderers[NAME] = OfflineRenderer()
    pio.renderers.default = NAME
    # Hidden from loaders of modules, the library puts itself where figures look for it.
    library = f"(function (define, module, exports) {{{get_plotlyjs()}\n}}).call(window);"
    display(HTML(f'<script type="text/javascript">{library}</script>'))
