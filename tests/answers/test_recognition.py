"""Questions in anybody's words, and the known questions that they are."""

from typing import Any

import pytest

from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import questions
from faceinsight.answers.recognition import (
    beyond,
    cannot_be_told,
    not_understood,
    recognise_question,
    recognise_questions,
    tellable,
    without_color,
)
from faceinsight.method.characteristics import Vocabulary


def test_known_questions_are_themselves(lexicon: Lexicon, parser: AnswerParser):
    for question in questions(lexicon):
        assert recognise_question(question.text, parser) == question
        assert recognise_questions(question.text, parser) == (question,)
        assert not_understood(question.text, parser) == ()
        assert not cannot_be_told(question.text, parser)
        shouted = question.text.upper().rstrip("?.") + " ?!"
        assert recognise_question(shouted, parser) == question


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
    asked = recognise_question(text, parser)
    expected = lexicon.vocabulary.groups.get(about)
    if expected is None:
        expected = lexicon.topics[about][1] if about in lexicon.topics else (about,)
    assert asked is not None
    assert asked.about == expected


@pytest.mark.parametrize("text", ["Does he have a beard?", "Is there no beard?"])
def test_what_is_worded_as_an_absence_is_asked_for_widely(
    text: str, lexicon: Lexicon, parser: AnswerParser
):
    asked = recognise_question(text, parser)
    assert asked is not None
    # "Yes" to one of the two would be the opposite of "yes" to the other.
    assert (asked.kind, asked.about) in [
        ("topic", lexicon.topics["facial_hair"][1]),
        ("yes_no", ("No_Beard",)),
    ]
    assert (asked.kind == "yes_no") == ("no beard" in text)


def test_a_pronoun_is_not_what_is_asked_for(lexicon: Lexicon, parser: AnswerParser):
    for text in ("Is he a man?", "Is she a man?", "Is this person a man?"):
        asked = recognise_question(text, parser)
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
    asked = recognise_question(text, parser)
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
    assert recognise_question(text, parser) is None


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("What gender is this person, and how old?", ["gender", "old"]),
        ("Age and gender?", ["old", "gender"]),
        ("Does he have a beard and glasses?", ["facial hair", "eyeglasses"]),
        ("Describe her in detail, including age, gender, hair", ["Describe"]),
        ("Is this man bald?", ["bald"]),
        ("Is she smiling and does she wear a hat?", ["smiling", "hat"]),
        ("Is she smiling, and what colour is her hair?", ["smiling", "hair"]),
        ("What colour is her hair? Is he tired? How old is he?", ["hair", "old"]),
        ("Is she a smiling woman with blond hair?", ["smiling", "blond"]),
        ("Is the bald man smiling?", ["smiling"]),
        ("What colour is the car?", []),
        ("How does she look?", ["Describe"]),
        ("Trägt diese Person eine Brille?", []),
        ("Quel âge a cette personne ?", []),
        ("¿Lleva gafas?", []),
        ("这个人戴眼镜吗?", []),
        ("asdf qwer", []),
    ],
)
def test_every_topic_of_a_question_is_found(text: str, asked: list[str], parser: AnswerParser):
    found = recognise_questions(text, parser)
    assert len(found) == len(asked)
    assert all(word in one.text for word, one in zip(asked, found, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        *("What is her name?", "Who is this?", "How is the weather?", "Is he tall?"),
        *("Where was this photo taken?", "Where is she from?", "Is he trustworthy?"),
        *("Is she pregnant?", "How many children does she have?", "Does he speak English?"),
        # Who somebody is.
        *("Is this Taylor Swift?", "Is that Barack Obama?", "Could this be Elvis?"),
        *("Is he Tom Cruise?", "Is the man Elon Musk?", "Does he look like Brad Pitt?"),
        *("Is this Angela Merkel or somebody else?", "is this taylor swift?", "Is this Mona Lisa?"),
        *("Is this my brother?", "Is she your sister?", "Does she look like my mother?"),
        *("Is this me?", "Is it you?", "Is this the president?", "Is she a celebrity?"),
        *("Do you know this person?", "Can you recognise him?", "Whose face is this?"),
        *("Is this the same person?", "Are they twins?", "Tell me who this is"),
    ],
)
def test_what_no_face_tells_is_known(text: str, parser: AnswerParser):
    assert cannot_be_told(text, parser)


