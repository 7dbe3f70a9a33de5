"""One page: the paper's tables and figures, and what this run measured beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from faceinsight.data.registry import dataset_name
from faceinsight.reports.page import write_page
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
    words: pd.DataFrame,
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
        words: from there too, those that stand for no single class.
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
    return write_page(
        "paper/paper.html.j2",
        figures,
        title=TITLE,
        sections=_sections(tables),
        drawn=drawn,
        level=level,
        models=_models(results),
        tables=[page_rows.comparison(number, table) for number, table in tables.items()],
        marks=_marks(figures.get("answers")),
        others=page_rows.other_rows(others),
        words=words.to_dict("records"),
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


def _sections(tables: Iterable[int]) -> list[tuple[str, str]]:
    """Sections of the page, by the names of their anchors."""
    return [
        ("reading", "How to read it"),
        ("all", "All tasks"),
        *((f"table-{number}", f"Table {number}") for number in tables),
        ("bars", "Figures 3 to 6"),
        ("answers", "Figure 7: answers"),
        ("components", "Figure 8: ablation"),
        ("others", "Other systems"),
        ("fairness", "Fairness"),
        ("calibration", "Calibration"),
        ("doubts", "The paper's numbers"),
    ]


def _models(results: pd.DataFrame) -> list[str]:
    """Every model that was run, by name, and how it came about."""
    weights = weights_by_model(results)
    found = {(key_of(m), s): m for m, s in zip(results["model"], results["setting"], strict=True)}
    return sorted(f"{shown_name(found[key], weights[key])}, {key[1]}" for key in found)


def _marks(answers: go.Figure | None) -> list[tuple[str, str]]:
    """The marks that Figure 7 has, with their meanings."""
    found = (answers.layout.meta or {}).get("marks", MARKS) if answers is not None else ()
    return [(sign, meaning) for sign, meaning in MARKS.items() if sign in found]
