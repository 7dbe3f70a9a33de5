"""The evaluation of one model: agreement with scikit-learn, and edges."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from faceinsight.errors import ParameterError
from faceinsight.evaluation.evaluate import evaluate
from faceinsight.evaluation.metrics import METRICS
from faceinsight.evaluation.settings import EvaluationSettings
from tests.evaluation.fakes import FakeRules, fake_predictions, small_vocabulary

QUICK = EvaluationSettings(n_resamples=50)
PREVALENCE = np.array([0.3, 0.6, 0.1, 0.2, 0.5, 0.3])


@pytest.fixture(scope="module")
def vocabulary():
    return small_vocabulary()


@pytest.fixture(scope="module")
def frame(vocabulary):
    return fake_predictions(vocabulary, {"one": 80, "two": 60, "three": 50}, skill=0.7)


def measure(frame, vocabulary, settings=QUICK, prevalence=PREVALENCE):
    found = evaluate(frame, vocabulary, FakeRules(vocabulary), prevalence, settings)
    json.dumps(found, allow_nan=False)  # must never fail
    return found


@pytest.fixture(scope="module")
def found(frame, vocabulary):
    return measure(frame, vocabulary)


def pooled_ap(frame, id_):
    known = frame[frame[f"y_{id_}"].notna()]
    return average_precision_score(known[f"y_{id_}"].astype(int), known[f"p_{id_}"])


def test_mean_average_precision_pools_data_sets_by_characteristic(frame, vocabulary, found):
    expected = {id_: pooled_ap(frame, id_) for id_ in vocabulary.ids}
    for id_, ap in expected.items():
        assert found["per_characteristic"][id_]["ap"]["value"] == pytest.approx(ap)
    overall = found["overall"]
    assert overall["map"]["value"] == pytest.approx(np.mean(list(expected.values())))
    assert overall["n_characteristics"] == 6
    prevalence = [frame[f"y_{id_}"].dropna().astype(float).mean() for id_ in vocabulary.ids]
    assert overall["map_prevalence"] == pytest.approx(np.mean(prevalence))


def test_a_tasks_map_is_over_its_own_data_set(frame, found):
    two = frame[frame["dataset"] == "two"]
    expected = np.mean([pooled_ap(two, id_) for id_ in ("Hat", "Bangs", "Bald")])
    task = found["datasets"]["two"]["tasks"]["attributes"]
    assert task["metrics"]["map"]["value"] == pytest.approx(expected)


@pytest.mark.parametrize("readout", ["coherent", "independent"])
def test_a_model_without_any_probability_has_diverged(frame, vocabulary, readout):
    nothing = {f"p_{id_}": np.nan for id_ in vocabulary.ids}
    with pytest.raises(ParameterError, match=r"row 0 has p_\w+ = nan.*diverged"):
        measure(frame.assign(readout=readout, **nothing), vocabulary)


def test_a_coherent_model_is_measured_by_the_labels_it_hands_out(frame, vocabulary):
    rng = np.random.default_rng(4)
    energies = {f"z_{id_}": rng.normal(0, 2, len(frame)) for id_ in vocabulary.ids}
    nothing = {f"p_{vocabulary.ids[0]}": np.nan}  # was never taught
    coherent = frame.assign(readout="coherent", **energies, **nothing)
    found = measure(coherent, vocabulary)["datasets"]
    for dataset, name in (("one", "attributes"), ("three", "expression")):
        task, rows = found[dataset]["tasks"][name], coherent[coherent["dataset"] == dataset]
        members = task["members"]
        y = rows[[f"y_{m}" for m in members]].astype(float).to_numpy()
        d = rows[[f"d_{m}" for m in members]].to_numpy()
        z = rows[[f"z_{m}" for m in members]].to_numpy()
        if name == "expression":
            known = (y == 1).sum(1) == 1
            true = np.nan_to_num(y).argmax(1)
            handed_out = ((d.argmax(1) == true) & (d.sum(1) == 1))[known].mean()
            other = (z.argmax(1) == true)[known].mean()
        else:
            known = ~np.isnan(y)
            handed_out, other = ((of == y)[known].mean() for of in (d, z >= 0))
        metrics = task["metrics"]
        assert metrics["accuracy"]["value"] == pytest.approx(handed_out)
        assert metrics["accuracy"] == metrics["decoded_accuracy"]
        assert metrics["other_accuracy"]["value"] == pytest.approx(other)


def test_mean_accuracy_counts_each_task_once(found):
    accuracies = [
        task["metrics"]["accuracy"]["value"]
        for dataset in found["datasets"].values()
        for task in dataset["tasks"].values()
    ]
    assert len(accuracies) == 4
    assert found["overall"]["mean_accuracy"]["value"] == pytest.approx(np.mean(accuracies))


def test_every_figure_has_an_interval_around_it(found):
    for dataset in found["datasets"].values():
        for task in dataset["tasks"].values():
            assert tuple(task["metrics"]) == METRICS
            for name, metric in task["metrics"].items():
                if name == "other_accuracy":  # of energies, which these predictions do not hold
                    assert metric["value"] is None
                    continue
                assert metric["low"] <= metric["value"] <= metric["high"]


def test_majority_baseline_answers_the_training_labels_majority(frame, found):
    task = found["datasets"]["three"]["tasks"]["expression"]
    three = frame[frame["dataset"] == "three"]
    assert task["baselines"]["accuracy"] == pytest.approx((three["y_glad"] == 1).mean())
    labels = frame.loc[frame["dataset"] == "one", ["y_Hat", "y_Bangs", "y_Bald"]]
    labels = labels.to_numpy(dtype=float, na_value=np.nan)
    right = (labels == [0, 1, 0])[~np.isnan(labels)].mean()
    baselines = found["datasets"]["one"]["tasks"]["attributes"]["baselines"]
    assert baselines["accuracy"] == pytest.approx(right)


def test_prevalence_may_differ_by_data_set(frame, vocabulary):
    found = measure(frame, vocabulary, prevalence={"three": np.array([0.1] * 5 + [0.9])})
    three = frame[frame["dataset"] == "three"]
    baselines = found["datasets"]["three"]["tasks"]["expression"]["baselines"]
    assert baselines["accuracy"] == pytest.approx((three["y_cross"] == 1).mean())
    assert found["datasets"]["two"]["tasks"]["expression"]["baselines"]["accuracy"] is None
    with pytest.raises(ParameterError, match="prevalence of one"):
        measure(frame, vocabulary, prevalence=np.zeros(3))


def test_rules_are_counted_before_and_after_decoding(frame, vocabulary, found):
    p = frame[[f"p_{i}" for i in vocabulary.ids]].to_numpy() >= 0.5
    broken = FakeRules(vocabulary).violated(p)
    rules = found["rules"]
    assert rules["thresholded"]["n"] == broken.sum()
    assert rules["thresholded"]["faces"]["value"] == pytest.approx(broken.any(axis=1).mean())
    assert rules["thresholded"]["per_face"]["value"] == pytest.approx(broken.sum(axis=1).mean())
    assert [r["thresholded"] for r in rules["per_rule"]] == broken.sum(axis=0).tolist()
    # The most probable mood is one mood, whatever the threshold says.
    assert [r["highest_in_group"] for r in rules["per_rule"]] == [broken[:, 0].sum(), 0]
    assert rules["decoded"]["n"] == 0
    assert rules["per_rule"][0]["reason"] == "no hair, no fringe"


def test_rules_of_what_nobody_annotates_are_listed_but_not_counted(frame, vocabulary, found):
    index = vocabulary.index
    taught = {"one": {"Hat": 0.3, "Bangs": 0.6, "Bald": 0.1}, "three": {"calm": 0.2, "glad": None}}
    rules = measure(frame, vocabulary, prevalence=taught)["rules"]
    p = frame[[f"p_{i}" for i in vocabulary.ids]].to_numpy() >= 0.5
    both = p[:, index["Bald"]] & p[:, index["Bangs"]]
    assert rules["counted"] == 1
    assert [r["counted"] for r in rules["per_rule"]] == [True, False]
    assert rules["thresholded"]["faces"]["value"] == pytest.approx(both.mean())
    assert rules["thresholded"]["n"] == both.sum()
    for now, before in zip(rules["per_rule"], found["rules"]["per_rule"], strict=True):
        assert now == before | {"counted": now["counted"]}
    assert found["rules"]["counted"] == 2


def test_a_share_of_no_rules_is_not_defined(frame, vocabulary):
    rules = measure(frame, vocabulary, prevalence={"one": {"Hat": 0.3}})["rules"]
    assert rules["counted"] == 0
    for answers in ("thresholded", "highest_in_group", "decoded"):
        assert rules[answers]["faces"] == {"value": None, "low": None, "high": None}
        assert rules[answers]["n"] == 0


def test_thresholds_by_characteristic(frame, vocabulary):
    settings = EvaluationSettings(n_resamples=0, thresholds={"Bald": 0.9})
    found = measure(frame, vocabulary, settings)
    both = (frame["p_Bald"] >= 0.9) & (frame["p_Bangs"] >= 0.5)
    assert found["rules"]["per_rule"][0]["thresholded"] == both.sum()
    assert found["overall"]["map"]["low"] is None
    with pytest.raises(ParameterError, match=r"thresholds\.Bold"):
        measure(frame, vocabulary, EvaluationSettings(thresholds={"Bold": 0.9}))


def test_order_of_rows_does_not_matter(frame, vocabulary, found):
    assert measure(frame.sample(frac=1, random_state=3), vocabulary) == found


@pytest.mark.parametrize("typed", [True, False])
def test_no_faces_at_all(frame, vocabulary, typed):
    none = frame.iloc[:0] if typed else pd.DataFrame({column: [] for column in frame})
    found = measure(none, vocabulary)
    assert found["n"] == 0
    assert found["overall"]["map"] == {"value": None, "low": None, "high": None}
    assert found["overall"]["mean_accuracy_majority"] is None
    assert found["rules"]["decoded"]["faces"]["value"] is None
    metrics = found["datasets"]["one"]["tasks"]["attributes"]["metrics"]
    assert metrics["accuracy"]["value"] is None


def test_a_data_set_without_faces(frame, vocabulary):
    found = measure(frame[frame["dataset"] != "two"], vocabulary)
    assert found["datasets"]["two"]["n"] == 0
    assert found["datasets"]["two"]["tasks"]["expression"]["metrics"]["f1"]["value"] is None
    assert found["overall"]["mean_accuracy"]["value"] is not None


def test_one_face(frame, vocabulary):
    found = measure(frame[frame["dataset"] == "three"].iloc[:1], vocabulary)
    accuracy = found["datasets"]["three"]["tasks"]["expression"]["metrics"]["accuracy"]
    # Right or wrong, one face says little.
    right = accuracy["value"] == 1
    expected = (0.025, 1) if right else (0, 0.975)
    assert (accuracy["low"], accuracy["high"]) == pytest.approx(expected)
    # One face has a positive of one class and a negative of the others: no ranking.
    assert found["overall"]["map"]["value"] is None


def test_a_class_that_never_occurs_has_no_ap(frame, vocabulary):
    frame = frame[(frame["dataset"] == "three") & (frame["y_cross"] == 0)]
    found = measure(frame, vocabulary)
    assert found["per_characteristic"]["cross"]["ap"]["value"] is None
    assert found["per_characteristic"]["cross"]["prevalence"] == 0
    assert found["per_characteristic"]["calm"]["ap"]["value"] is not None


def test_labels_all_unknown(frame, vocabulary):
    frame = frame.copy()
    frame[[c for c in frame if c.startswith("y_")]] = pd.NA
    found = measure(frame, vocabulary)
    assert found["calibration"]["ece"]["value"] is None
    assert found["per_characteristic"]["Hat"]["prevalence"] is None


def test_survives_parquet(frame, vocabulary, found, tmp_path):
    frame.to_parquet(tmp_path / "p.parquet")
    for backend in ("numpy_nullable", "pyarrow"):
        read = pd.read_parquet(tmp_path / "p.parquet", dtype_backend=backend)
        assert measure(read, vocabulary) == found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"p_Hat": 1.5}, r"p_Hat = 1\.5"),
        ({"p_Hat": np.nan}, "p_Hat = nan"),
        ({"y_Bald": 2}, "y_Bald = 2"),
        ({"dataset": "four"}, "data set 'four'"),
        ({"photograph": "a.jpg", "dataset": "one", "face": 0}, "occurs twice"),
    ],
)
def test_predictions_that_cannot_be_right(frame, vocabulary, change, message):
    with pytest.raises(ParameterError, match=message):
        measure(frame.assign(**change), vocabulary)


def test_a_missing_column_is_named(frame, vocabulary):
    with pytest.raises(ParameterError, match="'d_glad'"):
        measure(frame.drop(columns="d_glad"), vocabulary)


def test_shares_by_id_are_those_of_an_array(frame, vocabulary, found):
    by_id = {
        name: dict(zip(vocabulary.ids, PREVALENCE.tolist(), strict=True))
        for name in vocabulary.datasets
    }
    assert measure(frame, vocabulary, prevalence=by_id) == found
