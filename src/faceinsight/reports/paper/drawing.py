"""All figures of the page, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from faceinsight.reports.paper import FIGURES
from faceinsight.reports.paper.components import Components

if TYPE_CHECKING:
    import plotly.graph_objects as go


def draw_figures(
    *,
    results: pd.DataFrame,
    answers: pd.DataFrame,
    ablation: Components,
    ablation_dataset: str,
    sweep: pd.DataFrame | None,
    rates: pd.DataFrame,
    gaps: pd.DataFrame,
    compared: int,
    named: int,
    level: float,
    calibration: Mapping[str, Any],
) -> dict[str, go.Figure]:
    """Draw the figures of `FIGURES`.

    Args:
        results: from `faceinsight.reports.paper.results`.
        answers: from `mark_answers`.
        ablation: from `measure_components`.
        ablation_dataset: the data set that it is on.
        sweep: of omega, or None where it was not run.
        rates: `Fairness.rates`.
        gaps: `Fairness.gaps`.
        compared: `Fairness.compared`.
        named: most gaps to show.
        level: of the intervals.
        calibration: from `recalibrate`.
    """
    from faceinsight.reports.paper import components, figures, omega, panel, trust_figures

    drawn = {
        "radar": figures.radar(results),
        **{f"bars_{number}": figures.bars(number, results) for number in (3, 4, 5, 6)},
        "answers": panel.answer_panel(answers),
        "steps": components.component_steps(ablation.steps, ablation_dataset),
        "components": components.by_characteristic(ablation.characteristics, ablation_dataset),
        "omega": omega.omega_sweep(sweep),
        "groups": trust_figures.accuracy_by_group(rates),
        "gaps": trust_figures.largest_gaps(gaps, named, compared, level),
        "temperature": trust_figures.before_and_after(calibration),
    }
    return {name: drawn[name] for name in FIGURES}
