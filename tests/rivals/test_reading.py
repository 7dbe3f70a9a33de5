"""Answers to predictions, and what became of every question."""

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from faceinsight.evaluation.evaluate import evaluate
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.labels import label_matrix
from faceinsight.rivals.questions import questions_of
from faceinsight.rivals.reading import OUTCOMES, predictions_of
from tests.rivals.making import configured, rules


@dataclass
class Said:
    labels: dict
    contradictions: list = field(default_factory=list)
    refused: bool = False


class SimpleParser:
    """Reads `has X`, `lacks X` and `sorry`."""

    def parse(self, text, question):
        labels, contradictions = {}, []
        for verb, label in (("has", True), ("lacks", False)):
            for word in text.split(f"{verb} ")[1:]:
                id_ = word.split()[0]
                if labels.setdefault(id_, label) != label:
                    contradictions.append(id_)
                    del labels[id_]
        return Said(labels, contradictions, "sorry" in text)


@pytest.fixture(scope="module")
def rule_set(vocabulary):
    return rules(vocabulary)


def truth_table(vocabulary, dataset, labels):
    """Faces of one data set with these labels by id, a dictionary each."""
    ids = vocabulary.annotated_by(dataset)
    frame = pd.DataFrame(
        {id_: pd.array([face.get(id_) for face in labels], dtype="Int8") for id_ in ids}
    )
    matrix = label_matrix(frame, vocabulary)
    truth = pd.DataFrame(matrix, columns=[f"y_{id_}" for id_ in vocabulary.ids]).astype("Int8")
    names = [f"{i}.jpg" for i in range(len(labels))]
    return truth.mask(truth < 0).assign(dataset=dataset, photograph=names, face=0, split="test")


def answers_table(vocabulary, dataset, settings, *faces):
    """Answers by face: a text for every question, or what `answer` gives for it."""
    rows = []
    for i, answer in enumerate(faces):
        for question in questions_of(vocabulary, dataset, settings.questions):
            given = answer(question) if callable(answer) else answer
            row = {"text": "", "scores": None, "floor": None, "failed": None}
            row |= given if isinstance(given, dict) else {"text": given}
            place = {"dataset": dataset, "photograph": f"{i}.jpg", "face": 0}
            rows.append(place | {"task": question.task, "question": question.key} | row)
    return pd.DataFrame(rows)


def read(vocabulary, rule_set, dataset, answers, settings=None, labels=None, parser=None):
    faces = answers["photograph"].nunique()
    truth = truth_table(vocabulary, dataset, labels or [{}] * faces)
    return predictions_of(
        answers, truth, vocabulary, rule_set, settings or configured(), parser or SimpleParser()
    )


def p_of(table, row, *ids):
    return [float(table[f"p_{id_}"][row]) for id_ in ids]


def test_yes_is_one_and_no_is_nought(vocabulary, rule_set):
    settings = configured()

    def answer(question):
        return "Yes." if question.members[0] in ("Smiling", "Male") else "No."

    answers = answers_table(vocabulary, "celeba", settings, answer)
    table, tally = read(vocabulary, rule_set, "celeba", answers)
    assert p_of(table, 0, "Smiling", "Male", "Bald", "Female") == [1, 1, 0, 0]
    assert tally["questions"] == tally["answered"] == 40
    assert tally["datasets"] == {"celeba": {"attributes": {**dict.fromkeys(OUTCOMES, 0),
        "questions": 40, "answered": 40, "not_mentioned": 0}}}  # fmt: skip


def test_an_answer_to_several_leaves_out_what_it_does_not_mention(vocabulary, rule_set):
    settings = configured(questions__attributes="list", unanswered=0.1)
    answers = answers_table(vocabulary, "celeba", settings, "has Bald has Smiling lacks Male")
    table, tally = read(vocabulary, rule_set, "celeba", answers, settings)
    assert p_of(table, 0, "Bald", "Smiling", "Male", "Goatee") == pytest.approx([1, 1, 0, 0.1])
    assert tally["not_mentioned"] == 37
    assert tally["answered"] == 1


def test_the_class_that_is_named_has_it_all(vocabulary, rule_set):
    answers = answers_table(vocabulary, "expw", configured(), "D", "Sad", "has fear", "(A)")
    table, tally = read(vocabulary, rule_set, "expw", answers)
    group = vocabulary.groups["expression"]
    chosen = [group[int(np.argmax(p_of(table, row, *group)))] for row in range(4)]
    assert chosen == ["happy", "sad", "fear", "angry"]
    assert all(sum(p_of(table, row, *group)) == 1 for row in range(4))
    assert tally["answered"] == 4


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("sorry", "refused"),
        ("", "unreadable"),
        ("What a face!", "unreadable"),
        ("has sad has angry", "contradictory"),
        ("has sad lacks sad", "contradictory"),
        ("lacks sad", "unreadable"),
        ({"failed": "500"}, "failed"),
        ({"scores": [None] * 7, "floor": -9.0}, "unlisted"),
    ],
)
def test_a_class_task_without_an_answer_names_no_class(vocabulary, rule_set, answer, outcome):
    answers = answers_table(vocabulary, "expw", configured(), answer, "D")
    table, tally = read(vocabulary, rule_set, "expw", answers)
    assert p_of(table, 0, *vocabulary.groups["expression"]) == [0] * 7
    assert tally[outcome] == 1
    assert tally["answered"] == 1
    assert tally["questions"] == 2


