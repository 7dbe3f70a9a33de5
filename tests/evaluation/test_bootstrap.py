"""Bootstrap intervals, against the analytic ones."""

import numpy as np
import pytest

from faceinsight.evaluation.bootstrap import percentile_interval, resample_weights
from faceinsight.evaluation.measures import Measures
from faceinsight.evaluation.scored import Scored
from faceinsight.evaluation.settings import EvaluationSettings

from .fakes import fake_predictions, small_vocabulary


@pytest.fixture(scope="module")
def scored():
    vocabulary = small_vocabulary()
    frame = fake_predictions(vocabulary, {"one": 60, "two": 41}, faces_a_photograph=3)
    return Scored.from_frame(frame, vocabulary)


def weights_of(scored, n_resamples=40, seed=0):
    return np.concatenate(list(resample_weights(scored, n_resamples, seed)))


def test_each_data_set_keeps_its_number_of_photographs(scored):
    weights = weights_of(scored)
    assert weights.shape == (40, 101)
    for rows, photographs in ((slice(0, 60), 20), (slice(60, 101), 14)):
        first_faces = np.unique(scored.photographs[rows], return_index=True)[1]
        assert (weights[:, rows][:, first_faces].sum(axis=1) == photographs).all()


def test_faces_of_one_photograph_stay_together(scored):
    weights = weights_of(scored)[:, :60]
    for photograph in range(20):
        alike = weights[:, scored.photographs[:60] == photograph]
        assert (alike == alike[:, :1]).all()


def test_resamples_depend_on_seed_and_data_set_only(scored, monkeypatch):
    weights = weights_of(scored)
    assert not np.array_equal(weights, weights_of(scored, seed=1))
    monkeypatch.setattr("faceinsight.evaluation.bootstrap._CHUNK_VALUES", 1)
    np.testing.assert_array_equal(weights, weights_of(scored))
    vocabulary = small_vocabulary()
    frame = fake_predictions(vocabulary, {"one": 60}, faces_a_photograph=3)
    alone = weights_of(Scored.from_frame(frame, vocabulary))
    np.testing.assert_array_equal(alone, weights[:, :60])


def test_interval_of_accuracy_is_the_binomial_one():
    vocabulary = small_vocabulary()
    frame = fake_predictions(vocabulary, {"three": 400}, skill=0.4)
    settings = EvaluationSettings(n_resamples=2000)
    measures = Measures(Scored.from_frame(frame, vocabulary), vocabulary, settings)
    accuracy = measures.with_intervals(settings)["task", "three", "expression", "accuracy"]
    half = 1.96 * np.sqrt(accuracy.value * (1 - accuracy.value) / 400)
    assert accuracy.low == pytest.approx(accuracy.value - half, abs=0.006)
    assert accuracy.high == pytest.approx(accuracy.value + half, abs=0.006)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(0)
    vocabulary = small_vocabulary()
    frame = fake_predictions(vocabulary, {"three": 120}, skill=0.4)
    settings = EvaluationSettings(n_resamples=150, level=0.9)
    columns = ["y_calm", "y_glad", "y_cross"]
    frame[columns] = np.array([1, 0, 0])
    covered = 0
    for _ in range(100):
        right = rng.random(120) < 0.7
        frame["p_calm"] = np.where(right, 0.9, 0.1).astype(np.float32)
        frame[["p_glad", "p_cross"]] = np.float32(0.5)
        measures = Measures(Scored.from_frame(frame, vocabulary), vocabulary, settings)
        table = measures.tasks["three", "expression"]
        values = np.concatenate(
            [
                table.figures(w @ table.table)["accuracy"]
                for w in resample_weights(measures.scored, 150, int(rng.integers(1000)))
            ]
        )
        low, high = percentile_interval(values, 0.9)
        covered += low <= 0.7 <= high
    assert 80 <= covered <= 98  # 90 expected, with a standard deviation of 3


def test_undefined_resamples_are_left_out():
    assert percentile_interval(np.array([np.nan, np.nan]), 0.95) == (None, None)
    low, high = percentile_interval(np.array([np.nan, 1.0, 2.0, 3.0]), 0.5)
    assert (low, high) == (1.5, 2.5)
