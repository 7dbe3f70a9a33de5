"""The correlation prior: which characteristics a characteristic listens to (Eq. 5 to 7).

Counted from the labels of the training part alone. With several data sets a pair counts only the
images in which both of its characteristics are labelled.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from faceinsight.common.settings import Settings
from faceinsight.errors import ParameterError


class PriorSettings(Settings):
    """The correlation prior (Eq. 5 to 7).

    Attributes:
        tau: an edge needs at least this conditional probability.
        omega: share of a characteristic's new features that comes from its neighbours.
        lift: an edge also needs p(j | i) / p(j) of at least this; null asks for nothing beyond tau,
            as the paper.
    """

    tau: float = Field(0.4, gt=0, le=1)
    omega: float = Field(0.8, ge=0, le=1)
    lift: float | None = Field(None, ge=0)


_ROWS_AT_ONCE = 1 << 15
"""Rows a matrix product takes. float32 counts exactly up to 2^24, so any smaller number is exact;
this one keeps the operands (K = 82) within 20 MB."""


@dataclass(frozen=True)
class Counts:
    """How often characteristics occur together, over all images of all data sets.

    Attributes:
        pairs: m_ij, int64 [K, K]: images in which i and j are both present.
        given: n_ij, int64 [K, K]: images in which i is present and j is labelled.
        labelled: int64 [K, K]: images in which i and j are both labelled.
    """

    pairs: NDArray[np.int64]
    given: NDArray[np.int64]
    labelled: NDArray[np.int64]


@dataclass(frozen=True)
class Prior:
    """The correlation prior.

    Attributes:
        conditional: P (Eq. 5), float64 [K, K]: p_ij = P(j present | i present); NaN where no image
            in which i is present has a label for j.
        edges: C (Eq. 6), bool [K, K]: i listens to j. The diagonal is as Eq. 6 gives it.
        adjacency: C_hat (Eq. 7), float64 [K, K]: asymmetric, row i holds the weights of those whom
            i listens to, and sums to 1.
    """

    conditional: NDArray[np.float64]
    edges: NDArray[np.bool_]
    adjacency: NDArray[np.float64]


def count(labels: Iterable[NDArray[np.int8]]) -> Counts:
    """Count present and labelled pairs.

    Args:
        labels: one int8 [N, K] array a data set: 1 present, 0 absent, -1 unknown.

    Raises:
        ParameterError: there is no array, the widths differ, or a value is none of these.
    """
    total: NDArray[np.int64] | None = None
    for number, array in enumerate(labels):
        if array.ndim != 2 or (total is not None and array.shape[1] * 2 != total.shape[1]):
            raise ParameterError(
                f"labels: array {number} has shape {array.shape}; all must be [images, "
                "characteristics] with one and the same number of characteristics"
            )
        width = array.shape[1]
        if total is None:
            total = np.zeros((2 * width, 2 * width), np.int64)
        for start in range(0, len(array), _ROWS_AT_ONCE):
            rows = array[start : start + _ROWS_AT_ONCE]
            if rows.min() < -1 or rows.max() > 1:
                raise ParameterError(
                    f"labels: array {number} has a value other than 1 (present), 0 (absent) and "
                    f"-1 (unknown) in rows {start} to {start + len(rows) - 1}"
                )
            present_labelled = np.empty((len(rows), 2 * width), np.float32)
            np.equal(rows, 1, out=present_labelled[:, :width])
            np.greater_equal(rows, 0, out=present_labelled[:, width:])
            total += (present_labelled.T @ present_labelled).astype(np.int64)
    if total is None:
        raise ParameterError("labels: there is no data set to count")
    width = total.shape[1] // 2
    return Counts(
        pairs=total[:width, :width].copy(),
        given=total[:width, width:].copy(),
        labelled=total[width:, width:].copy(),
    )


def correlation_prior(
    counts: Counts, tau: float = 0.4, omega: float = 0.8, lift: float | None = None
) -> Prior:
    """Turn counts into the weighted graph of Eq. 5 to 7.

    Args:
        counts: from `count`, over the training part.
        tau: threshold on p_ij (Eq. 6).
        omega: weight of the neighbours; 1 - omega stays on the characteristic itself (Eq. 7). A
            characteristic that has no neighbours keeps weight 1 on itself.
        lift: if given, an edge also needs p_ij / p_j >= lift, with p_j over the images in which
            both are labelled. It removes the links to what is present in most faces anyway.

    Raises:
        ParameterError: a threshold or weight lies outside its range.
    """
    if not 0 < tau <= 1:
        raise ParameterError(f"tau is {tau}, and must be above 0 and at most 1")
    if not 0 <= omega <= 1:
        raise ParameterError(f"omega is {omega}, and must be from 0 to 1")
    if lift is not None and not lift >= 0:
        raise ParameterError(f"lift is {lift}, and must be 0 or more, or null")
    with np.errstate(divide="ignore", invalid="ignore"):
        conditional = counts.pairs / counts.given
        edges = conditional >= tau  # a comparison with NaN is False: no edge
        if lift is not None:
            base_rate = counts.given.T / counts.labelled
            edges &= conditional / base_rate >= lift
    return Prior(conditional, edges, weights_of(edges, omega))


def weights_of(edges: NDArray[np.bool_], omega: float) -> NDArray[np.float64]:
    """C_hat (Eq. 7), float64 [K, K], of the edges C, bool [K, K]."""
    neighbours = edges & ~np.eye(len(edges), dtype=bool)
    degree = neighbours.sum(axis=1)
    adjacency = omega * neighbours / np.maximum(degree, 1)[:, None]
    np.fill_diagonal(adjacency, np.where(degree > 0, 1 - omega, 1.0))
    return adjacency
