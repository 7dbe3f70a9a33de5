"""The parser on any text: it never fails, never contradicts itself, and ends quickly."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import Question
from faceinsight.method.characteristics import Vocabulary

WORDS = re.split(
    " ",
    "no not without neither nor never and or but , . : ; - ? ! \n ( ) [ ] { } | / % + n't 's the a "
    "an his her is are has appears to be wearing with glasses hat beard mustache goatee hair black "
    "brown white bald old young man woman person smiling mouth open closed slightly eyes 35 20-29 "
    "70+ 30s thirties years year-old under over between late early yes No None true B (A) cannot "
    "took removed shaved off but holding lying on table hand neck then who "
    "tell whether if clean-shaven Asian or Hispanic Latino East makeup heavy age: race: unknown",
)

sentences = st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)


@st.composite
def asked(draw: st.DrawFn, ids: tuple[str, ...]) -> Question:
    about = draw(st.lists(st.sampled_from(ids), min_size=1, max_size=4, unique=True))
    kind = draw(st.sampled_from(["describe", "group", "topic", "yes_no"]))
    return Question(draw(sentences), tuple(about), kind)


@settings(max_examples=120, deadline=None)
@given(text=st.one_of(sentences, st.text(max_size=200)), data=st.data())
def test_any_text_is_read_and_labels_are_consistent(
    text: str, data: st.DataObject, parser: AnswerParser, vocabulary: Vocabulary
):
    question = data.draw(st.one_of(st.none(), asked(vocabulary.ids)))
    options = data.draw(st.one_of(st.none(), st.lists(sentences, max_size=4)))
    parsed = parser.parse(text, question, options)
    assert set(parsed.labels) <= set(vocabulary.ids)
    assert set(parsed.labels).isdisjoint(parsed.contradictions)
    assert set(parsed.evidence) == set(parsed.labels) | set(parsed.contradictions)
    for members in vocabulary.groups.values():
        values = [parsed.labels.get(id_) for id_ in members]
        assert values.count(True) <= 1
        if values.count(True) == 1 and not set(members) & set(parsed.contradictions):
            assert values.count(False) == len(members) - 1
        assert values.count(False) < len(members)
    assert parser.parse(text, question, options) == parsed


@given(text=sentences)
@settings(max_examples=80, deadline=None)
def test_case_and_typography_make_no_difference(text: str, parser: AnswerParser):
    plain = parser.parse(text)
    assert parser.parse(text.replace("'", "’")).labels == plain.labels
    if "B" not in text.split():  # as a letter it may be a choice, which needs its case
        assert parser.parse(text.upper()).labels == parser.parse(text.lower()).labels


@pytest.mark.parametrize(
    "piece",
    [
        "She has black hair and no glasses. ",
        "no hat, ",
        "not ",
        "black ",
        "( ",
        "a",
        "1",
        "-",
        "about about ",
        "20-",
        "and or , ",
        "no glasses or ",
        "removed his hat and ",
        "very his hat is in ",
        '{"a": ',
        "\n- ",
        "|",
        " ",
        "'",
        "age: ",
        "é",
    ],
)
def test_work_grows_in_proportion_to_length(piece: str, parser: AnswerParser):
    """Ten times the text takes about ten times as long; a quadratic step would take a hundred."""

    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        start = time.process_time()
        parser.parse(text)
        return time.process_time() - start

    seconds(1_000)
    assert seconds(20_000) < 40 * min(seconds(2_000) for _ in range(3)) + 0.02


@pytest.mark.parametrize(
    "text",
    [
        "hat: 30s",
        "bald: 30s %",
        "glasses n't",
        "hat: ,",
        "hat - no",
        ": : :",
        "not",
        "or",
        "\ud800",
    ],
)
def test_odd_ends_are_read_as_well(text: str, parser: AnswerParser):
    assert not parser.parse(text).contradictions


def test_evidence_is_a_piece_of_the_text(parser: AnswerParser):
    text = "It is a long story. " * 30 + "The man wears   no\nglasses, and he is bald."
    parsed = parser.parse(text)
    squeezed = " ".join(text.split())
    assert {"Eyeglasses", "Bald", "Male"} <= set(parsed.evidence)
    for words in parsed.evidence.values():
        assert words.removesuffix("...") in squeezed
    assert "glasses" in parsed.evidence["Eyeglasses"]


def test_an_echoed_question_claims_nothing(parser: AnswerParser):
    question = Question("Is this a bald man with a hat?", ("Bald",), "yes_no")
    for echo in ("", "Question: ", "> "):
        parsed = parser.parse(f"{echo}Is this a bald man with a hat? No.", question)
        assert parsed.labels == {"Bald": False}


def test_reads_with_whatever_vocabulary_and_lexicon(answers_config: dict, vocabulary: Vocabulary):
    config = vocabulary.to_config()
    config["tasks"] = {"celeba": {"attributes": "attributes"}}
    celeba = Vocabulary.from_config(
        config
        | {
            "characteristics": {
                id_: of
                for id_, of in config["characteristics"].items()
                if "celeba" in of["names"] or id_ == "Female"
            },
            "groups": {"gender": ["Male", "Female"]},
            "order": None,
            "sensitive": [],
        }
    )
    parser = AnswerParser(Lexicon.from_config(answers_config, celeba))
    parsed = parser.parse("A white woman in her thirties, smiling, no hat.")
    assert parsed.labels == {"Smiling": True, "Wearing_Hat": False, "Male": False, "Female": True}
