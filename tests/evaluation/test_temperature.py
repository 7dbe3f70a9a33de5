"""Temperature scaling, against scipy's and torch's optimisers and known truths."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from sklearn.metrics import brier_score_loss, log_loss

from faceinsight.errors import ParameterError
from faceinsight.evaluation.calibration import Calibration, bin_edges
from faceinsight.evaluation.recalibration import recalibrate
from faceinsight.evaluation.settings import EvaluationSettings, TemperatureSettings
from faceinsight.evaluation.temperature import (
    LARGEST,
    fit_temperature,
    fit_temperatures,
    log_odds,
    scaled,
)
from tests.evaluation.fakes import fake_predictions, small_vocabulary

SIZES = {"one": 300, "two": 200, "three": 150}


def sample(seed=0, n=400, k=3, sharpness=2.5):
    """Probabilities whose logits are `sharpness` times those that the labels are drawn from."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, k))
    labels = (rng.random((n, k)) < 1 / (1 + np.exp(-logits))).astype(np.int8)
    labels[rng.random((n, k)) < 0.2] = -1
    return (1 / (1 + np.exp(-sharpness * logits))).astype(np.float32), labels


@pytest.mark.parametrize("seed", range(3))
def test_the_optimum_is_scipys_and_torchs(seed):
    p, labels = sample(seed)
    found = fit_temperature(p, labels)
    known = labels >= 0
    y = labels[known].astype(float)

    def loss(log_t):
        return log_loss(y, scaled(p, np.exp(log_t))[known].astype(float))

    best = minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-9})
    assert found.value == pytest.approx(np.exp(best.x), rel=1e-3)
    assert found.loss_after == pytest.approx(best.fun, abs=1e-6)
    assert found.loss_before == pytest.approx(log_loss(y, p[known].astype(float)), abs=1e-6)

    logits = torch.from_numpy(log_odds(p[known]))
    log_t = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([log_t], max_iter=200, tolerance_grad=0, tolerance_change=1e-16)

    def closure():
        optimiser.zero_grad()
        value = torch.nn.functional.binary_cross_entropy_with_logits(
            logits / log_t.exp(), torch.from_numpy(y)
        )
        value.backward()
        return value

    optimiser.step(closure)
    assert found.value == pytest.approx(log_t.exp().item(), rel=1e-6)


def test_a_model_that_is_too_sure_by_a_factor_gets_that_factor_back():
    p, labels = sample(n=20_000, sharpness=2.5)
    assert fit_temperature(p, labels).value == pytest.approx(2.5, rel=0.05)


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20), st.floats(0.05, 20))
def test_no_answer_changes(probabilities, temperature):
    p = np.array(probabilities, np.float32)
    other = scaled(p, temperature)
    assert ((other >= 0) & (other <= 1)).all()
    assert ((p > 0.5 + 1e-5) <= (other >= 0.5)).all()
    assert ((p < 0.5 - 1e-5) <= (other <= 0.5)).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(other[order]) >= 0).all()


def test_temperature_one_changes_nothing():
    p, _ = sample()
    np.testing.assert_allclose(scaled(p, 1.0), p, atol=1e-6)


def test_labels_that_are_all_predicted_right_have_no_optimum():
    found = fit_temperature(np.array([0.9, 0.2]), np.array([1, 0]))
    assert found.at_limit
    assert found.value == pytest.approx(1 / LARGEST)
    wrong = fit_temperature(np.array([0.9, 0.2]), np.array([0, 1]))
    assert wrong.at_limit
    assert wrong.value == pytest.approx(LARGEST)


def test_without_labels_nothing_is_scaled():
    found = fit_temperature(np.full((2, 2), 0.7), np.full((2, 2), -1))
    assert (found.value, found.n, found.loss_before) == (1.0, 0, None)


@pytest.fixture(scope="module")
def fitted():
    vocabulary = small_vocabulary()
    validation = fake_predictions(vocabulary, SIZES, seed=1, skill=1.0).assign(split="val")
    test = fake_predictions(vocabulary, SIZES, seed=2, skill=1.0)
    return vocabulary, validation, test, fit_temperatures(validation, vocabulary)


