"""Bootstrap: how far a metric would move with other test photographs.

Photographs are drawn with replacement within each data set, as many as it has; all faces of a
photograph come with it, since they are not independent. What is drawn for a data set depends on the
seed, its name and the number of the resample only, so two models that are evaluated on the same
faces see the same resamples, and their difference has a paired interval.

Intervals are basic ones (Davison and Hinkley 1997, section 5.2), not percentiles of the resampled
values. Average precision is the reason: a face that is drawn twice stands beside its own copy in
the ranking, so resampled AP lies above AP by about as much as AP of a finite test part lies above
that of all faces. Percentiles count that bias twice, and can lie wholly above the metric itself;
the basic interval takes it off. A bias-corrected percentile cannot: where nearly all resamples lie
on one side, its quantiles are the most extreme resamples. With few present faces a characteristic
the bootstrap sees only a part of the bias, and intervals of mAP still hold the truth less often
than they say.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from faceinsight.evaluation.scored import Scored

Scale = Literal["share", "count", "difference"]
"""What a metric is: a share (0 to 1), a mean count (from 0 up), or a difference of shares."""

_CHUNK_VALUES = 2**18
"""Values in one chunk of weights: 1 MB in float32, which stays in a core's cache."""

_SAME = 1e-12
"""Resampled values that lie no further apart than this differ by rounding."""


def resample_weights(scored: Scored, n_resamples: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """Yield chunks [r, N] of weights, `n_resamples` rows in all.

    A weight says how often the face's photograph was drawn.
    """
    for numbers in chunks_of(n_resamples, len(scored)):
        weights = np.zeros((len(numbers), len(scored)), dtype=np.float32)
        for dataset, rows in scored.rows.items():
            photographs = scored.photographs[rows]
            if len(photographs):
                drawn = draws(dataset, int(photographs[-1]) + 1, numbers, seed)
                weights[:, rows] = drawn[:, photographs]
        yield weights


def chunks_of(n_resamples: int, n_faces: int) -> Iterator[range]:
    """Numbers of all resamples, in chunks of which the weights of so many faces are not large."""
    step = int(np.clip(_CHUNK_VALUES // max(n_faces, 1), 8, 256))
    for first in range(0, n_resamples, step):
        yield range(first, min(first + step, n_resamples))


def draws(dataset: str, n: int, numbers: range, seed: int) -> NDArray[np.float32]:
    """How often each of n photographs is drawn in the resamples of these numbers: [r, n]."""
    name = zlib.crc32(dataset.encode())
    counts = np.empty((len(numbers), n), dtype=np.float32)
    for row, number in enumerate(numbers):
        generator = np.random.default_rng([seed, name, number])
        counts[row] = np.bincount(generator.integers(0, n, n), minlength=n)
    return counts


def basic_interval(
    value: float,
    resampled: NDArray[np.floating],
    level: float,
    scale: Scale = "share",
    photographs: int | None = None,
) -> tuple[float, float] | tuple[None, None]:
    """The basic bootstrap interval of a metric, [2 t - q_high, 2 t - q_low].

    t is the metric, q the quantiles of its resampled values, all three on the scale on which the
    spread hardly depends on the value: arcsin(sqrt(p)) for a share and sqrt(n) for a mean count, so
    that neither leaves its range and accuracies near 1 get the longer arm downwards; differences,
    which are about symmetric, as they are. An interval that would leave out the metric itself
    (where the bias is larger than the spread) is extended to it.

    A metric that no resample changes, such as an accuracy of 1, would have an interval without
    width, which does not make it certain: few photographs show nothing else by chance. Shares and
    differences then have an exact interval, of the number of photographs that they are of.

    Args:
        value: the metric of the faces as they are.
        resampled: [R], the metric in each resample; NaN ones are left out.
        level: share of such intervals that should hold the truth, e.g. 0.95.
        scale: what the metric is.
        photographs: that the metric is of. Without them, and for a count, the interval of what no
            resample changes has no width.

    Returns:
        Its two ends, or (None, None) where no resample gives a value.
    """
    resampled = resampled[~np.isnan(resampled)]
    if not resampled.size:
        return None, None
    if photographs and scale != "count" and np.ptp(resampled) < _SAME:
        of = _exact_share if scale == "share" else _exact_difference
        return of(value, photographs, level)
    quantiles = np.quantile(resampled, [(1 + level) / 2, (1 - level) / 2])
    ends = _back(2 * _forth(np.float64(value), scale) - _forth(quantiles, scale), scale)
    return min(float(ends[0]), value), max(float(ends[1]), value)


def _exact_share(value: float, n: int, level: float) -> tuple[float, float]:
    """Clopper and Pearson's interval (1934) of a share of n photographs.

    A mean of values from 0 to 1 that are not all 0 or 1 spreads less than a share, and its part of
    n is no whole number: quantiles of the beta distribution take both.
    """
    from scipy.stats import beta

    tail, hits = (1 - level) / 2, min(max(value, 0.0), 1.0) * n
    low = float(beta.ppf(tail, hits, n - hits + 1)) if hits > _SAME else 0.0
    high = float(beta.isf(tail, hits + 1, n - hits)) if hits < n - _SAME else 1.0
    return min(low, value), max(high, value)


def _exact_difference(value: float, n: int, level: float) -> tuple[float, float]:
    """An interval of a paired difference that is the same in each of n photographs.

    With probability at most (1 - level) / 2 a share larger than u of all photographs differs from
    what n of them have in common, u as for a share of 0. One that differs moves a difference of 0
    by at most 1, and one of -1 or 1 by at most 2.
    """
    most = (1 + abs(value)) * _exact_share(0.0, n, level)[1]
    return max(value - most, -1.0), min(value + most, 1.0)


def _forth(values: NDArray[np.float64] | np.float64, scale: Scale) -> NDArray[np.float64]:
    """Onto the scale on which the spread hardly depends on the value."""
    if scale == "share":
        return np.arcsin(np.sqrt(np.clip(values, 0, 1)))
    return np.sqrt(values) if scale == "count" else np.asarray(values)


def _back(values: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    """From that scale; what lies beyond the range becomes its end."""
    if scale == "share":
        return np.sin(np.clip(values, 0, np.pi / 2)) ** 2
    return np.maximum(values, 0) ** 2 if scale == "count" else np.clip(values, -1, 1)
