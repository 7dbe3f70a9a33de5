"""Collapses: classes that are never answered, tasks at the level of no picture."""

import numpy as np
import pytest
import sklearn.metrics as sk

from faceinsight.evaluation.collapse import (
    class_words,
    find_collapses,
    handed_out,
    tasks_with_faces,
)
from faceinsight.evaluation.evaluate import evaluate
from faceinsight.evaluation.settings import EvaluationSettings
from tests.evaluation.fakes import FakeRules, fake_predictions, small_vocabulary

MEMBERS = ["race7_White", "race7_Black", "race7_Indian"]
GOOD = {"value": 0.8, "low": 0.7, "high": 0.9}


def report(confusion, n=None, **changes):
    """A class task, answered well above its baseline."""
    confusion = np.array(confusion)
    return {
        "n": int(confusion.sum() if n is None else n),
        "one_of": True,
        "members": MEMBERS,
        "positives": confusion.sum(axis=1).tolist(),
        "metrics": dict.fromkeys(("accuracy", "decoded_accuracy", "map"), GOOD),
        "baselines": {"accuracy": 0.4, "map": 0.3},
        "confusion": confusion.tolist(),
        "decoded_confusion": confusion.tolist(),
    } | changes


def attributes(**metrics):
    return report(np.zeros((1, 1)), 100, one_of=False) | {
        "metrics": dict.fromkeys(("accuracy", "decoded_accuracy", "map"), GOOD) | metrics
    }


def metrics_of(task, name="race", dataset="fairface", **settings):
    settings = EvaluationSettings(**settings).model_dump(mode="json")
    return {"settings": settings, "datasets": {dataset: {"n": task["n"], "tasks": {name: task}}}}


def told(task, vocabulary, **options):
    return find_collapses({"lgc": metrics_of(task, **options)}, vocabulary)


RIGHT = np.diag([50, 40, 10])


def test_what_is_answered_well_is_not_told(vocabulary):
    assert told(report(RIGHT), vocabulary) == []
    assert told(attributes(), vocabulary, name="attributes", dataset="celeba") == []
    assert told(report(np.zeros((3, 3))), vocabulary) == []  # no test faces


def test_a_common_class_that_is_never_answered(vocabulary):
    collapsed = [[50, 0, 0], [40, 0, 0], [10, 0, 0]]
    assert told(report(collapsed), vocabulary) == [
        "+lgc, FairFace race: never answers Black (40% of the faces), Indian (10%)."
    ]
    assert told(report(collapsed), vocabulary, common_class=0.2) == [
        "+lgc, FairFace race: never answers Black (40% of the faces)."
    ]
    rare = [[96, 0, 0], [0, 0, 0], [4, 0, 0]]
    assert told(report(rare), vocabulary) == []


def test_a_class_that_is_hardly_ever_answered(vocabulary):
    confusion = [[47, 3, 0], [40, 0, 0], [0, 0, 10]]  # 3 in place of 40
    assert told(report(confusion), vocabulary) == [
        "+lgc, FairFace race: hardly ever answers Black (40% of the faces)."
    ]
    assert told(report(confusion), vocabulary, hardly_ever=0.05) == []
    never = [[50, 0, 0], [40, 0, 0], [0, 0, 10]]
    assert "never answers Black" in told(report(never), vocabulary, hardly_ever=0.0)[0]


def test_the_labels_that_are_handed_out_count(vocabulary):
    never = [[50, 0, 0], [40, 0, 0], [0, 0, 10]]
    assert told(report(RIGHT) | {"confusion": never}, vocabulary) == []
    assert len(told(report(RIGHT, decoded_confusion=never), vocabulary)) == 1
    older = report(never)
    del older["decoded_confusion"]
    assert len(told(older, vocabulary)) == 1


@pytest.mark.parametrize(
    ("accuracy", "how"),
    [
        ({"value": 0.3, "low": 0.2, "high": 0.39}, "is below"),
        ({"value": 0.3, "low": 0.2, "high": 0.4}, "is no better than"),
        ({"value": 0.5, "low": 0.4, "high": 0.6}, "is not clearly better than"),
        ({"value": 0.5, "low": 0.41, "high": 0.6}, None),
        ({"value": 0.3, "low": None, "high": None}, "is below"),
        ({"value": 0.4, "low": None, "high": None}, "is no better than"),
        ({"value": None, "low": None, "high": None}, None),
    ],
)
def test_a_task_at_the_level_of_no_picture(vocabulary, accuracy, how):
    task = report(RIGHT, metrics={"accuracy": accuracy, "decoded_accuracy": GOOD, "map": GOOD})
    said = told(task, vocabulary)
    assert len(said) == (how is not None)
    if how:
        value = f"{accuracy['value']:.1%}"
        assert said == [f"+lgc, FairFace race: accuracy {value} {how} 40.0% without a picture."]


