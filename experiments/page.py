"""The pages of all experiments: Markdown tables of metrics over seeds, in per cent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceinsight.evaluation.paired import Difference, t_interval

INTERVALS = (
    "First the interval over photographs and seeds (bootstrap in pairs), then Student's t over "
    "seeds, which takes the test faces as given; both 95 %. Of few seeds a bootstrap makes the "
    "first somewhat too narrow"
)
"""What stands behind a difference; see `difference_cells`."""


def write(lines: Iterable[str], out: Path | None) -> None:
    """Print a page, and write it into a file if one is named."""
    page = "\n".join(lines) + "\n"
    print(page)
    if out is not None:
        out.write_text(page, encoding="utf-8")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table."""
    lines = [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def spread(values: NDArray[np.float64], digits: int = 2) -> str:
    """Mean over seeds, with the standard deviation between them."""
    deviation = f" ± {100 * values.std(ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{100 * values.mean():.{digits}f}{deviation}"


def between(low: float | None, high: float | None, digits: int = 2) -> str:
    """An interval; empty where there is none."""
    if low is None or high is None:
        return ""
    return f"[{100 * low:+.{digits}f}, {100 * high:+.{digits}f}]"


def interval(value: float | None, low: float | None, high: float | None, digits: int = 2) -> str:
    """A difference with its interval; "–" where it is not defined."""
    if value is None:
        return "–"
    return f"{100 * value:+.{digits}f} {between(low, high, digits)}".rstrip()


def difference_cells(gap: Difference) -> list[str]:
    """A difference with its interval over photographs and seeds, and Student's t over seeds."""
    return [interval(gap.value, gap.low, gap.high), between(gap.t_low, gap.t_high)]


def over_seeds(gaps: NDArray[np.float64], digits: int = 2) -> str:
    """Mean of differences, one a seed, with Student's t interval over seeds."""
    return interval(float(gaps.mean()), *t_interval(gaps, 0.95), digits)
