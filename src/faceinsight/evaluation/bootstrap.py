"""Bootstrap: how far a figure would move with other test photographs.

Photographs are drawn with replacement within each data set, as many as it has; all faces of a
photograph come with it, since they are not independent. What is drawn for a data set depends on the
seed, its name and the number of the resample only, so two models that are evaluated on the same
faces see the same resamples, and their difference has a paired interval.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from faceinsight.evaluation.scored import Scored

_CHUNK_VALUES = 2**18
"""Values in one chunk of weights: 1 MB in float32, which stays in a core's cache."""


def resample_weights(scored: Scored, n_resamples: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """Yield chunks [r, N] of weights, `n_resamples` rows in all.

    A weight says how often the face's photograph was drawn.
    """
    step = int(np.clip(_CHUNK_VALUES // max(len(scored), 1), 8, 256))
    for first in range(0, n_resamples, step):
        numbers = range(first, min(first + step, n_resamples))
        weights = np.zeros((len(numbers), len(scored)), dtype=np.float32)
        for dataset, rows in scored.rows.items():
            photographs = scored.photographs[rows]
            if len(photographs):
                drawn = _drawn(dataset, int(photographs[-1]) + 1, numbers, seed)
                weights[:, rows] = drawn[:, photographs]
        yield weights


def _drawn(dataset: str, n: int, numbers: range, seed: int) -> NDArray[np.float32]:
    """How often each of n photographs is drawn in the resamples of these numbers: [r, n]."""
    name = zlib.crc32(dataset.encode())
    counts = np.empty((len(numbers), n), dtype=np.float32)
    for row, number in enumerate(numbers):
        generator = np.random.default_rng([seed, name, number])
        counts[row] = np.bincount(generator.integers(0, n, n), minlength=n)
    return counts


def percentile_interval(
    values: NDArray[np.floating], level: float
) -> tuple[float, float] | tuple[None, None]:
    """The bootstrap percentile interval of [R] resampled values; NaN ones are left out.

    Returns:
        Its two ends, or (None, None) where no resample gives a value.
    """
    values = values[~np.isnan(values)]
    if not values.size:
        return None, None
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