def test_decoded_labels_are_told_where_they_alone_are_worse(vocabulary):
    bad = {"value": 0.3, "low": 0.2, "high": 0.35}
    only = report(RIGHT, metrics={"accuracy": GOOD, "decoded_accuracy": bad, "map": GOOD})
    (said,) = told(only, vocabulary)
    assert "accuracy of decoded labels 30.0% is below 40.0%" in said
    both = report(RIGHT, metrics={"accuracy": bad, "decoded_accuracy": bad, "map": GOOD})
    (said,) = told(both, vocabulary)
    assert "decoded" not in said


def test_the_ranking_of_attributes_is_held_against_prevalence(vocabulary):
    bad = {"value": 0.31, "low": 0.25, "high": 0.35}
    where = {"name": "attributes", "dataset": "celeba"}
    assert told(attributes(map=bad), vocabulary, **where) == [
        "+lgc, CelebA attributes: mAP 31.0% is not clearly better than 30.0% without a picture."
    ]
    # Of classes the answers count, not the ranking.
    ranked = report(RIGHT, metrics={"accuracy": GOOD, "decoded_accuracy": GOOD, "map": bad})
    assert told(ranked, vocabulary) == []


def test_the_full_model_and_its_worst_come_first(vocabulary):
    white, half = [[50, 0, 0], [40, 0, 0], [10, 0, 0]], [[50, 0, 0], [0, 40, 0], [10, 0, 0]]
    low = {"value": 0.3, "low": 0.2, "high": 0.35}
    weak = report(RIGHT, metrics={"accuracy": low, "decoded_accuracy": low, "map": GOOD})
    tasks = {"age": weak, "gender": report(half), "race": report(white)}
    lgc = {"settings": {}, "datasets": {"fairface": {"n": 100, "tasks": tasks}}}
    other = metrics_of(report(white))
    runs = {"org": other, "mine": other, "lgc": lgc, "mine.s2": other}
    assert [sentence.partition(":")[0] for sentence in find_collapses(runs, vocabulary)] == [
        "mine, FairFace race",
        "mine with seed 2, FairFace race",
        *(f"+lgc, FairFace {task}" for task in ("race", "gender", "age")),
        "org, FairFace race",
    ]


def test_faces_without_an_answer_are_counted():
    confusion = np.array([[30, 10, 0], [0, 20, 0], [0, 0, 10]])
    answered, true = handed_out(report(confusion, n=100, positives=[50, 40, 10]))
    assert true.tolist() == [50, 40, 10]
    assert answered[:, :3].tolist() == confusion.tolist()
    assert answered[:, 3].tolist() == [10, 20, 0]


def test_counts_of_predictions_equal_scikit_learn():
    vocabulary = small_vocabulary()
    frame = fake_predictions(vocabulary, {"three": 80}, skill=0.4)
    metrics = evaluate(frame, vocabulary, FakeRules(vocabulary), np.full(6, 0.3))
    ((dataset, task, found),) = tasks_with_faces(metrics)
    assert (dataset, task) == ("three", "expression")
    y, d = (frame[[f"{of}_{m}" for m in found["members"]]].to_numpy(int) for of in "yd")
    expected = sk.confusion_matrix(y.argmax(axis=1), d.argmax(axis=1))
    answered, true = handed_out(found)
    assert answered[:, :-1].tolist() == expected.tolist()
    assert true.tolist() == expected.sum(axis=1).tolist()
    calm = frame.assign(d_calm=1, d_glad=0, d_cross=0)
    metrics = evaluate(calm, vocabulary, FakeRules(vocabulary), np.full(6, 0.3))
    glad = y[:, found["members"].index("glad")].mean()
    (told,) = find_collapses({"org": metrics}, vocabulary)
    assert "glad" in told
    assert f"org, three expression: never answers glad ({glad:.0%} of the faces), cross (" in told


def test_classes_are_told_in_the_data_sets_words(vocabulary):
    fairface, expw = (class_words(vocabulary, dataset) for dataset in ("fairface", "expw"))
    assert fairface["race7_Latino_Hispanic"] == "Latino Hispanic"
    assert fairface["age_70_plus"] == "more than 70"
    assert expw["fear"] == "fearful"  # its file has numbers