def test_an_attribute_without_an_answer_is_as_configured(vocabulary, rule_set):
    settings = configured(unanswered=0.2)
    answers = answers_table(vocabulary, "celeba", settings, "sorry")
    table, tally = read(vocabulary, rule_set, "celeba", answers, settings)
    assert p_of(table, 0, "Bald", "Smiling") == pytest.approx([0.2, 0.2])
    assert tally["refused"] == 40


def test_a_refusal_that_answers_all_the_same_is_an_answer(vocabulary, rule_set):
    answers = answers_table(vocabulary, "expw", configured(), "sorry, but it has sad")
    _, tally = read(vocabulary, rule_set, "expw", answers)
    assert (tally["answered"], tally["refused"]) == (1, 0)


def test_likelihood_is_normalised_over_the_options(vocabulary, rule_set):
    scores = [-3.0, -1.0, None, -2.0, -5.0, -6.0, -7.0]
    answers = answers_table(vocabulary, "expw", configured(), {"scores": scores, "floor": -7.5})
    table, _ = read(vocabulary, rule_set, "expw", answers)
    weights = [math.exp(-7.5 if s is None else s) for s in scores]
    expected = [w / sum(weights) for w in weights]
    assert p_of(table, 0, *vocabulary.groups["expression"]) == pytest.approx(expected)


def test_yes_against_no_by_likelihood(vocabulary, rule_set):
    given = {"scores": [-1.0, -2.0], "floor": None}
    answers = answers_table(vocabulary, "celeba", configured(), given)
    table, _ = read(vocabulary, rule_set, "celeba", answers)
    expected = 1 / (1 + math.exp(-1))
    assert p_of(table, 0, "Bald", "Male", "Female") == pytest.approx(
        [expected, expected, 1 - expected]
    )


def test_labels_contradict_no_rule_and_rules_are_broken_by_answers_alone(vocabulary, rule_set):
    settings = configured()

    def sensible(question):
        return "Yes." if question.members[0] in ("Male", "Young", "Black_Hair") else "No."

    def contradictory(question):
        return "Yes." if question.members[0] in ("Bald", "Bangs", "Male") else "No."

    answers = answers_table(vocabulary, "celeba", settings, sensible, contradictory)
    table, _ = read(vocabulary, rule_set, "celeba", answers)
    ids = vocabulary.ids
    decoded = table[[f"d_{id_}" for id_ in ids]].to_numpy(dtype=bool)
    assert not rule_set.violated(decoded).any()
    said = table[[f"p_{id_}" for id_ in ids]].to_numpy() >= 0.5
    broken = rule_set.violated(said)
    assert not broken[0].any()
    assert broken[1].any()


def test_a_table_from_a_file_reads_the_same(vocabulary, rule_set, tmp_path):
    settings = configured()
    mixed = [{"scores": [-1.0, None] + [-2.0] * 5, "floor": -4.0}, {"failed": "500"}, "D"]
    answers = answers_table(vocabulary, "expw", settings, *mixed)
    answers.to_parquet(tmp_path / "answers.parquet")
    again = pd.read_parquet(tmp_path / "answers.parquet", dtype_backend="pyarrow")
    one, counted = read(vocabulary, rule_set, "expw", answers)
    other, counted_again = read(vocabulary, rule_set, "expw", again)
    pd.testing.assert_frame_equal(one, other)
    assert counted == counted_again


def test_the_table_is_measured_like_a_models(vocabulary, rule_set):
    labels = [{"sad": 1, **dict.fromkeys(["angry", "disgust", "fear", "happy", "surprise",
        "neutral"], 0)}] * 4  # fmt: skip
    answers = answers_table(vocabulary, "expw", configured(), "E", "Sad.", "D", "E. Sad")
    table, _ = read(vocabulary, rule_set, "expw", answers, labels=labels)
    metrics = evaluate(
        table,
        vocabulary,
        rule_set,
        np.full(len(vocabulary), 0.5),
        EvaluationSettings(n_resamples=10),
    )
    task = metrics["datasets"]["expw"]["tasks"]["expression"]
    assert task["n"] == 4
    assert task["metrics"]["accuracy"]["value"] == 0.75
