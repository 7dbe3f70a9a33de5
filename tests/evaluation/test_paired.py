"""Differences over photographs and seeds, against resamples that are drawn out and scored anew."""

import numpy as np
import pytest
from scipy.stats import ttest_rel
from sklearn.metrics import average_precision_score

from faceinsight.errors import ParameterError
from faceinsight.evaluation.bootstrap import basic_interval, resample_weights
from faceinsight.evaluation.evaluate import evaluate
from faceinsight.evaluation.paired import (
    FACES_BREAKING_RULES,
    MAP,
    MEAN_ACCURACY,
    PairedRuns,
    seed_shares,
)
from faceinsight.evaluation.scored import Scored
from faceinsight.evaluation.settings import EvaluationSettings
from tests.evaluation.fakes import FakeRules, fake_predictions, small_vocabulary

SETTINGS = EvaluationSettings(n_resamples=40, seed=3)
SIZES = {"one": 90, "two": 70, "three": 0}


@pytest.fixture(scope="module")
def vocabulary():
    return small_vocabulary()


@pytest.fixture(scope="module")
def predictions(vocabulary):
    """Two models with three seeds each: the skill's last digits decide the noise."""
    return {
        name: [fake_predictions(vocabulary, SIZES, skill=skill + s / 1000) for s in range(3)]
        for name, skill in {"before": 0.4, "after": 0.7}.items()
    }


@pytest.fixture(scope="module")
def runs(predictions, vocabulary):
    return PairedRuns(predictions, vocabulary, SETTINGS, FakeRules(vocabulary))


def ap_of_resample(scored, column, weights):
    """AP of a photograph that was drawn twice standing there twice."""
    rows = np.repeat(np.arange(len(scored)), weights.astype(int))
    rows = rows[scored.labels[rows, column] >= 0]
    return average_precision_score(scored.labels[rows, column], scored.probabilities[rows, column])


def test_intervals_are_those_of_resamples_scored_one_by_one(predictions, runs, vocabulary):
    column = vocabulary.index["Hat"]
    scored = {
        name: [Scored.from_frame(table, vocabulary) for table in tables]
        for name, tables in predictions.items()
    }
    any_run = scored["before"][0]
    weights = np.concatenate(list(resample_weights(any_run, SETTINGS.n_resamples, SETTINGS.seed)))
    shares = seed_shares(3, SETTINGS.n_resamples, SETTINGS.seed)
    gaps = []
    for w, share in zip(weights, shares, strict=True):
        drawn = np.repeat(np.arange(3), np.rint(3 * share).astype(int))
        mean = {
            name: np.mean([ap_of_resample(of[s], column, w) for s in drawn])
            for name, of in scored.items()
        }
        gaps.append(mean["after"] - mean["before"])
    once = np.ones(len(any_run))
    value = np.mean([ap_of_resample(s, column, once) for s in scored["after"]]) - np.mean(
        [ap_of_resample(s, column, once) for s in scored["before"]]
    )
    difference = runs.difference("before", "after", ("ap", "Hat"))
    assert difference.value == pytest.approx(value, abs=1e-6)
    expected = basic_interval(value, np.array(gaps), SETTINGS.level, "difference")
    assert (difference.low, difference.high) == pytest.approx(expected, abs=1e-5)


def test_t_interval_is_scipys_of_a_paired_test(runs):
    for key in (MAP, MEAN_ACCURACY, FACES_BREAKING_RULES):
        difference = runs.difference("before", "after", key)
        test = ttest_rel(runs.by_seed("after", key), runs.by_seed("before", key))
        expected = test.confidence_interval(SETTINGS.level)
        assert difference.t_low == pytest.approx(expected.low)
        assert difference.t_high == pytest.approx(expected.high)
        assert difference.value == pytest.approx(np.mean(difference.by_seed))


def test_one_seed_has_the_intervals_of_an_evaluation(predictions, vocabulary):
    runs = PairedRuns({"a": predictions["after"][:1]}, vocabulary, SETTINGS)
    prevalence = np.full(len(vocabulary), 0.3)
    table = predictions["after"][0]
    overall = evaluate(table, vocabulary, FakeRules(vocabulary), prevalence, SETTINGS)["overall"]
    for key in (MAP, MEAN_ACCURACY):
        assert runs.metric("a", key).to_json() == overall[key[1]]
    difference = runs.difference("a", "a")
    assert difference.t_low is difference.t_high is None


def test_a_model_does_not_differ_from_itself(predictions, vocabulary):
    same = {"a": predictions["after"], "b": predictions["after"]}
    runs = PairedRuns(same, vocabulary, SETTINGS)
    difference = runs.difference("a", "b")
    assert difference.value == 0
    # On other photographs the two could differ.
    assert -0.05 < difference.low < 0 < difference.high < 0.05
    assert (runs.by_characteristic("a", "b")["difference"] == 0).all()


def test_seeds_that_disagree_widen_the_interval(predictions, vocabulary):
    """The same faces and the same mean, but one seed gains what another loses."""
    before, after = predictions["before"], predictions["after"]
    alike = {"a": [before[0]] * 2, "b": [after[0]] * 2}
    unlike = {"a": [before[0], after[0]], "b": [after[0], before[0]]}
    widths = []
    for pairs in (alike, unlike):
        difference = PairedRuns(pairs, vocabulary, SETTINGS).difference("a", "b")
        widths.append(difference.high - difference.low)
    assert widths[1] > 1.2 * widths[0]


def test_characteristics_stand_by_their_gain(runs, vocabulary):
    table = runs.by_characteristic("before", "after")
    assert sorted(table["id"]) == sorted(runs.characteristics) == sorted(vocabulary.ids)
    assert table["difference"].is_monotonic_decreasing
    np.testing.assert_allclose(table["after"] - table["before"], table["difference"])
    assert ((table["low"] <= table["difference"]) & (table["difference"] <= table["high"])).all()


def test_shares_of_seeds_are_those_of_draws_with_replacement():
    shares = seed_shares(4, 5000, 0)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(shares.mean(axis=0), 0.25, atol=0.01)
    # Of four draws with replacement a seed is missed in (3/4)^4.
    assert (shares == 0).mean() == pytest.approx(0.75**4, abs=0.01)


def test_without_resamples_there_is_no_bootstrap_interval(predictions, vocabulary):
    runs = PairedRuns(predictions, vocabulary, EvaluationSettings(n_resamples=0))
    difference = runs.difference("before", "after")
    assert difference.low is difference.high is None
    assert difference.t_low is not None


def test_what_cannot_be_paired_is_refused(predictions, vocabulary):
    with pytest.raises(ParameterError, match="same seeds"):
        PairedRuns(predictions | {"more": predictions["after"][:2]}, vocabulary, SETTINGS)
    with pytest.raises(ParameterError, match="same seeds"):
        PairedRuns({"none": []}, vocabulary, SETTINGS)
    other = [table.iloc[1:] for table in predictions["after"]]
    with pytest.raises(ParameterError, match="more, seed 0"):
        PairedRuns(predictions | {"more": other}, vocabulary, SETTINGS)
