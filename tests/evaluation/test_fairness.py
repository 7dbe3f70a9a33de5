"""Error rates by group, against direct counts; a model made unfair on purpose; chance findings."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from faceinsight.errors import ParameterError
from faceinsight.evaluation.fairness import measure_fairness
from faceinsight.evaluation.settings import EvaluationSettings, FairnessSettings
from faceinsight.method.characteristics import Characteristic, Vocabulary

AXES = {"gender": ["gender"], "age": ["Young"], "mood": ["mood"]}


def vocabulary() -> Vocabulary:
    """Attributes with Male and Young among them; moods; genders."""
    names = {"a": "x"}
    people = [Characteristic("Male", "m", {"a": "x", "b": "x"}, "gender")]
    people += [Characteristic("Female", "f", {"b": "x"}, "gender")]
    attributes = [Characteristic(i, i, names) for i in ("Hat", "Young")]
    moods = [Characteristic(i, i, {"b": i}, "mood") for i in ("calm", "glad", "cross")]
    return Vocabulary(
        [*attributes, *people, *moods],
        {"gender": ("Male", "Female"), "mood": ("calm", "glad", "cross")},
        {"a": {"attributes": "attributes"}, "b": {"expression": "mood", "gender": "gender"}},
    )


def faces(n=400, seed=0, unknown=0.1, faces_a_photograph=1):
    """Predictions right in about four of five cases, whoever is on them."""
    rng, of = np.random.default_rng(seed), vocabulary()
    parts = []
    for dataset in of.datasets:
        labels = np.full((n, len(of)), -1)
        for id_ in of.annotated_by(dataset):
            labels[:, of.index[id_]] = rng.random(n) < 0.4
        male, female = of.index["Male"], of.index["Female"]
        labels[:, female] = 1 - labels[:, male]
        if dataset == "b":
            moods = [of.index[m] for m in ("calm", "glad", "cross")]
            labels[:, moods] = np.eye(3, dtype=int)[rng.integers(0, 3, n)]
        else:
            labels[rng.random(n) < unknown, of.index["Hat"]] = -1
        p = np.where(labels == 1, 0.8, 0.2)
        p = np.abs((rng.random(p.shape) < 0.2) - p) + rng.random(p.shape) * 0.1
        frame = {
            "dataset": dataset,
            "photograph": [f"{i // faces_a_photograph:05}.jpg" for i in range(n)],
            "face": np.arange(n) % faces_a_photograph,
        }
        frame |= {f"p_{id_}": p[:, i].clip(0, 1) for i, id_ in enumerate(of.ids)}
        frame |= {f"d_{id_}": 0 for id_ in of.ids}
        frame |= {
            f"y_{id_}": pd.array(np.where(labels[:, i] < 0, None, labels[:, i]), dtype="Int8")
            for i, id_ in enumerate(of.ids)
        }
        parts.append(pd.DataFrame(frame))
    return pd.concat(parts, ignore_index=True)


def measure(predictions, minimum=20, n_resamples=0, **given):
    return measure_fairness(
        predictions,
        vocabulary(),
        EvaluationSettings(n_resamples=n_resamples, **given),
        FairnessSettings(axes=AXES, minimum=minimum),
    )


def test_of_a_coherent_model_the_labels_that_it_hands_out_are_counted():
    frame, rng = faces(), np.random.default_rng(5)
    labels = {f"d_{id_}": rng.integers(0, 2, len(frame)) for id_ in ("Hat", "Young", "Male")}
    labels |= {"d_Female": 1 - labels["d_Male"]}
    moods = np.eye(3, dtype=int)[rng.integers(0, 3, len(frame))].T
    labels |= dict(zip(("d_calm", "d_glad", "d_cross"), moods, strict=True))
    said = {f"p_{name[2:]}": of.astype(float) for name, of in labels.items()}
    coherent = measure(frame.assign(readout="coherent", **labels))
    pd.testing.assert_frame_equal(coherent.rates, measure(frame.assign(**said)).rates)


def test_a_face_without_a_class_is_said_to_be_of_none():
    moods = ("calm", "glad", "cross")
    found = measure(faces().assign(**{f"p_{id_}": 0.0 for id_ in moods}))
    rates = found.rates[found.rates["task"] == "expression"].groupby("rate")["value"]
    assert rates.max()["accuracy"] == 0
    assert rates.max()["false_positive"] == 0


def value(found, dataset, group, task, characteristic, rate):
    keys = {"dataset": dataset, "group": group, "task": task}
    keys |= {"characteristic": characteristic, "rate": rate}
    rows = found.rates
    for column, wanted in keys.items():
        rows = rows[rows[column] == wanted]
    assert len(rows) == 1
    return rows.iloc[0]


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.floats(0, 1))
def test_attribute_rates_are_direct_counts(seed, n, unknown):
    frame = faces(n, seed, unknown)
    found = measure(frame)
    if found.rates.empty:
        return
    of = frame[frame["dataset"] == "a"]
    for group, members in (("Male", of["y_Male"] == 1), ("Female", of["y_Female"] == 1)):
        here = (found.rates["dataset"] == "a") & (found.rates["group"] == group)
        if not here.any():
            continue
        rows = of[members.to_numpy(bool) & of["y_Hat"].notna().to_numpy(bool)]
        said, is_so = rows["p_Hat"] >= 0.5, rows["y_Hat"].astype(int) == 1
        counts = {
            "accuracy": (said == is_so, np.ones(len(rows), bool)),
            "false_positive": (said & ~is_so, ~is_so),
            "false_negative": (~said & is_so, is_so),
        }
        for rate, (top, bottom) in counts.items():
            row = value(found, "a", group, "attributes", "Hat", rate)
            assert row["n"] == bottom.sum()
            if bottom.sum():
                assert row["value"] == pytest.approx(top.sum() / bottom.sum())
            else:
                assert pd.isna(row["value"])


def test_class_rates_are_direct_counts():
    frame = faces()
    found = measure(frame)
    of = frame[(frame["dataset"] == "b") & (frame["y_Female"] == 1)]
    moods = np.array(["calm", "glad", "cross"])
    answer = moods[of[[f"p_{m}" for m in moods]].to_numpy().argmax(axis=1)]
    truth = moods[of[[f"y_{m}" for m in moods]].to_numpy(float).argmax(axis=1)]
    row = value(found, "b", "Female", "expression", "", "accuracy")
    assert row["value"] == pytest.approx((answer == truth).mean())
    assert row["faces"] == row["n"] == len(of)
    for mood in moods:
        missed = value(found, "b", "Female", "expression", mood, "false_negative")
        assert missed["value"] == pytest.approx((answer[truth == mood] != mood).mean())
        wrong = value(found, "b", "Female", "expression", mood, "false_positive")
        assert wrong["value"] == pytest.approx((answer[truth != mood] == mood).mean())


def test_accuracy_over_all_attributes_counts_labels():
    frame = faces()
    of = frame[(frame["dataset"] == "a") & (frame["y_Young"] == 0)]
    right = known = 0
    for id_ in ("Hat", "Young", "Male"):
        labels = of[f"y_{id_}"].to_numpy(float, na_value=-1)
        right += ((of[f"p_{id_}"] >= 0.5) == (labels == 1))[labels >= 0].sum()
        known += (labels >= 0).sum()
    row = value(measure(frame), "a", "not Young", "attributes", "", "accuracy")
    assert (row["n"], row["value"]) == (known, pytest.approx(right / known))


def test_axes_that_a_data_set_does_not_annotate_are_not_there():
    found = measure(faces()).rates
    assert set(found.loc[found["dataset"] == "a", "axis"]) == {"gender", "age"}
    assert set(found.loc[found["dataset"] == "b", "axis"]) == {"gender", "mood"}


def test_a_model_made_unfair_is_caught_and_named_first():
    frame = faces(1500)
    women = (frame["dataset"] == "a") & (frame["y_Female"] == 1) & (frame["y_Hat"] == 1)
    frame.loc[women, "p_Hat"] = np.where(np.arange(women.sum()) % 2, 0.9, 0.1)
    found = measure(frame, n_resamples=200)
    worst = found.gaps.iloc[0]
    assert worst["clear"]
    assert (worst["characteristic"], worst["rate"]) == ("Hat", "false_negative")
    assert (worst["high_group"], worst["low_group"]) == ("Female", "Male")
    assert worst["gap"] == pytest.approx(worst["high_value"] - worst["low_value"])
    assert worst["gap_low"] < worst["gap"] < worst["gap_high"]
    assert not found.gaps.loc[found.gaps["characteristic"] == "glad", "clear"].any()


def test_a_fair_model_is_rarely_accused():
    """Of simultaneous 90 % intervals at most one family in ten should name anything."""
    accused = sum(
        measure(faces(300, seed), n_resamples=40, level=0.9).gaps["clear"].any()
        for seed in range(12)
    )
    assert accused <= 4  # more than this has a chance below 5 in 1,000 at one in ten


def test_the_number_of_comparisons_is_that_of_pairs_with_enough_faces():
    found = measure(faces(), minimum=15)
    pairs = 0
    for _, rows in found.rates.groupby(["dataset", "axis", "task", "characteristic", "rate"]):
        enough = int((rows["n"] >= 15).sum())
        pairs += enough * (enough - 1) // 2
    assert found.compared == pairs
    # Three moods make three pairs; that of one's own mood has faces in one group alone.
    assert len(found.gaps) < pairs
    own = found.gaps[(found.gaps["axis"] == "mood") & (found.gaps["rate"] == "false_negative")]
    assert not set(own["characteristic"]) & {"calm", "glad", "cross"}


def test_small_groups_are_reported_but_not_compared():
    found = measure(faces(200), minimum=10_000)
    assert found.compared == 0
    assert found.gaps.empty
    assert len(found.rates)


def test_a_rate_of_nought_in_a_few_faces_is_not_taken_for_certain():
    frame = faces(400)
    few = (frame["dataset"] == "a") & (frame["y_Male"] == 1) & (frame["y_Hat"] == 1)
    frame.loc[few, "p_Hat"] = 0.9  # never missed
    others = (frame["dataset"] == "a") & (frame["y_Male"] == 0) & (frame["y_Hat"] == 1)
    frame.loc[others, "p_Hat"] = 0.9
    frame.loc[frame.index[others][:1], "p_Hat"] = 0.1  # missed once
    gaps = measure(frame, n_resamples=100).gaps
    row = gaps[(gaps["characteristic"] == "Hat") & (gaps["rate"] == "false_negative")]
    row = row[row["axis"] == "gender"].iloc[0]
    assert row["low_value"] == 0
    assert not row["clear"]
    assert row["gap_high"] - row["gap"] > 2 / row["low_n"]


def test_rates_of_nought_and_of_all_have_an_interval():
    """Also where a model never errs: that so few faces show no error does not rule them out."""
    frame = faces(60)
    for id_ in ("Hat", "Young", "Male"):
        frame[f"p_{id_}"] = np.where((frame[f"y_{id_}"] == 1).fillna(False), 0.9, 0.1)
    rates = measure(frame, n_resamples=50).rates
    rates = rates[(rates["dataset"] == "a") & (rates["n"] > 0)]
    hat = rates[rates["characteristic"] == "Hat"]
    assert set(hat["value"]) == {0.0, 1.0}
    assert (rates["low"] < rates["high"]).all()
    for row in hat.to_dict("records"):
        exact = binomtest(round(row["value"] * row["n"]), row["n"]).proportion_ci()
        assert (row["low"], row["high"]) == pytest.approx((exact.low, exact.high))
    # Labels of one face are not independent: of all labels it is still the number of faces.
    accuracy = rates[(rates["characteristic"] == "") & (rates["rate"] == "accuracy")]
    for row in accuracy.to_dict("records"):
        exact = binomtest(row["faces"], row["faces"]).proportion_ci()
        assert row["low"] == pytest.approx(exact.low)


def test_without_resamples_there_are_no_intervals():
    found = measure(faces(200))
    assert found.rates["low"].isna().all()
    assert found.gaps["gap_low"].isna().all()
    assert not found.gaps["clear"].any()


def test_faces_of_one_photograph_are_drawn_together():
    """Every photograph three times the same face: intervals as wide as those of one face each."""
    once = faces(240, unknown=0)
    many = pd.concat([once.assign(face=k) for k in range(3)], ignore_index=True)
    narrow, wide = (measure(frame, n_resamples=150) for frame in (once, many))
    keys = ["dataset", "group", "task", "characteristic", "rate"]
    both = narrow.rates.merge(wide.rates, on=keys, suffixes=("", "_many"))
    np.testing.assert_allclose(both["low"], both["low_many"])
    np.testing.assert_allclose(both["high"], both["high_many"])


def test_an_axis_that_names_nothing():
    with pytest.raises(ParameterError, match=r"fairness.axes.race: .*did you mean 'mood'"):
        measure_fairness(faces(20), vocabulary(), None, FairnessSettings(axes={"race": ["moods"]}))