def test_each_task_is_fitted_on_its_own_labels(fitted):
    vocabulary, validation, _, temperatures = fitted
    rows = validation[validation["dataset"] == "two"]
    ids = ["calm", "glad", "cross"]
    labels = rows[[f"y_{i}" for i in ids]].to_numpy(float, na_value=-1).astype(int)
    own = fit_temperature(rows[[f"p_{i}" for i in ids]].to_numpy(), labels)
    assert temperatures.tasks["two", "expression"] == own
    assert set(temperatures.tasks) == {
        (d, t.name) for d in vocabulary.datasets for t in vocabulary.tasks(d)
    }
    none = fit_temperatures(validation, vocabulary, TemperatureSettings(per_task=False))
    assert none.tasks == {}
    assert none.model == temperatures.model


@pytest.mark.parametrize("split", ["test", None])
def test_nothing_but_validation_faces_is_fitted_on(fitted, split):
    vocabulary, validation, _, _ = fitted
    spoilt = validation.drop(columns="split")
    if split:
        spoilt["split"] = np.where(np.arange(len(spoilt)) == 5, split, "val")
    with pytest.raises(ParameterError, match="val part alone"):
        fit_temperatures(spoilt, vocabulary)


def test_figures_before_and_after_are_scikit_learns(fitted):
    vocabulary, _, test, temperatures = fitted
    report = recalibrate(test, temperatures, vocabulary, EvaluationSettings(n_resamples=0))
    p = test[[f"p_{i}" for i in vocabulary.ids]].to_numpy(np.float32)
    labels = test[[f"y_{i}" for i in vocabulary.ids]].to_numpy(float, na_value=-1).astype(np.int8)
    known = labels >= 0
    for way, scaled_p in (("before", p), ("after", scaled(p, temperatures.model.value))):
        found, y, q = report["overall"][way], labels[known], scaled_p[known].astype(float)
        assert found["loss"]["value"] == pytest.approx(log_loss(y, q), abs=1e-6)
        assert found["brier"]["value"] == pytest.approx(brier_score_loss(y, q), abs=1e-6)
        expected = Calibration(scaled_p, labels, bin_edges(q, 15))
        ece = expected.values(expected.table.sum(axis=0)[None])["ece"][0]
        assert found["ece"]["value"] == pytest.approx(ece)
        assert found["bins"] == expected.bins()
        assert found["ece"]["low"] is None
    change = (
        report["overall"]["after"]["loss"]["value"] - report["overall"]["before"]["loss"]["value"]
    )
    assert report["overall"]["change"]["loss"]["value"] == pytest.approx(change)


def test_scaling_helps_a_model_that_is_too_sure_and_the_interval_says_so(fitted):
    vocabulary, validation, test, _ = fitted
    for frame in (validation := validation.copy(), test := test.copy()):
        columns = [f"p_{i}" for i in vocabulary.ids]
        frame[columns] = scaled(frame[columns].to_numpy(np.float32), 0.25)
    temperatures = fit_temperatures(validation, vocabulary)
    report = recalibrate(test, temperatures, vocabulary, EvaluationSettings(n_resamples=200))
    assert temperatures.model.value > 2
    for metric in ("ece", "loss", "brier"):
        assert report["overall"]["change"][metric]["high"] < 0
    one = report["tasks"]["two/expression"]
    assert one["after_own"]["loss"]["value"] < one["before"]["loss"]["value"]
    assert one["temperature"]["value"] == temperatures.tasks["two", "expression"].value


def test_a_data_set_without_test_faces_is_undefined(fitted):
    vocabulary, _, test, temperatures = fitted
    report = recalibrate(
        test[test["dataset"] != "three"],
        temperatures,
        vocabulary,
        EvaluationSettings(n_resamples=5),
    )
    assert report["tasks"]["three/expression"]["n"] == 0
    assert report["tasks"]["three/expression"]["before"]["ece"]["value"] is None
