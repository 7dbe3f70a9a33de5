"""Metrics of answers that may be missing, against scikit-learn and hand-counted tables."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from faceinsight.evaluation.tasks import AttributeScores
from faceinsight.rivals.tables.metrics import (
    AnsweredAttributes,
    AnsweredSets,
    class_scores,
    merged_classes,
    ways_to_score,
)


def figures(scores):
    found = scores.values(scores.table.sum(axis=0)[None])
    return {name: values[0] for name, values in found.items()}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), min_size=1, max_size=40),
)
def test_classes_equal_scikit_learn_with_missing_answers(pairs):
    truth, answer = np.array(pairs).T
    found = figures(class_scores(truth, answer, 4))
    known = truth >= 0
    if not known.any():
        assert all(np.isnan(value) for value in found.values())
        return
    t, a = truth[known], answer[known]
    classes = np.union1d(t, a[a >= 0])
    expected = precision_recall_fscore_support(
        t, a, labels=classes, average="macro", zero_division=0
    )[:3]
    assert [found[m] for m in ("precision", "recall", "f1")] == pytest.approx(expected)
    assert found["accuracy"] == pytest.approx(accuracy_score(t, a))


def test_attributes_by_hand():
    labels = np.array([[1, 0, -1], [0, 1, 1]], np.int8)
    present = np.array([[True, True, True], [False, True, True]])
    answered = np.array([[True, False, True], [False, True, True]])
    found = figures(AnsweredAttributes(labels, present, answered))
    # Five known labels: right are (0, 0), (1, 1), (1, 2); two have no answer and are wrong.
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["precision"] == pytest.approx((1 / 1 + 2 / 2) / 2)
    assert found["recall"] == pytest.approx((1 / 1 + 2 / 2) / 2)


def test_attributes_with_all_answers_are_scored_as_a_models():
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 2, (50, 6)).astype(np.int8)
    present = rng.random((50, 6)) < 0.4
    model = AttributeScores(labels, present)
    expected = {name: v[0] for name, v in model.values(model.table.sum(axis=0)[None]).items()}
    found = figures(AnsweredAttributes(labels, present, np.ones_like(present)))
    assert found == pytest.approx(expected)


def test_classes_that_are_not_told_apart_are_merged():
    may = np.array([[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 1]], bool)
    ways = ways_to_score(may)
    assert [of.tolist() for of in ways["exact"]] == [[0, 1, 2, 3], [0, -1, -1, 3]]
    assert [of.tolist() for of in ways["merged"]] == [[0, 1, 1, 2], [0, 1, -1, 2]]
    assert list(ways_to_score(may[:1])) == ["exact"]


def test_overlapping_sets_are_not_merged():
    may = np.array([[1, 1, 0], [0, 1, 1]], bool)
    assert merged_classes(may) is None
    assert list(ways_to_score(may)) == ["exact"]
    found = figures(AnsweredSets(np.array([1, 0]), may))
    assert found["accuracy"] == 0.5
    assert np.isnan(found["precision"])
