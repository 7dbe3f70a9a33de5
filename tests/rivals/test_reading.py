"""Answers to predictions, and what became of every question."""

import math

import numpy as np
import pandas as pd
import pytest

from faceinsight.evaluation.evaluate import evaluate
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.labels import label_matrix
from faceinsight.rivals.questions import Question, questions_of
from faceinsight.rivals.reading import OUTCOMES, predictions_of, read_given
from tests.rivals.making import configured, rules


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


@pytest.fixture
def read(vocabulary, rule_set, parser):
    def read(dataset, answers, settings=None, labels=None):
        faces = answers["photograph"].nunique()
        truth = truth_table(vocabulary, dataset, labels or [{}] * faces)
        settings = settings or configured()
        return predictions_of(answers, truth, vocabulary, rule_set, settings, parser)

    return read


def p_of(table, row, *ids):
    return [float(table[f"p_{id_}"][row]) for id_ in ids]


def test_yes_is_one_and_no_is_nought(vocabulary, read):
    settings = configured()

    def answer(question):
        return "Yes." if question.members[0] in ("Smiling", "Male") else "No."

    answers = answers_table(vocabulary, "celeba", settings, answer)
    table, tally = read("celeba", answers)
    assert p_of(table, 0, "Smiling", "Male", "Bald", "Female") == [1, 1, 0, 0]
    assert tally["questions"] == tally["answered"] == 40
    assert tally["datasets"] == {"celeba": {"attributes": {**dict.fromkeys(OUTCOMES, 0),
        "questions": 40, "answered": 40, "not_mentioned": 0}}}  # fmt: skip


def test_an_answer_to_several_leaves_out_what_it_does_not_mention(vocabulary, read):
    settings = configured(questions__attributes="list", unanswered=0.1)
    answers = answers_table(vocabulary, "celeba", settings, "Bald and smiling, not a man.")
    table, tally = read("celeba", answers, settings)
    assert p_of(table, 0, "Bald", "Smiling", "Male", "Goatee") == pytest.approx([1, 1, 0, 0.1])
    assert tally["not_mentioned"] == 37
    assert tally["answered"] == 1


def test_the_class_that_is_named_has_it_all(vocabulary, read):
    answers = answers_table(
        vocabulary, "expw", configured(), "D", "Sad", "The man is afraid.", "(A)"
    )
    table, tally = read("expw", answers)
    group = vocabulary.groups["expression"]
    chosen = [group[int(np.argmax(p_of(table, row, *group)))] for row in range(4)]
    assert chosen == ["happy", "sad", "fear", "angry"]
    assert all(sum(p_of(table, row, *group)) == 1 for row in range(4))
    assert tally["answered"] == 4


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("I'm sorry, but I can't help with that.", "refused"),
        ("", "unreadable"),
        ("What a face!", "unreadable"),
        ("He looks sad and angry.", "contradictory"),
        ("He is sad. He is not sad.", "contradictory"),
        ("A. Sad", "contradictory"),
        ("He is not sad.", "unreadable"),
        ({"failed": "500"}, "failed"),
        ({"scores": [None] * 7, "floor": -9.0}, "unlisted"),
    ],
)
def test_a_class_task_without_an_answer_names_no_class(vocabulary, read, answer, outcome):
    answers = answers_table(vocabulary, "expw", configured(), answer, "D")
    table, tally = read("expw", answers)
    assert p_of(table, 0, *vocabulary.groups["expression"]) == [0] * 7
    assert tally[outcome] == 1
    assert tally["answered"] == 1
    assert tally["questions"] == 2


def test_an_attribute_without_an_answer_is_as_configured(vocabulary, read):
    settings = configured(unanswered=0.2)
    answers = answers_table(vocabulary, "celeba", settings, "I cannot tell.")
    table, tally = read("celeba", answers, settings)
    assert p_of(table, 0, "Bald", "Smiling") == pytest.approx([0.2, 0.2])
    assert tally["refused"] == 40


def test_a_refusal_that_answers_all_the_same_is_an_answer(vocabulary, read):
    answers = answers_table(vocabulary, "expw", configured(), "I cannot tell, but he looks sad.")
    _, tally = read("expw", answers)
    assert (tally["answered"], tally["refused"]) == (1, 0)


def test_likelihood_is_normalised_over_the_options(vocabulary, read):
    scores = [-3.0, -1.0, None, -2.0, -5.0, -6.0, -7.0]
    answers = answers_table(vocabulary, "expw", configured(), {"scores": scores, "floor": -7.5})
    table, _ = read("expw", answers)
    weights = [math.exp(-7.5 if s is None else s) for s in scores]
    expected = [w / sum(weights) for w in weights]
    assert p_of(table, 0, *vocabulary.groups["expression"]) == pytest.approx(expected)


