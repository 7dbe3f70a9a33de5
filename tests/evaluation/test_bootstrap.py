"""Bootstrap intervals, against the analytic ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, norm

from faceinsight.evaluation.bootstrap import basic_interval, resample_weights
from faceinsight.evaluation.metrics import Metrics
from faceinsight.evaluation.ranking import Ranking
from faceinsight.evaluation.scored import Scored
from faceinsight.evaluation.settings import EvaluationSettings
from tests.evaluation.fakes import fake_predictions, small_vocabulary


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
    measured = Metrics(Scored.from_frame(frame, vocabulary), vocabulary, settings)
    accuracy = measured.with_intervals(settings)["task", "three", "expression", "accuracy"]
    half = 1.96 * np.sqrt(accuracy.value * (1 - accuracy.value) / 400)
    assert accuracy.low == pytest.approx(accuracy.value - half, abs=0.006)
    assert accuracy.high == pytest.approx(accuracy.value + half, abs=0.006)


def percentiles(value, resampled, level):
    """The percentile interval, which counts the bias of resampled AP twice."""
    return np.nanquantile(resampled, [(1 - level) / 2, (1 + level) / 2])


def coverage(method, results, level):
    """How often intervals hold the truth; results are (truth, value, resampled)."""
    ends = [(truth, *method(value, of, level)) for truth, value, of in results]
    return np.mean([low <= truth <= high for truth, low, high in ends])


def true_ap(prevalence, skill):
    """AP over all faces: scores are N(skill, 1) where present and N(0, 1) where absent.

    E[precision at the score of a present face], by quadrature.
    """
    scores = np.linspace(-9, 12, 20_001)
    hits, others = prevalence * norm.sf(scores - skill), (1 - prevalence) * norm.sf(scores)
    density = norm.pdf(scores - skill) * (scores[1] - scores[0])
    return float((hits / (hits + others) * density).sum())


@pytest.fixture(scope="module")
def simulated():
    """mAP of two models on many small test parts: (truth, value, resampled), and the difference."""
    rng = np.random.default_rng(0)
    n, prevalences, skills = 400, np.linspace(0.05, 0.5, 16), np.linspace(0.5, 2, 16)
    truths = [
        np.mean([true_ap(p, s + more) for p, s in zip(prevalences, skills, strict=True)])
        for more in (0, 0.3)
    ]
    alone, paired = [], []
    for _ in range(100):
        present = rng.random((n, 16)) < prevalences
        noise = rng.normal(size=(n, 16))
        drawn = rng.multinomial(n, np.full(n, 1 / n), size=150)
        weights = np.vstack([np.ones(n), drawn]).astype(np.float32)
        aps = []
        for more in (0, 0.3):
            own = 0.8 * noise + 0.6 * rng.normal(size=(n, 16)) + (skills + more) * present
            rankings = [Ranking(own[:, k], present[:, k], np.arange(n)) for k in range(16)]
            aps.append(np.mean([r.average_precision(weights) for r in rankings], axis=0))
        alone.append((truths[0], aps[0][0], aps[0][1:]))
        gaps = aps[1] - aps[0]
        paired.append((truths[1] - truths[0], gaps[0], gaps[1:]))
    return alone, paired


def test_intervals_of_map_cover_the_truth_where_percentiles_do_not(simulated):
    alone, _ = simulated
    assert coverage(percentiles, alone, 0.9) < 0.65  # so the bias matters here
    assert 0.8 <= coverage(basic_interval, alone, 0.9) <= 0.97


def test_intervals_of_paired_differences_cover_the_truth(simulated):
    _, paired = simulated

    def difference(value, resampled, level):
        return basic_interval(value, resampled, level, "difference")

    assert 0.8 <= coverage(difference, paired, 0.9) <= 0.97


@pytest.mark.parametrize("truth", [0.7, 0.9, 0.96, 0.98])
def test_intervals_of_accuracies_near_one_cover_the_truth(truth):
    """Exactly: every number of right answers among 150, with its probability."""
    rng = np.random.default_rng(0)
    covered = 0.0
    for right in range(151):
        resampled = rng.binomial(150, right / 150, 4000) / 150
        low, high = basic_interval(right / 150, resampled, 0.95)
        covered += binom.pmf(right, 150, truth) * (low <= truth <= high)
    # The same interval of the plain shares covers 0.98 in 80 % of cases.
    assert 0.93 <= covered <= 0.98


@pytest.mark.parametrize("n", [3, 8, 20])
@pytest.mark.parametrize("truth", [0.0, 0.02, 0.1, 0.3, 0.5, 0.95, 1.0])
def test_intervals_of_shares_of_few_faces_cover_the_truth(n, truth):
    """Exactly: every number of right answers among n, with its probability."""
    rng = np.random.default_rng(0)
    covered = 0.0
    for right in range(n + 1):
        resampled = rng.binomial(n, right / n, 4000) / n
        low, high = basic_interval(right / n, resampled, 0.95, photographs=n)
        covered += binom.pmf(right, n, truth) * (low <= truth <= high)
    # Without an interval of what no resample changes 2 % are covered in 15 % of cases for n = 8.
    assert covered >= 0.9


@pytest.mark.parametrize("n", [1, 8, 300])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_what_no_resample_changes_has_the_exact_binomial_interval(n, level):
    for right in (0, n):
        exact = binomtest(right, n).proportion_ci(level, method="exact")
        share = np.full(50, right / n)
        found = basic_interval(right / n, share, level, photographs=n)
        assert found == pytest.approx((exact.low, exact.high))
        assert basic_interval(right / n, share, level) == (right / n, right / n)


@pytest.mark.parametrize("differ", [0.0, 0.01, 0.1, 0.3])
@pytest.mark.parametrize("n", [3, 10, 40])
def test_intervals_of_differences_that_no_face_shows_cover_the_truth(n, differ):
    """Where no face tells two models apart the interval leaves out at most 5 % of such cases."""
    same = (1 - differ) ** n
    low, high = basic_interval(0.0, np.zeros(50), 0.95, "difference", n)
    assert low < 0 < high
    assert low == -high
    assert high >= differ or same <= 0.05
    certain = basic_interval(1.0, np.ones(50), 0.95, "difference", n)
    assert certain[1] == 1
    # All faces but `differ` gain, the rest lose: the least that the true difference can be.
    assert certain[0] <= 1 - 2 * differ or same <= 0.05


@given(
    st.floats(0, 1),
    st.lists(st.one_of(st.floats(0, 1), st.just(np.nan)), min_size=1, max_size=30),
    st.sampled_from(["share", "count", "difference"]),
    st.floats(0.5, 0.99),
    st.one_of(st.none(), st.integers(1, 10**6)),
)
def test_intervals_hold_their_figure_and_stay_in_range(value, resampled, scale, level, n):
    low, high = basic_interval(value, np.array(resampled), level, scale, n)
    if np.isnan(resampled).all():
        assert (low, high) == (None, None)
    else:
        least = -1 if scale == "difference" else 0
        most = np.inf if scale == "count" else 1
        assert least <= low <= value <= high <= most


def test_undefined_resamples_are_left_out():
    assert basic_interval(0.5, np.array([np.nan, np.nan]), 0.95) == (None, None)
    low, high = basic_interval(0.2, np.array([np.nan, 0.1, 0.2, 0.4]), 0.5, "difference")
    assert (low, high) == pytest.approx((0.1, 0.25))  # quartiles 0.15 and 0.3, turned about 0.2


def test_figures_of_a_model_that_never_errs_are_not_certain():
    vocabulary = small_vocabulary()
    frame = fake_predictions(vocabulary, {"one": 30, "two": 21}, faces_a_photograph=3)
    for id_ in vocabulary.ids:
        truth = frame[f"y_{id_}"].fillna(0).astype(int)
        frame[f"p_{id_}"], frame[f"d_{id_}"] = np.where(truth == 1, 0.9, 0.1), truth
    settings = EvaluationSettings(n_resamples=40)
    scored = Scored.from_frame(frame, vocabulary)
    metrics = Metrics(scored, vocabulary, settings).with_intervals(settings)
    perfect = {key: metric for key, metric in metrics.items() if metric.value == 1}
    assert {key[-1] for key in perfect} >= {"accuracy", "f1", "map", "mean_accuracy"}
    assert all(metric.low < 1 for metric in perfect.values())
    exact = binomtest(17, 17).proportion_ci()  # 10 and 7 photographs
    assert metrics["overall", "mean_accuracy"].low == pytest.approx(exact.low)
    for id_ in vocabulary.ids:
        if ("ap", id_) in metrics:
            shown = frame.loc[frame[f"y_{id_}"] == 1, ["dataset", "photograph"]]
            positives = len(shown.drop_duplicates())
            exact = binomtest(positives, positives).proportion_ci()
            assert metrics["ap", id_].low == pytest.approx(exact.low)
