"""Questions part by part, and those that no photograph of a face answers."""

import pytest

from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import questions
from faceinsight.answers.topics import beyond, cannot_be_told, recognise_questions, tellable


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("What gender is this person, and how old?", ["gender", "old"]),
        ("Age and gender?", ["old", "gender"]),
        ("Does he have a beard and glasses?", ["facial hair", "eyeglasses"]),
        ("Describe her in detail, including age, gender, hair", ["Describe"]),
        ("Is this man bald?", ["bald"]),
        ("Is she smiling and does she wear a hat?", ["smiling", "hat"]),
        ("What colour is the car?", []),
        ("How does she look?", ["Describe"]),
        ("Trägt diese Person eine Brille?", []),
        ("Quel âge a cette personne ?", []),
        ("¿Lleva gafas?", []),
        ("这个人戴眼镜吗?", []),
        ("asdf qwer", []),
    ],
)
def test_every_topic_of_a_question_is_found(
    text: str, asked: list[str], parser: AnswerParser, lexicon: Lexicon
):
    found = recognise_questions(text, lexicon, parser)
    assert len(found) == len(asked)
    assert all(word in one.text for word, one in zip(asked, found, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        *("What is her name?", "Who is this?", "How is the weather?", "Is he tall?"),
        *("Where was this photo taken?", "Where is she from?", "Is he trustworthy?"),
        *("Is she pregnant?", "How many children does she have?", "Does he speak English?"),
    ],
)
def test_what_no_face_tells_is_known(text: str):
    assert cannot_be_told(text)


@pytest.mark.parametrize("text", ["Is the hat taken off?", "Is she Asian?", "Is he Male?"])
def test_what_a_face_tells_is_not_declined(text: str):
    assert not cannot_be_told(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Which brand are the glasses?", ("brand",)),
        ("Is she wearing a red hat?", ("red",)),
        ("What colour is the hat?", ("colour",)),
        ("How many earrings does she wear?", ("many",)),
        ("Are the glasses made of plastic?", ("made", "plastic")),
        ("Why is she smiling?", ("why",)),
        ("What colour are her eyes?", ()),
        ("What shape is the face?", ()),
        ("Does he wear glasses?", ()),
    ],
)
def test_what_no_characteristic_tells_is_named(
    text: str, words: tuple[str, ...], parser: AnswerParser, lexicon: Lexicon
):
    assert beyond(text, lexicon, parser) == words


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("What gender, and how old, and what is the weather?", "What gender, how old"),
        ("Is he married and is he smiling?", "is he smiling"),
        ("What is her name and age?", "age"),
        ("Is he smiling?", "Is he smiling?"),
        ("What is her name, and is she rich?", ""),
    ],
)
def test_what_a_face_tells_is_left_of_a_question(text: str, rest: str):
    assert tellable(text) == rest


def test_the_projects_own_questions_are_themselves(parser: AnswerParser, lexicon: Lexicon):
    for question in questions(lexicon.vocabulary, lexicon)[:20]:
        assert not cannot_be_told(question.text)
        assert recognise_questions(question.text, lexicon, parser) == (question,)
