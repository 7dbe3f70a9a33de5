"""Figures of attribute and class tasks, against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from sklearn import metrics as sk

from faceinsight.evaluation.tasks import AttributeScores, ClassScores, task_accuracies
from tests.evaluation.fakes import fake_predictions, small_vocabulary


def one(scores, weights=None):
    weights = np.ones(len(scores.table)) if weights is None else weights
    totals = (weights @ scores.table)[None]
    return {name: values[0] for name, values in scores.values(totals).items()}


@st.composite
def label_pairs(draw):
    shape = draw(st.tuples(st.integers(1, 12), st.integers(1, 6)))
    labels = draw(nps.arrays(np.int8, shape, elements=st.integers(0, 1)))
    return labels, draw(nps.arrays(np.bool_, shape))


@settings(max_examples=30, deadline=None)
@given(label_pairs())
def test_attributes_equal_scikit_learn(pair):
    labels, predicted = pair
    found = one(AttributeScores(labels, predicted))
    reference = sk.precision_recall_fscore_support
    if labels.shape[1] == 1:  # scikit-learn takes one column for a binary task
        labels, predicted = (np.hstack([a, np.zeros_like(a)]) for a in (labels, predicted))
        accuracy = sk.accuracy_score(labels[:, 0], predicted[:, 0])
    else:
        accuracy = sk.accuracy_score(labels.ravel(), predicted.ravel())
    precision, recall, f1, _ = reference(labels, predicted, average="samples", zero_division=0)
    assert found["accuracy"] == pytest.approx(accuracy)
    assert found["precision"] == pytest.approx(precision)
    assert found["recall"] == pytest.approx(recall)
    assert found["f1"] == pytest.approx(f1)


def test_unknown_labels_count_nowhere():
    labels = np.array([[1, 0, -1], [-1, -1, -1], [0, 1, 1]], dtype=np.int8)
    predicted = np.array([[1, 1, 1], [1, 0, 1], [0, 1, 0]], dtype=bool)
    scores = AttributeScores(labels, predicted, others={"decoded_accuracy": labels == 1})
    found = one(scores)
    assert scores.n == 2
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["precision"] == pytest.approx((1 / 2 + 1) / 2)
    assert found["recall"] == pytest.approx((1 + 1 / 2) / 2)
    assert found["decoded_accuracy"] == 1


def test_a_face_without_positive_labels_scores_zero_like_scikit_learn():
    labels = np.zeros((1, 4), dtype=np.int8)
    found = one(AttributeScores(labels, labels == 1))
    assert found == {"accuracy": 1, "precision": 0, "recall": 0, "f1": 0}


@settings(max_examples=30, deadline=None)
@given(
    st.integers(2, 7).flatmap(
        lambda k: st.tuples(
            st.just(k),
            st.lists(
                st.tuples(st.integers(0, k - 1), st.integers(0, k - 1), st.integers(0, 3)),
                min_size=1,
                max_size=30,
            ),
        )
    )
)
def test_classes_equal_scikit_learn(sample):
    k, faces = sample
    true, answered, weights = (np.array(column) for column in zip(*faces, strict=True))
    labels = np.eye(k, dtype=np.int8)[true]
    scores = ClassScores(
        labels, answered, others={"decoded_accuracy": np.eye(k, dtype=bool)[answered]}
    )
    drawn = np.repeat(np.arange(len(faces)), weights)
    for weight, rows in ((np.ones(len(faces)), slice(None)), (weights, drawn)):
        found = one(scores, weight)
        if not weight.any():
            assert np.isnan(list(found.values())).all()
            continue
        y, answer = true[rows], answered[rows]
        precision, recall, f1, _ = sk.precision_recall_fscore_support(
            y, answer, average="macro", zero_division=0
        )
        assert found["accuracy"] == pytest.approx(sk.accuracy_score(y, answer))
        assert found["decoded_accuracy"] == pytest.approx(found["accuracy"])
        assert found["precision"] == pytest.approx(precision)
        assert found["recall"] == pytest.approx(recall)
        assert found["f1"] == pytest.approx(f1)
    assert scores.confusion() == sk.confusion_matrix(true, answered, labels=range(k)).tolist()
    assert scores.decoded_confusion == scores.confusion()


def test_decoded_labels_have_a_confusion_matrix_of_their_own():
    true, answered = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 0, 2])
    labels = np.eye(3, dtype=np.int8)[true]
    decoded = np.eye(3, dtype=bool)[answered]
    decoded[-1] = [True, False, True]  # two answers are none
    scores = ClassScores(labels, np.zeros(5, dtype=int), {"decoded_accuracy": decoded})
    assert (
        scores.decoded_confusion
        == sk.confusion_matrix(true[:4], answered[:4], labels=range(3)).tolist()
    )
    assert one(scores)["decoded_accuracy"] == 2 / 5
    assert ClassScores(labels, answered).decoded_confusion is None


def test_a_face_whose_class_is_unknown_is_left_out():
    labels = np.array([[1, 0], [0, 0], [-1, -1], [0, 1]], dtype=np.int8)
    scores = ClassScores(labels, np.array([0, 0, 0, 0]))
    assert scores.n == 2
    assert one(scores)["accuracy"] == 0.5


def test_task_accuracies_are_those_of_the_tasks():
    vocabulary = small_vocabulary()
    frame = fake_predictions(vocabulary, {"one": 30, "two": 20})
    p = frame[[f"p_{i}" for i in vocabulary.ids]].to_numpy()
    labels = np.stack(
        [frame[f"y_{i}"].to_numpy(dtype=float, na_value=-1) for i in vocabulary.ids], axis=1
    ).astype(np.int8)
    found = task_accuracies(p, labels, frame["dataset"].to_numpy(dtype=str), vocabulary)
    # Data set "three" has no faces, hence no accuracy.
    assert list(found) == ["one/attributes", "two/attributes", "two/expression"]
    y, q = labels[:30, :3], p[:30, :3] >= 0.5
    assert found["one/attributes"] == pytest.approx((y == q)[y >= 0].mean())
    assert found["two/expression"] == pytest.approx(
        (p[30:, 3:].argmax(axis=1) == labels[30:, 3:].argmax(axis=1)).mean()
    )
