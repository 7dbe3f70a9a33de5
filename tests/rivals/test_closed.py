"""Answers in the very form that a question asks for, and those that are not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceinsight.rivals.closed import read_closed
from faceinsight.rivals.questions import Question, questions_of
from tests.rivals.making import configured

EACH = Question("attributes", "each", "?", ("Bald",), ("yes", "no"), ("Bald",), 16)
AGE = Question(
    "age",
    "choice",
    "?",
    ("child", "adult", "old"),
    ("A", "B", "C"),
    ("0-19", "20-59", "more than 60"),
    16,
)
LIST = Question(
    "attributes", "list", "?", ("Bald", "Big_Nose", "Hat"), (), ("Bald", "Big Nose", "Hat"), 512
)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("yes", True),
        ("No", False),
        ("Yes.", True),
        ("**No**", False),
        (" YES, he is.", True),
        ("No\nThe man has hair.", False),
        ('"Yes"', True),
        ("No beard is visible.", None),
        ("Yes and no.", None),
        ("Yes, and no.", None),
        ("Not at all.", None),
        ("Yesterday.", None),
        ("The answer is yes.", None),
        ("", None),
    ],
)
def test_yes_or_no(text, label):
    assert read_closed(text, EACH) == (None if label is None else {"Bald": label})


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("B", "adult"),
        ("(C)", "old"),
        ("B.", "adult"),
        ("A. 0-19", "child"),
        ("C) more than 60", "old"),
        ("C: More than 60.", "old"),
        ("**B**", "adult"),
        ("Option B", "adult"),
        ("The correct answer is B.", "adult"),
        ("Answer: (A)", "child"),
        ("B\nThe woman looks 40.", "adult"),
        ("20-59", "adult"),
        ("More than 60.", "old"),
        ("A woman of 40", None),
        ("A person in their forties.", None),
        ("A. 20-59", None),
        ("A. or B.", None),
        ("D", None),
        ("I cannot tell.", None),
        ("b", None),
        ("", None),
    ],
)
def test_one_of_several(text, chosen):
    expected = None if chosen is None else {m: m == chosen for m in AGE.members}
    assert read_closed(text, AGE) == expected


@pytest.mark.parametrize(
    ("text", "present"),
    [
        ("Bald", {"Bald"}),
        ("bald, Big_Nose.", {"Bald", "Big_Nose"}),
        ("- Hat\n- Bald\n", {"Hat", "Bald"}),
        ("1. Hat\n2. Big Nose", {"Hat", "Big_Nose"}),
        ("Bald, moustache", None),
        ("The man is bald.", None),
        ("", None),
    ],
)
def test_a_list_of_given_words(text, present):
    expected = None if present is None else {m: m in present for m in LIST.members}
    assert read_closed(text, LIST) == expected


@settings(max_examples=30, deadline=None)
@given(text=st.text(max_size=40))
def test_any_text_is_read_without_an_error(text):
    for question in (EACH, AGE, LIST):
        labels = read_closed(text, question)
        assert labels is None or set(labels) == set(question.members)
    chosen = read_closed(text, AGE)
    assert chosen is None or sum(chosen.values()) == 1


def test_the_letter_of_every_class_is_that_class(vocabulary):
    for dataset in ("fairface", "utkface", "expw", "rafdb"):
        for question in questions_of(vocabulary, dataset, configured().questions):
            lines = question.text.splitlines()
            for member, letter, word in zip(
                question.members, question.options, question.words, strict=True
            ):
                assert f"{letter}. {word}" in lines
                for text in (letter, f"({letter})", f"{letter}. {word}", word, f"{word}."):
                    assert read_closed(text, question) == {m: m == member for m in question.members}
