"""Coverage of a calibrated model, counted by hand, by scikit-learn, and of exchangeable faces."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from sklearn.metrics import mean_absolute_error

from faceinsight.errors import ParameterError
from faceinsight.evaluation.coverage import measure_coverage
from faceinsight.evaluation.settings import EvaluationSettings, FairnessSettings
from faceinsight.method.characteristics import Characteristic, Vocabulary

IDS = ("Hat", "Bangs", "Male", "Female", "calm", "glad", "cross")
EVALUATION = EvaluationSettings(n_resamples=200)
FAIRNESS = FairnessSettings(axes={"gender": ["gender"]}, minimum=2)
NONE = {"value": None, "low": None, "high": None}


@pytest.fixture(scope="module")
def vocabulary():
    group = {"Male": "gender", "Female": "gender", "calm": "mood", "glad": "mood", "cross": "mood"}
    of = [
        Characteristic(i, f"a {i}", dict.fromkeys("b" if i.islower() else "ab", i), group.get(i))
        for i in IDS
    ]
    groups = {"gender": ("Male", "Female"), "mood": ("calm", "glad", "cross")}
    tasks = {
        "a": {"attributes": "attributes", "gender": "gender"},
        "b": {"gender": "gender", "expression": "mood"},
    }
    return Vocabulary(of, groups, tasks)


def table(dataset, truth, sets, ages=None):
    """Predictions of faces; `truth` and `sets` have columns `IDS`, None where nothing is known."""
    n = len(truth)
    frame = {"dataset": dataset, "photograph": [f"{i:05}.jpg" for i in range(n)], "face": 0}
    for kind, values in (("y", truth), ("s", sets)):
        columns = pd.DataFrame(values, columns=[f"{kind}_{id_}" for id_ in IDS], dtype="Int8")
        frame |= dict(columns)
    frame |= {f"{kind}_{id_}": 0.0 for kind in "pd" for id_ in IDS}
    of = np.full((n, 4), np.nan) if ages is None else np.array(ages, dtype=float)
    frame |= dict(zip(("years", "age_years", "age_low", "age_high"), of.T, strict=True))
    return pd.DataFrame(frame, index=range(n))


def measured(frame, vocabulary, evaluation=EVALUATION, fairness=FAIRNESS):
    found = measure_coverage(frame, vocabulary, 0.9, evaluation, fairness)
    json.dumps(found, allow_nan=False)  # must never fail
    return found


def value(metric):
    assert metric["low"] <= metric["value"] <= metric["high"]
    return metric["value"]


def test_sets_are_counted_by_hand(vocabulary):
    # Hat, Bangs, Male, Female, calm, glad, cross; what is 2 may be either.
    truth = [
        [1, 0, 1, 0, 1, 0, 0],
        [0, None, 1, 0, 0, 1, 0],
        [1, 1, 0, 1, 0, 0, 1],
        [0, 0, 0, 1, None, None, None],
    ]
    sets = [
        [2, 0, 1, 0, 2, 2, 0],
        [1, 2, 2, 2, 1, 0, 0],
        [1, 0, 0, 1, 2, 2, 2],
        [0, 2, 1, 0, 0, 0, 1],
    ]
    found = measured(pd.concat([table("a", truth, sets), table("b", truth, sets)]), vocabulary)
    of = found["datasets"]["a"]["tasks"]["attributes"]
    assert of["n"] == 7
    assert value(of["coverage"]) == pytest.approx(5 / 7)
    assert value(of["size"]) == pytest.approx(9 / 7)
    assert value(of["single"]) == pytest.approx(5 / 7)
    hat, bangs = of["attributes"]["Hat"], of["attributes"]["Bangs"]
    assert (hat["n"], value(hat["coverage"]), value(hat["size"])) == (4, 0.75, 1.25)
    assert (bangs["n"], bangs["single"]["value"]) == (3, pytest.approx(2 / 3))
    men, women = of["groups"]
    assert (men["group"], men["axis"], men["faces"], men["n"]) == ("Male", "gender", 2, 3)
    assert value(men["coverage"]) == pytest.approx(2 / 3)
    assert value(women["coverage"]) == pytest.approx(3 / 4)
    b = found["datasets"]["b"]
    mood = b["tasks"]["expression"]
    assert mood["n"] == 3  # of the fourth nothing is known
    assert value(mood["coverage"]) == pytest.approx(2 / 3)
    assert value(mood["size"]) == pytest.approx((2 + 1 + 3) / 3)
    assert value(mood["single"]) == pytest.approx(1 / 3)
    assert mood["attributes"] == {}
    gender = b["tasks"]["gender"]
    assert value(gender["coverage"]) == 0.75
    # All sets of the data set together, and the group with the fewest; women of mood are too few.
    assert (b["n"], value(b["coverage"])) == (7, pytest.approx(5 / 7))
    assert (b["worst"]["task"], b["worst"]["group"]) == ("gender", "Female")
    assert b["worst"]["coverage"]["value"] == 0.5


def test_what_was_not_taught_is_left_out_and_other_models_have_none(vocabulary):
    truth = np.array([[1, 0, 1, 0, 1, 0, 0]] * 3, dtype=object)
    truth[2, 2:4] = 0, 1
    sets = truth.copy()
    sets[:, [0, 4, 5, 6]] = None  # Hat, and moods
    frame = table("b", truth, sets)
    assert set(measured(frame, vocabulary)["datasets"]["b"]["tasks"]) == {"gender"}
    found = measured(table("a", truth, sets), vocabulary)["datasets"]
    assert set(found) == {"a"}
    assert set(found["a"]["tasks"]["attributes"]["attributes"]) == {"Bangs"}
    assert found["a"]["worst"]["group"] == "Male"  # there are two
    without = frame[[column for column in frame if not column.startswith("s_")]]
    assert measured(without, vocabulary) is None
    assert measured(frame.iloc[:0], vocabulary)["datasets"] == {}
    with pytest.raises(ParameterError, match="s_Hat = 3; a label is 2, 1, 0 or null"):
        measured(frame.assign(s_Hat=3), vocabulary)


def test_ages_in_years_agree_with_scikit_learn(vocabulary):
    rng = np.random.default_rng(0)
    true = rng.integers(0, 90, 400).astype(float)
    said = np.abs(true + rng.normal(0, 8, 400))
    low, high = said - 10, said + 10
    labels = [[None, None, 1, 0, None, None, None]] * 400
    ages = np.stack([true, said, low, high], axis=1)
    unknown = np.full((100, 4), [np.nan, 30, 20, 40])
    sets = labels + labels[:100]
    frame = table("b", sets, sets, np.concatenate([ages, unknown]))
    found = measured(frame, vocabulary)["age"]["b"]
    assert [of["n"] for of in found.values()] == [
        400,
        (true < 13).sum(),
        ((true >= 13) & (true < 65)).sum(),
        (true >= 65).sum(),
    ]
    for name, of in (("all", true >= 0), ("children", true < 13), ("elderly", true >= 65)):
        assert value(found[name]["error"]) == pytest.approx(
            mean_absolute_error(true[of], said[of]), abs=1e-4
        )
        inside = (low[of] <= true[of]) & (true[of] <= high[of])
        assert value(found[name]["coverage"]) == pytest.approx(inside.mean())
        assert value(found[name]["width"]) == pytest.approx(20, abs=1e-4)
    # Where the model was told no interval, the error stands alone.
    frame[["age_low", "age_high"]] = np.nan
    alone = measured(frame, vocabulary)["age"]["b"]["all"]
    assert alone["error"]["value"] == found["all"]["error"]["value"]
    assert alone["coverage"] == alone["width"] == NONE


def test_coverage_of_exchangeable_faces_is_what_was_asked_for(vocabulary):
    n = 2000
    rng = np.random.default_rng(1)
    p = rng.dirichlet([1, 1, 1], 2 * n)
    mood = (rng.random((2 * n, 1)) > p.cumsum(1)).sum(1)
    score = 1 - p[np.arange(2 * n), mood]
    rank = int(np.ceil((n + 1) * 0.9))
    held = 1 - p[n:] <= np.sort(score[:n])[rank - 1]
    sets = np.where(held, np.where(held.sum(1, keepdims=True) > 1, 2, 1), 0)
    truth = np.zeros((n, len(IDS)), dtype=object)
    truth[:, 4:] = np.eye(3, dtype=int)[mood[n:]]
    male = rng.random(n) < 0.5
    truth[:, 2], truth[:, 3] = male.astype(int), (~male).astype(int)
    of = np.concatenate([np.tile([0, 0, 1, 0], (n, 1)), sets], axis=1)
    found = measured(table("b", truth, of), vocabulary)["datasets"]["b"]
    metric = found["tasks"]["expression"]["coverage"]
    # The threshold is itself drawn: its coverage spreads as much again.
    low, high = binom.interval(0.999, n // 2, 0.9)
    assert low / (n // 2) < value(metric) < high / (n // 2)
    assert metric["high"] - metric["low"] == pytest.approx(2 * 1.96 * np.sqrt(0.09 / n), rel=0.25)
    # Every set of gender says male, so women are the worst group, with nobody covered.
    assert (found["worst"]["task"], found["worst"]["group"]) == ("gender", "Female")
    assert found["worst"]["coverage"]["value"] == 0
    assert 0 < found["worst"]["coverage"]["high"] < 0.01
    alone = FairnessSettings(axes={"gender": ["gender"]}, minimum=n)
    found = measured(table("b", truth, of), vocabulary, fairness=alone)
    assert found["datasets"]["b"]["worst"] is None
