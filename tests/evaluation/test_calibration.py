"""Calibration error, against its definition and scikit-learn's reliability curve."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from faceinsight.evaluation.calibration import Calibration, bin_edges


def sample(n=500, k=3, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.random((n, k)).astype(np.float32)
    labels = (rng.random((n, k)) < p**1.5).astype(np.int8)
    labels[rng.random((n, k)) < 0.2] = -1
    return p, labels


def error(calibration):
    return calibration.values(calibration.table.sum(axis=0)[None])["ece"][0]


def test_bins_equal_scikit_learn():
    p, labels = sample()
    known = labels >= 0
    frequency, probability = calibration_curve(labels[known], p[known], n_bins=15)
    calibration = Calibration(p, labels, bin_edges(p, 15))
    bins = calibration.bins()
    assert [b["frequency"] for b in bins] == pytest.approx(list(frequency))
    assert [b["probability"] for b in bins] == pytest.approx(list(probability))
    n = np.array([b["n"] for b in bins])
    assert n.sum() == known.sum()
    assert error(calibration) == pytest.approx((n / n.sum() * abs(frequency - probability)).sum())


def test_known_values():
    # Four say 0.9 and three are right; two say 0.2 and none is.
    p = np.array([[0.9], [0.9], [0.9], [0.9], [0.2], [0.2]])
    labels = np.array([[1], [1], [1], [0], [0], [0]], dtype=np.int8)
    calibration = Calibration(p, labels, bin_edges(p, 10))
    assert error(calibration) == pytest.approx((4 * 0.15 + 2 * 0.2) / 6)


def test_certain_and_right_is_perfect():
    p = np.array([[0.0, 1.0]])
    calibration = Calibration(p, np.array([[0, 1]], dtype=np.int8), bin_edges(p, 15))
    assert error(calibration) == 0
    assert calibration.bins()[-1]["n"] == 1


def test_adaptive_bins_hold_equal_numbers():
    p, labels = sample()
    edges = bin_edges(p[labels >= 0] ** 4, 10, adaptive=True)
    counts = [b["n"] for b in Calibration(p**4, labels, edges).bins()]
    assert len(counts) == 10
    assert max(counts) - min(counts) <= 2
    alike = bin_edges(np.full(50, 0.5), 10, adaptive=True)
    assert alike.tolist() == [0, 0.5, 1]


def test_nothing_known_is_undefined():
    calibration = Calibration(
        np.full((2, 1), 0.5), np.full((2, 1), -1, np.int8), bin_edges(np.zeros(0), 5)
    )
    assert np.isnan(error(calibration))
    assert calibration.bins()[0]["frequency"] is None
