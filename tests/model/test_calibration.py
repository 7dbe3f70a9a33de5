"""What a model cannot tell: sets that hold the truth as often as they say."""

import math
from dataclasses import asdict

import numpy as np
import pytest
import torch

from faceinsight.method.characteristics import Characteristic, Vocabulary
from faceinsight.method.coherent import CoherentLayer
from faceinsight.method.rules.compiler import RuleSet
from faceinsight.model.calibration import Calibration, fit_calibration, mean_years

AGES = ("age_0_2", "age_3_9", "age_10_plus")
IDS = (*AGES, "Bald", "Smiling", "Hat")
LEVEL = 0.9


@pytest.fixture(scope="module")
def vocabulary():
    group = dict.fromkeys(AGES, "age")
    of = [Characteristic(id_, f"a face of {id_}", {"one": id_}, group.get(id_)) for id_ in IDS]
    return Vocabulary(of, {"age": AGES}, {"one": {"age": "age", "attributes": "attributes"}})


@pytest.fixture
def layer(vocabulary):
    rules = RuleSet(IDS, [(f"exactly one of {{{', '.join(AGES)}}}", "a group", "group")])
    return CoherentLayer.from_rules(rules, vocabulary.groups, IDS[:-1])


def faces(n, seed):
    """Energies that are three times too sure, labels that follow the truth of them, and years."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 1.5, (n, len(IDS)))
    truth[:, 3] -= 4  # few are bald
    labels = np.zeros(truth.shape, np.int8)
    p = np.exp(truth[:, :3])
    age = (rng.random((n, 1)) > np.cumsum(p / p.sum(1, keepdims=True), 1)).sum(1)
    labels[np.arange(n), age] = 1
    labels[:, 3:] = rng.random((n, 3)) < 1 / (1 + np.exp(-truth[:, 3:]))
    years = rng.uniform(np.array([0, 3, 10])[age], np.array([3, 10, 30])[age])
    return (3 * truth).astype(np.float32), labels, years


def fitted(layer, vocabulary, n=4000, **changes):
    logits, labels, years = faces(n, 1)
    given = {
        "years": years,
        "years_of": mean_years(AGES, labels[:, :3], years),
        "datasets": np.zeros(n, int),
    } | changes
    datasets = given.pop("datasets")
    return fit_calibration(layer, logits, labels, datasets, vocabulary, level=LEVEL, **given)


def sets(calibration, layer, logits, vocabulary):
    p = layer.marginals(torch.from_numpy(logits)).numpy()
    said = layer.labels(torch.from_numpy(logits)).numpy() == 1
    return p, said, calibration.candidates(p, said, vocabulary)


def test_sets_hold_the_truth_nine_times_in_ten_and_are_never_empty(layer, vocabulary):
    calibration = fitted(layer, vocabulary)
    assert calibration.temperatures == pytest.approx([3, 3], rel=0.15)
    logits, labels, years = faces(4000, 2)
    p, said, (absent, present) = sets(calibration, layer, logits, vocabulary)
    within = 3 * math.sqrt(LEVEL * (1 - LEVEL) / 4000)
    held = present[:, :3][labels[:, :3] == 1]
    assert held.mean() == pytest.approx(LEVEL, abs=2 * within)
    assert present[:, :3].any(1).all()
    assert 1 < present[:, :3].sum(1).mean() < 2.9
    smiles = labels[:, 4] == 1
    assert np.where(smiles, present[:, 4], absent[:, 4]).mean() == pytest.approx(
        LEVEL, abs=2 * within
    )
    # Of the few who are bald nine in ten are held as well, and of those who are not.
    bald = labels[:, 3] == 1
    assert 0.02 < bald.mean() < 0.1
    assert present[bald, 3].mean() > 0.8
    assert absent[~bald, 3].mean() > LEVEL - 0.03  # more, as the label is always in the set
    assert (absent | present).all()
    assert present[said].all()
    assert absent[~said].all()
    # What was never taught can be either way.
    assert absent[:, 5].all()
    assert present[:, 5].all()
    expected, ends = calibration.age(p, vocabulary)
    inside = (ends[:, 0] <= years) & (years <= ends[:, 1])
    assert inside.mean() == pytest.approx(LEVEL, abs=2 * within)
    assert (np.diff(np.column_stack([ends[:, 0], expected, ends[:, 1]])) >= 0).all()
    assert (ends >= 0).all()


def test_thresholds_are_order_statistics(layer, vocabulary):
    calibration = fitted(layer, vocabulary)
    logits, labels, _ = faces(4000, 1)
    p = layer.marginals(torch.from_numpy(logits).double()).numpy()
    scores = np.sort(1 - p[:, :3][labels[:, :3] == 1])
    rank = math.ceil((len(scores) + 1) * LEVEL)
    assert calibration.groups["age"] == pytest.approx(scores[rank - 1])


def test_the_data_set_of_which_least_is_known_decides(layer, vocabulary):
    logits, labels, _ = faces(4000, 1)
    apart = np.random.default_rng(3).permutation(4000) < 1000
    labels[apart, :3] = np.roll(labels[apart, :3], 1, axis=0)  # ages of other faces
    both = fit_calibration(layer, logits, labels, apart.astype(int), vocabulary, level=LEVEL)
    pooled = fit_calibration(layer, logits, labels, np.zeros(4000, int), vocabulary, level=LEVEL)
    assert both.groups["age"] > pooled.groups["age"]
    assert both.present["Smiling"] >= pooled.present["Smiling"] - 0.02
    few = np.zeros(4000, int)
    few[:20] = 1  # too few to have a say
    without = fit_calibration(layer, logits, labels, few, vocabulary, level=LEVEL)
    assert without.groups["age"] < both.groups["age"]


def test_with_too_few_faces_everything_is_possible(layer, vocabulary):
    calibration = fit_calibration(
        layer, *(of[:8] for of in faces(8, 0)[:2]), np.zeros(8, int), vocabulary
    )
    assert calibration.groups["age"] == 1
    assert set(calibration.present.values()) == {1.0}
    assert calibration.margin is None
    assert dict(calibration.years) == {}
    _, _, (absent, present) = sets(calibration, layer, faces(5, 1)[0], vocabulary)
    assert absent.all()
    assert present.all()


def test_classes_of_a_group_of_which_some_were_never_taught_are_calibrated_one_by_one(
    layer, vocabulary
):
    partly = CoherentLayer.from_rules(
        RuleSet(IDS, [(f"exactly one of {{{', '.join(AGES)}}}", "a group", "group")]),
        vocabulary.groups,
        IDS[1:],
    )
    calibration = fitted(partly, vocabulary, years_of={})
    assert calibration.groups == {}
    logits, labels, _ = faces(4000, 2)
    _, _, (absent, present) = sets(calibration, partly, logits, vocabulary)
    held = np.where(labels == 1, present, absent)[:, 1:3].mean(0)
    assert (held > LEVEL - 0.03).all()
    assert (absent & present)[:, 1:3].any(0).all()


def test_it_goes_through_json(layer, vocabulary):
    calibration = fitted(layer, vocabulary, n=400)
    assert Calibration(**asdict(calibration)) == calibration


def test_years_of_a_class_are_those_of_its_faces_or_the_middle_of_its_name():
    labels = np.eye(3, dtype=np.int8)[[0, 0, 1, 2]]
    years = np.array([1.0, 2.0, np.nan, np.nan])
    assert mean_years(AGES, labels, years) == {
        "age_0_2": 1.5,
        "age_3_9": 6.5,
        "age_10_plus": 15.0,
    }
    assert mean_years(("young", "old"), labels[:, :2], years) == {}
    assert mean_years(("under_18", "age_18_plus"), labels[:, 1:], years) == {}
