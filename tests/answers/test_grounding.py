"""Facts for prompts, and what texts say against labels."""

import pytest

from faceinsight.answers.grounding import (
    baseless,
    facts,
    grounding,
    misstated,
    on_topic,
    repeated,
    stated,
    unfounded,
)
from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import Question, questions
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.rules.compiler import RuleSet
from tests.answers.labels import consistent

RACES = {"White", "Black", "Asian"}


def test_the_parser_reads_the_same_labels_back(
    vocabulary: Vocabulary, lexicon: Lexicon, ruleset: RuleSet, parser: AnswerParser
):
    for full, known in consistent(vocabulary, ruleset, 120, seed=7):
        facts = grounding(known, lexicon)
        labels = parser.parse(facts).labels
        assert parser.contradicted(facts, full) == (), facts
        for id_, value in known.items():
            in_group = any(id_ in members for members in vocabulary.groups.values())
            # The races of the three data sets share words, of which each has its own sense.
            if not in_group and id_ not in RACES:
                assert labels.get(id_) is value, (id_, facts)


def test_names_the_member_that_holds_and_what_is_there_and_what_not(
    vocabulary: Vocabulary, lexicon: Lexicon
):
    labels = {"No_Beard": False, "Wearing_Hat": False, "Young": True, "Bald": False}
    labels |= {id_: id_ == "age_20_29" for id_ in vocabulary.groups["age"]}
    assert grounding(labels, lexicon) == (
        "Age: between 20 and 29 years old. Looks: young. Not: bald. Present: a beard. "
        "Absent: a hat."
    )
    assert grounding(labels, lexicon, about=["Wearing_Hat"]) == "Absent: a hat."
    assert grounding({}, lexicon) == ""


FACE = {"Female": True, "Male": False, "Young": True, "Wavy_Hair": True, "Wearing_Hat": False}
FACE |= {"Smiling": False, "No_Beard": True, "Blurry": False, "High_Cheekbones": False}


@pytest.mark.parametrize(
    ("kind", "about", "expected"),
    [
        ("describe", ["Female", "Young"], "The person appears to be a woman, young"),
        (
            "describe",
            ["Young", "Wavy_Hair", "No_Beard", "Wearing_Hat"],
            "She appears to be young; to have wavy hair, no beard; to wear no hat",
        ),
        (
            "topic",
            ["Smiling", "High_Cheekbones"],
            "She appears not to be smiling; not to have",
        ),
        ("describe", ["Blurry"], "The photograph appears not to be blurry"),
        ("yes_no", ["Wavy_Hair"], "yes, the person appears to have wavy hair"),
        ("yes_no", ["Wearing_Hat"], "no, the person appears to wear no hat"),
    ],
)
def test_facts_for_one_sentence(kind, about, expected, lexicon: Lexicon, parser: AnswerParser):
    told = facts(Question("What?", tuple(about), kind), FACE, lexicon)
    assert told.startswith(expected)
    known = {id_: FACE[id_] for id_ in about}
    assert parser.contradicted(told, FACE) == ()
    assert known.items() <= parser.parse(told).labels.items()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She appears to be a young woman with wavy hair, but no hat.", []),
        ("The hair is wavy, and she looks young.", []),
        ("She is standing in a park.", ["standing", "park"]),
        ("A young woman with long, wavy hair.", ["long"]),
        # It says more than "young", and "wavy" nothing of the eyes.
        ("A girl with wavy hair.", ["girl"]),
        ("She is young, and has wavy eyes.", ["wavy", "eyes"]),
        ("Anna is young.", ["anna"]),
        ("She is a young woman, but no man.", ["man"]),
    ],
)
def test_words_that_no_label_accounts_for(text, expected, parser: AnswerParser):
    asked = Question("Describe this face.", ("Young", "Wavy_Hair", "Wearing_Hat"), "describe")
    assert baseless(text, asked, parser) == expected


