"""Multiple choice."""

import pytest

from faceinsight.answers.choices import Options
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import Question
from faceinsight.method.characteristics import Vocabulary

COLOURS = ["Black hair", "Blond hair", "Gray hair"]


@pytest.mark.parametrize(
    ("answer", "letters"),
    [
        ("B", ["B"]),
        ("b.", ["B"]),
        ("(B)", ["B"]),
        ("B) Blond hair", ["B"]),
        ("B: Blond hair", ["B"]),
        ("The answer is B.", ["B"]),
        ("Answer: **B**", ["B"]),
        ("The correct option would be (b), since it is light.", ["B"]),
        ("I choose option C", ["C"]),
        ("A is wrong, B is right", ["B"]),
        ("Not A, but B", ["B"]),
        ("(B) is the best choice.", ["B"]),
        ("Based on the image, B.", ["B"]),
        ("A or B", []),
        ("Hair like this is grey, so I would say (C).", ["C"]),
        ("Blond hair", []),
        ("A blond person.", []),
        ("The answer is a blond person.", []),
        ("Z", []),
        ("", []),
    ],
)
def test_letters_that_an_answer_picks(answer: str, letters: list[str]):
    assert Options.of(COLOURS).chosen(answer) == letters


def test_options_by_letter_and_with_letters_of_their_own():
    assert Options.of({"a": "Yes", "(B)": "No"}).texts == {"A": "Yes", "B": "No"}
    assert Options.of(["A) Yes", "(B) No", "C. Perhaps"]).texts == {
        "A": "Yes",
        "B": "No",
        "C": "Perhaps",
    }


def test_an_answer_that_repeats_the_options_claims_the_one_it_picks(
    parser: AnswerParser, vocabulary: Vocabulary
):
    question = Question("Gender?", vocabulary.groups["gender"], "group")
    for text in ("A. Male\nB. Female\n\nAnswer: B", "Male or Female? Answer: B"):
        parsed = parser.parse(text, question, ["Male", "Female"])
        assert parsed.labels == {"Male": False, "Female": True}
        assert not parsed.contradictions


def test_what_an_answer_says_beside_its_choice_counts(parser: AnswerParser):
    question = Question("Hair?", ("Black_Hair", "Blond_Hair", "Gray_Hair"), "topic")
    parsed = parser.parse("C, and she wears a hat.", question, COLOURS)
    assert parsed.labels["Wearing_Hat"] is True
    parsed = parser.parse("C. Black hair", question, COLOURS)
    assert parsed.labels == {"Black_Hair": True, "Gray_Hair": True}
