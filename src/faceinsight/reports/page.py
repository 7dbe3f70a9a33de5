"""The writer of both pages: one look, one way to embed figures, nothing loaded from anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from faceinsight.reports.embedding import embed

if TYPE_CHECKING:
    import plotly.graph_objects as go


def write_page(template: str, figures: Mapping[str, go.Figure], **values: Any) -> str:
    """Fill in a template; it finds the figures as `charts`, and styles, script and library beside.

    Args:
        template: its name within `faceinsight.reports`.
        figures: that have been through `style`, by name.
        values: whatever else the template shows.
    """
    return (
        _environment()
        .get_template(template)
        .render(
            charts={name: embed(figure, name) for name, figure in figures.items()},
            plotly_js=_plotly_js(),
            css=_source("page.css"),
            js=_source("page.js"),
            **values,
        )
    )


@cache
def _plotly_js() -> Markup:
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs())


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("faceinsight.reports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _source(name: str) -> Markup:
    """A file of the page that is taken over as it is."""
    environment = _environment()
    assert environment.loader is not None
    return Markup(environment.loader.get_source(environment, name)[0])
