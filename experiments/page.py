"""Figures with their intervals as cells of a Markdown table, in per cent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceinsight.evaluation.paired import Difference


def spread(values: NDArray[np.float64]) -> str:
    """Mean over seeds, with the standard deviation between them."""
    deviation = f" ± {100 * values.std(ddof=1):.2f}" if len(values) > 1 else ""
    return f"{100 * values.mean():.2f}{deviation}"


def between(low: float | None, high: float | None) -> str:
    """An interval; empty where there is none."""
    return "" if low is None or high is None else f"[{100 * low:+.2f}, {100 * high:+.2f}]"


def interval(value: float, low: float | None, high: float | None) -> str:
    """A difference with its interval."""
    return f"{100 * value:+.2f} {between(low, high)}".rstrip()


def difference_cells(gap: Difference) -> list[str]:
    """A difference with its interval over photographs and seeds, and Student's t over seeds."""
    return [interval(gap.value, gap.low, gap.high), between(gap.t_low, gap.t_high)]
