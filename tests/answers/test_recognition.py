"""Questions in anybody's words, and the known questions that they are."""

import pytest

from faceinsight.answers import AnswerParser, Lexicon
from faceinsight.answers.questions import questions
from faceinsight.answers.recognition import recognise_question


def test_known_questions_are_themselves(lexicon: Lexicon, parser: AnswerParser):
    for question in questions(lexicon.vocabulary, lexicon):
        assert recognise_question(question.text, lexicon, parser) == question
        shouted = question.text.upper().rstrip("?.") + " ?!"
        assert recognise_question(shouted, lexicon, parser) == question


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("Does she wear glasses?", "Eyeglasses"),
        ("is this man bald", "Bald"),
        ("Is his nose big?", "Big_Nose"),
        ("Is she happy?", "happy"),
        ("Is he 30 years old?", "age_30_39"),
        ("How old is he?", "age"),
        ("Is this a man or a woman?", "gender"),
        ("What emotion does this person show?", "expression"),
        ("What race is he?", "race5"),
        ("What colour is the hair?", "hair"),
        ("Does she have wavy black hair?", "hair"),
        ("What facial hair does he have?", "facial_hair"),
        ("Is she wearing a hat and glasses?", "accessories"),
        ("What is he wearing?", "accessories"),
        ("What are her eyes like?", "eyes"),
        ("Tell me about the nose and mouth", "mouth"),
        ("Does he have a mustache or a beard?", "facial_hair"),
        ("Does he have a beard and glasses?", "facial_hair"),
        ("Why is she smiling?", "Smiling"),
        ("Why is he wearing a hat?", "Wearing_Hat"),
        ("How attractive is she?", "Attractive"),
        ("How happy is he?", "happy"),
        ("Is it a boy?", "gender"),
        ("Is it a girl or a boy?", "gender"),
        ("Is this boy smiling?", "Smiling"),
        ("Does this old man have sideburns?", "Sideburns"),
        ("Is he a child?", "age"),
        ("Is he over 50?", "age"),
        ("Is she in her thirties?", "age_30_39"),
        ("How old?", "age"),
        ("Is he Asian?", "race5"),
        ("Is he Korean?", "race7"),
        ("Is he Indian or Middle Eastern?", "race7"),
        ("What is his skin colour?", "skin"),
        ("What shape is his face?", "shape"),
        ("Are there bags under his eyes?", "Bags_Under_Eyes"),
        ("Isn’t she smiling?", "Smiling"),
        ("Doesn't he wear glasses?", "Eyeglasses"),
        ("Could you tell me whether she’s bald?", "Bald"),
        ("Is the woman in the photo young?", "Young"),
        ("Are his eyes black?", "eyes"),
        ("Is this man black?", "race7"),
        ("What is the race of this bald man?", "race5"),
        ("What is the age of this bald man?", "age"),
        ("What is the gender of this old person?", "gender"),
        ("Does the man with the beard wear glasses?", "Eyeglasses"),
        ("Does the man with a hat have wavy black hair?", "hair"),
        ("Is the woman with straight black hair smiling?", "Smiling"),
        ("Is the man wearing a hat bald?", "Bald"),
        ("Is the man with the beard black?", "race7"),
        ("Is the woman with black hair?", "Black_Hair"),
        ("Is the man wearing a hat and glasses?", "accessories"),
        ("Is the woman in the hat young?", "Young"),
        ("Is the old man's nose big?", "Big_Nose"),
        ("Can't you tell me whether he is bald?", "Bald"),
        ("Is she not smiling?", "Smiling"),
    ],
)
def test_other_words_ask_for_the_same(
    text: str, about: str, lexicon: Lexicon, parser: AnswerParser
):
    asked = recognise_question(text, lexicon, parser)
    expected = lexicon.vocabulary.groups.get(about)
    if expected is None:
        expected = lexicon.topics[about][1] if about in lexicon.topics else (about,)
    assert asked is not None
    assert asked.about == expected


@pytest.mark.parametrize("text", ["Does he have a beard?", "Is there no beard?"])
def test_what_is_worded_as_an_absence_is_asked_for_widely(
    text: str, lexicon: Lexicon, parser: AnswerParser
):
    asked = recognise_question(text, lexicon, parser)
    assert asked is not None
    # "Yes" to one of the two would be the opposite of "yes" to the other.
    assert (asked.kind, asked.about) in [
        ("topic", lexicon.topics["facial_hair"][1]),
        ("yes_no", ("No_Beard",)),
    ]
    assert (asked.kind == "yes_no") == ("no beard" in text)


def test_a_pronoun_is_not_what_is_asked_for(lexicon: Lexicon, parser: AnswerParser):
    for text in ("Is he a man?", "Is she a man?", "Is this person a man?"):
        asked = recognise_question(text, lexicon, parser)
        assert asked is not None
        assert asked.about in [("Male",), ("Female",)]


@pytest.mark.parametrize(
    "text",
    [
        *("Can you describe this person?", "Describe him.", "Give me a description of her"),
        *("What does he look like?", "What do you see?", "Tell me about her."),
    ],
)
def test_a_request_to_describe_is_one(text: str, lexicon: Lexicon, parser: AnswerParser):
    asked = recognise_question(text, lexicon, parser)
    assert asked is not None
    assert asked.kind == "describe"


@pytest.mark.parametrize(
    "text",
    [
        *("", "?", "Why?", "What is the capital of France?", "Hi!", "\x00", "no", "Yes. " * 99),
        # That it is a man is supposed, not asked.
        *("Is he tired?", "Does he have freckles?", "Is his friend tall?"),
        # A colour of something else is no race.
        *("Is his shirt black?", "Are her teeth white?", "Is the background white?"),
    ],
)
def test_what_is_not_known_is_not_guessed(text: str, lexicon: Lexicon, parser: AnswerParser):
    assert recognise_question(text, lexicon, parser) is None
