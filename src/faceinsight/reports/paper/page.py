"""One page: the paper's tables and figures, and what this run measured beside them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from faceinsight.data.registry import dataset_name
from faceinsight.reports.paper import page_rows
from faceinsight.reports.paper.numbers import claims, impossible_rows
from faceinsight.reports.paper.panel import MARKS
from faceinsight.reports.paper.results import key_of, weights_by_model
from faceinsight.rivals.naming import shown_name

if TYPE_CHECKING:
    import plotly.graph_objects as go

TITLE = "FaceInsight beside its paper"


def render_page(
    *,
    tables: Mapping[int, pd.DataFrame],
    figures: Mapping[str, go.Figure],
    results: pd.DataFrame,
    others: pd.DataFrame,
    same_faces: pd.DataFrame,
    gaps: pd.DataFrame,
    compared: int,
    minimum: int,
    named: int,
    calibration: Mapping[str, Any],
    level: float,
    drawn: bool,
) -> str:
    """Render the page; it loads nothing from anywhere.

    Tables may have been through CSV.

    Args:
        tables: number to what `paper_table` returned.
        figures: by the names of `faceinsight.reports.paper.FIGURES`; one that is missing is left
            out.
        results: what was run.
        others: from `score_tables`.
        same_faces: from `compare_on_same_faces`.
        gaps: `Fairness.gaps`.
        compared: `Fairness.compared`.
        minimum: faces that a group must have to be compared.
        named: most gaps to list.
        calibration: from `recalibrate`.
        level: of the intervals.
        drawn: the faces are drawn by this project, which the page then says first of all.
    """
    doubtful = impossible_rows().to_dict("records")
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=TITLE,
            css=_css(),
            plotly_js=_plotly_js(),
            drawn=drawn,
            level=level,
            models=_models(results),
            tables=[page_rows.comparison(number, table) for number, table in tables.items()],
            charts={name: _embed(figure, name) for name, figure in figures.items()},
            marks=_marks(figures.get("answers")),
            others=page_rows.other_rows(others),
            same_faces=page_rows.same_face_rows(same_faces),
            gaps=page_rows.gap_rows(gaps, named),
            compared=compared,
            minimum=minimum,
            calibration=page_rows.calibration_rows(calibration),
            impossible=[
                {
                    "table": row["table"],
                    "name": f"{dataset_name(row['dataset'])} {row['task']}",
                    "model": row["model"],
                    **{part: f"{row[part]:.2f}" for part in ("f1", "precision", "recall", "most")},
                }
                for row in doubtful
            ],
            surpassed=page_rows.surpassed(),
            claims=claims().to_dict("records"),
        )
    )


def _models(results: pd.DataFrame) -> list[str]:
    """Every model that was run, by name, and how it came about."""
    weights = weights_by_model(results)
    found = {(key_of(m), s): m for m, s in zip(results["model"], results["setting"], strict=True)}
    return sorted(f"{shown_name(found[key], weights[key])}, {key[1]}" for key in found)


def _marks(answers: go.Figure | None) -> list[tuple[str, str]]:
    """The marks that Figure 7 has, with their meanings."""
    found = (answers.layout.meta or {}).get("marks", MARKS) if answers is not None else ()
    return [(sign, meaning) for sign, meaning in MARKS.items() if sign in found]


def _embed(figure: go.Figure, name: str) -> Markup:
    """A figure's element and script; Plotly escapes what could end the script."""
    html = figure.to_html(
        full_html=False,
        include_plotlyjs=False,
        include_mathjax=False,
        div_id=f"chart-{name}",
        config={"displaylogo": False, "responsive": True, "displayModeBar": False},
    )
    return Markup(html)


@cache
def _plotly_js() -> Markup:
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs())


@cache
def _css() -> Markup:
    report = files("faceinsight.reports") / "report.css"
    own = files("faceinsight.reports.paper") / "page.css"
    return Markup(report.read_text(encoding="utf-8") + own.read_text(encoding="utf-8"))


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("faceinsight.reports.paper", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
