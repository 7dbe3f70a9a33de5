"""Expected calibration error: does "80 %" come true eight times in ten?

ECE = sum_b (n_b / n) |mean probability in bin b - share that is truly present in bin b|
(Naeini et al. 2015), over every known pair of face and characteristic, for the probability that
the characteristic is present.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def bin_edges(
    probabilities: NDArray[np.floating], n_bins: int, *, adaptive: bool = False
) -> NDArray[np.float64]:
    """Edges of the bins, [B + 1] from 0 to 1.

    Equal widths, or with `adaptive` equal numbers of the given probabilities (fewer bins where many
    are alike).
    """
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    if adaptive and probabilities.size:
        inner = np.unique(np.quantile(probabilities.astype(np.float64), edges[1:-1]))
        edges = np.concatenate([[0.0], inner[(inner > 0) & (inner < 1)], [1.0]])
    return edges


class Calibration:
    """Calibration of the probabilities of n faces, as sums that weights can be applied to.

    Args:
        probabilities: [n, k].
        labels: int8 [n, k], -1 unknown.
        edges: [B + 1], from `bin_edges`; a bin holds its lower edge, the last one holds 1 too.
    """

    def __init__(
        self,
        probabilities: NDArray[np.floating],
        labels: NDArray[np.int8],
        edges: NDArray[np.float64],
    ) -> None:
        self._edges = edges
        n_bins = len(edges) - 1
        face, column = np.nonzero(labels >= 0)
        p = probabilities[face, column].astype(np.float64)
        which = np.clip(np.searchsorted(edges, p, side="right") - 1, 0, n_bins - 1)
        cell = face * n_bins + which

        def sums(values: NDArray[np.floating] | None) -> NDArray[np.float64]:
            counted = np.bincount(cell, values, minlength=len(labels) * n_bins)
            return counted.reshape(len(labels), n_bins).astype(np.float64)

        self.table = np.hstack([sums(None), sums(p), sums(labels[face, column].astype(float))])
        """Per face and bin: number of pairs, sum of probabilities, number present; [n, 3 B]."""

    def values(self, totals: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Calibration error for each of r weighted sums of `table`, [r, 3 B]."""
        count, probability, present = np.split(totals, 3, axis=1)
        n = count.sum(axis=1)
        gap = np.abs(probability - present).sum(axis=1)
        return {"ece": np.divide(gap, n, out=np.full_like(n, np.nan), where=n > 0)}

    def bins(self) -> list[dict[str, Any]]:
        """The reliability curve: per bin its edges, n, mean probability, and share present."""
        count, probability, present = np.split(self.table.sum(axis=0), 3)
        return [
            {
                "low": float(self._edges[b]),
                "high": float(self._edges[b + 1]),
                "n": int(count[b]),
                "probability": float(probability[b] / count[b]) if count[b] else None,
                "frequency": float(present[b] / count[b]) if count[b] else None,
            }
            for b in range(len(count))
        ]