def test_yes_against_no_by_likelihood(vocabulary, read):
    given = {"scores": [-1.0, -2.0], "floor": None}
    answers = answers_table(vocabulary, "celeba", configured(), given)
    table, _ = read("celeba", answers)
    expected = 1 / (1 + math.exp(-1))
    assert p_of(table, 0, "Bald", "Male", "Female") == pytest.approx(
        [expected, expected, 1 - expected]
    )


def test_labels_contradict_no_rule_and_rules_are_broken_by_answers_alone(
    vocabulary, rule_set, read
):
    settings = configured()

    def sensible(question):
        return "Yes." if question.members[0] in ("Male", "Young", "Black_Hair") else "No."

    def contradictory(question):
        return "Yes." if question.members[0] in ("Bald", "Bangs", "Male") else "No."

    answers = answers_table(vocabulary, "celeba", settings, sensible, contradictory)
    table, _ = read("celeba", answers)
    ids = vocabulary.ids
    decoded = table[[f"d_{id_}" for id_ in ids]].to_numpy(dtype=bool)
    assert not rule_set.violated(decoded).any()
    said = table[[f"p_{id_}" for id_ in ids]].to_numpy() >= 0.5
    broken = rule_set.violated(said)
    assert not broken[0].any()
    assert broken[1].any()


def test_a_table_from_a_file_reads_the_same(vocabulary, read, tmp_path):
    settings = configured()
    mixed = [{"scores": [-1.0, None] + [-2.0] * 5, "floor": -4.0}, {"failed": "500"}, "D"]
    answers = answers_table(vocabulary, "expw", settings, *mixed)
    answers.to_parquet(tmp_path / "answers.parquet")
    again = pd.read_parquet(tmp_path / "answers.parquet", dtype_backend="pyarrow")
    one, counted = read("expw", answers)
    other, counted_again = read("expw", again)
    pd.testing.assert_frame_equal(one, other)
    assert counted == counted_again


def test_the_table_is_measured_like_a_models(vocabulary, rule_set, read):
    labels = [{"sad": 1, **dict.fromkeys(["angry", "disgust", "fear", "happy", "surprise",
        "neutral"], 0)}] * 4  # fmt: skip
    answers = answers_table(vocabulary, "expw", configured(), "E", "Sad.", "D", "E. Sad")
    table, _ = read("expw", answers, labels=labels)
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


AGE = Question(
    *("age", "choice", "?", ("child", "adult", "old"), ("A", "B", "C")),
    ("0-19", "20-59", "more than 60"),
    16,
)
LIST = Question(
    *("attributes", "list", "?", ("Bald", "Big_Nose", "Hat"), ()), ("Bald", "Big Nose", "Hat"), 512
)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        *[(text, "adult") for text in ("B", "b", "B.", "**B**", "Option B", "20-59")],
        *[(text, "adult") for text in ("The correct answer is B.", "B\nThe woman looks 40.")],
        *[(text, "child") for text in ("A. 0-19", "Answer: (A)")],
        *[
            (text, "old")
            for text in ("(C)", "C) more than 60", "C: More than 60.", "More than 60.")
        ],
        *[(text, None) for text in ("A woman of 40", "A person in their forties.", "A or B")],
        *[(text, None) for text in ("D", "I cannot tell.", "", "A\nB")],
    ],
)
def test_one_of_several_that_are_given(text, chosen):
    expected = None if chosen is None else {m: m == chosen for m in AGE.members}
    assert read_given(text, AGE) == expected


@pytest.mark.parametrize(
    ("text", "present"),
    [
        ("Bald", {"Bald"}),
        ("bald, Big_Nose.", {"Bald", "Big_Nose"}),
        ("- Hat\n- Bald\n", {"Hat", "Bald"}),
        ("1. Hat\n2. Big Nose", {"Hat", "Big_Nose"}),
        *[(text, None) for text in ("Bald, moustache", "The man is bald.", "")],
    ],
)
def test_a_list_of_given_words(text, present):
    expected = None if present is None else {m: m in present for m in LIST.members}
    assert read_given(text, LIST) == expected


def test_the_letter_of_every_class_is_that_class(vocabulary):
    for dataset in ("fairface", "utkface", "expw", "rafdb"):
        for question in questions_of(vocabulary, dataset, configured().questions):
            lines = question.text.splitlines()
            for member, letter, word in zip(
                question.members, question.options, question.words, strict=True
            ):
                assert f"{letter}. {word}" in lines
                for text in (letter, f"({letter})", f"{letter}. {word}", word, f"{word}."):
                    assert read_given(text, question) == {m: m == member for m in question.members}
