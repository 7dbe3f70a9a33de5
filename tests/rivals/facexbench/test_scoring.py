"""Replies to letters, and letters to scores, against hand-counted tables."""

import pytest

from faceinsight.rivals.facexbench.questions import files_in, read_file
from faceinsight.rivals.facexbench.scoring import (
    is_refusal,
    option_letter,
    outcome,
    score,
    score_text,
)


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("B", "B"),
        (" B\n", "B"),
        ("(B)", "B"),
        ("B.", "B"),
        ("B: 20-29", "B"),
        ("B - 20-29", "B"),
        ("Option B", "B"),
        ("The answer is (B).", "B"),
        ("I think it is D, not B", "D"),  # I is no option, D comes first
        ("A man of twenty", "A"),  # the rule's own error
        ("b", None),  # small letters are no options
        ("E", None),
        ("AB", None),
        ("B_2", None),
        ("20-29", "B"),
        ("about 20-29 years", "B"),
        ("none of the above", None),  # capitals count
        ("None of the above", "C"),
        ("I am sorry, but I cannot say.", None),
        ("", None),
    ],
)
def test_letters(reply, letter):
    assert option_letter(reply, ("0-9", "20-29", "None of the above", "50-60")) == letter


def test_the_first_option_found_in_the_reply_wins():
    assert option_letter("13", ("0", "13", "1", "3")) == "B"
    assert option_letter("13", ("3", "13")) == "A"  # the rule's own error
    assert option_letter("x", (" x ", "y")) == "A"


@pytest.mark.parametrize(
    ("reply", "refuses"),
    [
        ("I'm sorry, I can't help with identifying people.", True),
        ("As an AI I do not judge ages.", True),
        ("It is not possible to tell.", True),
        ("twenty-five", False),
        ("", False),
    ],
)
def test_refusals(reply, refuses):
    assert is_refusal(reply) == refuses


def test_hand_counted_scores(benchmark_folder):
    replies = ["B", "I cannot tell.", "Option B", None]
    questions = [q for path in files_in(benchmark_folder) for q in read_file(path)]
    questions = [
        question.model_copy(update={"reply": reply})
        for question, reply in zip(questions, replies, strict=True)
    ]
    assert [outcome(q) for q in questions] == ["right", "refused", "right", "unasked"]
    found = score(questions)
    assert found["overall"]["n"] == 4
    assert found["overall"]["accuracy"] == pytest.approx(2 / 4)
    assert found["category"]["bias_fairness"] == {
        "n": 2,
        "right": 1,
        "wrong": 0,
        "refused": 1,
        "unreadable": 0,
        "unasked": 0,
        "accuracy": 0.5,
    }
    assert found["subcategory"]["tools_retrieval"]["accuracy"] == 0
    assert {n: entry["n"] for n, entry in found["num_images"].items()} == {
        "single": 2,
        "multiple": 1,
        "zero": 1,
    }
    lines = score_text(found).splitlines()
    assert " ".join(lines[0].split()) == "all 50.00 (2 of 4, 1 refused, 1 unasked)"


def test_no_question_has_no_accuracy():
    assert score([])["overall"]["accuracy"] is None