def test_what_is_said_twice(parser: AnswerParser):
    assert repeated("A young woman, who appears to be a young woman.", parser) == ["young", "woman"]
    assert repeated("She has wavy hair, no straight hair and no black hair.", parser) == []


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("She wears a hat.", {"Wearing_Hat": False, "Female": True}, ("Wearing_Hat",)),
        ("She wears no hat.", {"Wearing_Hat": False, "Bald": True}, ()),
        ("A man of about 25.", {"Male": False, "age_20_29": True}, ("Male",)),
        ("A man in his forties.", {"Male": True, "age_20_29": True}, ("age_20_29",)),
        ("He is bald. He is not bald.", {"Bald": True}, ("Bald",)),
        # MAAD's White is wider than FairFace's: the word agrees with one of them.
        ("He is white.", {"White": True, "race7_White": False, "race7_Middle_Eastern": True}, ()),
        ("He is white.", {"White": False, "race7_White": False}, ("White", "race7_White")),
        ("He is not white.", {"White": True, "race7_White": False}, ()),
        ("Nothing of the kind.", {"Bald": True}, ()),
        ("", {"Bald": True}, ()),
    ],
)
def test_what_a_text_says_against_labels(
    text: str, labels: dict[str, bool], expected: tuple[str, ...], parser: AnswerParser
):
    assert parser.contradicted(text, labels) == expected


def test_a_question_gives_a_bare_answer_its_meaning(parser: AnswerParser, vocabulary: Vocabulary):
    smiling = Question("Is the person smiling?", ("Smiling",), "yes_no")
    assert parser.contradicted("No.", {"Smiling": True}, smiling) == ("Smiling",)
    assert parser.contradicted("No.", {"Smiling": True}) == ()
    age = Question("How old?", vocabulary.groups["age"], "group")
    assert parser.contradicted("35", {"age_30_39": True}, age) == ()
    assert parser.contradicted("35", {"age_20_29": True}, age) == ("age_20_29",)


@pytest.mark.parametrize(
    ("text", "true", "wrong"),
    [
        ("He is 25 years old. He is 55 years old.", "age_50_59", ("age_20_29",)),
        ("He is 25 years old. He is 55 years old.", "age_60_69", ("age_20_29", "age_50_59")),
        ("A woman in her twenties.", "age_20_29", ("Female",)),
        ("She is not a woman.", "Female", ("Male",)),
        ("In their fifties, smiling.", "age_50_59", ("Smiling",)),
        ("Not in her fifties.", "age_50_59", ("age_50_59",)),
    ],
)
def test_of_a_group_the_member_is_named_that_does_not_hold(
    text: str,
    true: str,
    wrong: tuple[str, ...],
    parser: AnswerParser,
    vocabulary: Vocabulary,
):
    labels = {id_: id_ == true for id_ in vocabulary.groups["age"]}
    labels |= {"Smiling": False, "Male": true != "Female", "Female": true == "Female"}
    against = parser.contradicted(text, labels)
    found = misstated(against, labels, vocabulary.groups)
    assert set(wrong) <= set(found) <= set(against)
    assert true not in found or true in wrong


def test_what_speaks_of_a_question(vocabulary, lexicon):
    (gender,) = [q for q in questions(lexicon) if set(q.about) == {"Male", "Female"}]
    assert on_topic({"Male": False, "Smiling": True}, gender)
    assert not on_topic({"Smiling": True}, gender)
    assert on_topic({"Smiling": True}, None)
    assert not on_topic({}, None)


def test_what_only_follows_is_not_stated(vocabulary, parser):
    said = parser.parse("He is in his thirties.").labels
    assert len(said) > 5
    kept = stated(said, vocabulary.groups)
    assert all(kept.values())
    assert set(kept) == {id_ for id_, value in said.items() if value}


def test_what_was_never_taught_is_unfounded(vocabulary, lexicon, parser):
    taught = vocabulary.annotated_by("celeba")

    def loose(text, known=taught, question=None):
        return unfounded(text, question, known, parser)

    assert loose("A smiling young man.") == []
    assert set(loose("A smiling Asian man in his thirties.")) == {"Asian", "age_30_39"}
    assert loose("He is an angry man.") == ["angry"]
    assert loose("A man, and not angry.") == ["angry"]
    # One of the data sets that say so is known.
    assert loose("He is White.", ("race7_White", "Male")) == []
    (angry,) = [q for q in questions(lexicon) if q.about == ("angry",)]
    assert loose("Yes.", question=angry) == ["angry"]
    assert loose("I cannot tell.", question=angry) == []