@pytest.mark.parametrize(
    "text",
    [
        *("Is the hat taken off?", "Is she Asian?", "Is he Male?", "Is this Wavy Hair?"),
        *("Is this Middle Eastern?", "Is this Brown hair?", "Is this African American?"),
        *("Is my brother smiling?", "Am I smiling?", "Does my hair look black?", "Is he tired?"),
        *("Is this a man?", "Is this person a woman?", "Does he look like a man?", "Is Tom bald?"),
        *("Is she 30 years old?", "Is this in her Thirties?", "Is this person Young?"),
        *("What is this person wearing?", "Is he Clean-shaven?", "Does he look like he is sad?"),
    ],
)
def test_what_a_face_tells_is_not_declined(text: str, parser: AnswerParser):
    assert not cannot_be_told(text, parser)


@pytest.fixture(scope="module")
def raceless(vocabulary: Vocabulary, answers_config: dict[str, Any]) -> AnswerParser:
    """Of a vocabulary as that of the package's model."""
    races = ["race7", "race5", "Asian", "White", "Black"]
    rest = Vocabulary.from_config(vocabulary.to_config() | {"without": races})
    return AnswerParser(Lexicon.from_config(answers_config, rest))


RACE = (
    *("What race is she?", "Which ethnic group?", "race?", "What is the colour of her skin?"),
    *("Is she Asian?", "Is this person White?", "Is he black?", "Does she look white or Asian?"),
    *(
        "Is this a Black woman?",
        "Is she of Indian origin?",
        "Is he Middle Eastern?",
        "Is she Latina?",
    ),
)


@pytest.mark.parametrize("text", RACE)
def test_race_is_declined_where_no_characteristic_is_of_it(
    text: str, raceless: AnswerParser, parser: AnswerParser
):
    assert cannot_be_told(text, raceless)
    assert not cannot_be_told(text, parser)


@pytest.mark.parametrize(
    "text",
    [
        *("Is her hair black?", "Does his hair look black?", "Is she wearing a white hat?"),
        *("Does she have brown eyes?", "Is this black or brown hair?", "Is his beard white?"),
        *("Does the woman have black hair?", "Is the black hat large?"),
    ],
)
def test_what_is_black_or_white_is_not_always_a_person(text: str, raceless: AnswerParser):
    assert not cannot_be_told(text, raceless)


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
    text: str, words: tuple[str, ...], parser: AnswerParser
):
    assert beyond(text, parser) == words


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Is he smiling, and is he tired?", ("is he tired",)),
        ("Is he smiling and tired?", ("tired",)),
        ("What is she wearing? Does she look at the camera?", ("Does she look at the camera",)),
        ("Is she wearing a hat and scarf?", ("scarf",)),
        ("Hello, is she smiling, please?", ()),
        ("Is he between twenty and thirty?", ()),
        ("Does he have long, brown hair?", ()),
        ("Is she smiling and why?", ()),  # `beyond` names it
    ],
)
def test_what_is_not_understood_beside_what_is_is_named(
    text: str, left: tuple[str, ...], parser: AnswerParser
):
    assert not_understood(text, parser) == left


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("What colour is her hair?", ("hair",)),
        ("Is she smiling, and what is her hair color?", ("hair",)),
        ("What colour are her hair and eyes?", ("hair", "eyes")),
        ("What does her hair look like?", ()),
        ("What colour is the hat?", ()),  # `beyond` names it
        ("Does she have blond hair?", ()),
    ],
)
def test_a_colour_that_no_label_tells_is_known(
    text: str, topics: tuple[str, ...], parser: AnswerParser
):
    labels = {"Wavy_Hair": True, "Blond_Hair": False, "Bags_Under_Eyes": True}
    assert without_color(text, labels, parser) == topics
    labels = {**labels, "Blond_Hair": True, "Brown_Eyes": True}
    assert without_color(text, labels, parser) == ()


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
def test_what_a_face_tells_is_left_of_a_question(text: str, rest: str, parser: AnswerParser):
    assert tellable(text, parser) == rest
