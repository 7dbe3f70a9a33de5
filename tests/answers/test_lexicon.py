"""The lexicon: every fault of it is told in words, and every phrase means what it is listed as."""

from copy import deepcopy
from typing import Any

import pytest
import yaml

from faceinsight.answers.grounding import grounding
from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import questions
from faceinsight.answers.settings import PHRASE_FIELDS
from faceinsight.answers.writer import write_answer
from faceinsight.errors import ParameterError
from faceinsight.method.characteristics import Vocabulary


def test_comes_back_from_its_plain_form(lexicon: Lexicon, vocabulary: Vocabulary):
    plain = yaml.safe_load(yaml.safe_dump(lexicon.to_config()))
    again = Lexicon.from_config(plain, vocabulary)
    assert again.settings == lexicon.settings
    assert again.entries == lexicon.entries


def test_has_words_for_every_characteristic_of_the_project(
    lexicon: Lexicon, vocabulary: Vocabulary
):
    assert set(vocabulary.ids) <= set(lexicon.settings.characteristics)
    in_topics = {id_ for _, about in lexicon.topics.values() for id_ in about}
    single = {c.id for c in vocabulary.characteristics if c.group is None}
    assert single - in_topics <= {"Attractive", "Blurry", "Asian", "White", "Black"}


def test_serves_the_vocabulary_of_decades_as_well(
    answers_config: dict[str, Any], vocabulary: Vocabulary, project_root
):
    text = (project_root / "conf/base/characteristics.yml").read_text("utf-8")
    config = yaml.safe_load(text)["vocabulary"]
    config["tasks"]["utkface"]["age"] = "age_decades"
    both = Vocabulary.from_config(config)
    parser = AnswerParser(Lexicon.from_config(answers_config, both))
    labels = parser.parse("She is 85 years old.").labels
    assert labels["age_decade_80_89"] is True
    assert labels["age_decade_90_plus"] is False
    assert labels["age_70_plus"] is True


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"characteristics": {"Bald": {"say": "bald"}}}, "'bald' must be one of be, have, wear"),
        (
            {"characteristics": {"Bald": {"say": "be bald", "synonyms": ["bald ~ pate"]}}},
            "names the part 'pate'",
        ),
        ({"characteristics": {"Bald": {"synonym": ["bald"]}}}, "characteristics.Bald.synonym"),
        ({"characteristics": {"Bald": {"synonyms": ["~"]}}}, "characteristics.Bald.synonyms"),
        ({"parts": {"hair": ["hair"]}}, "parts must have 'person'"),
        (
            {"parts": {"person": {"words": ["man"], "also": ["visage"]}}},
            "parts.person.also names 'visage'",
        ),
        (
            {"characteristics": {"age_0_2": {"say": "be 1", "years": [2, 0]}}},
            "not a first and a last year",
        ),
        (
            {"characteristics": {"age_0_2": {"say": "be 1", "years": [0, 2]}}},
            "age_0_2 has years, but not every",
        ),
        ({"ages": {"widest": 0}}, "ages.widest"),
    ],
)
def test_a_fault_is_told_in_words(change: dict[str, Any], told: str, vocabulary: Vocabulary):
    with pytest.raises(ParameterError) as error:
        Lexicon.from_config(change, vocabulary)
    assert str(error.value).startswith("answers")
    assert told in str(error.value)


def test_years_that_leave_a_gap_are_refused(answers_config: dict[str, Any], vocabulary: Vocabulary):
    config = deepcopy(answers_config)
    config["characteristics"]["age_20_29"]["years"] = [20, 28]
    with pytest.raises(ParameterError, match="age_20_29 and age_30_39 overlap or leave a gap"):
        Lexicon.from_config(config, vocabulary)


def _phrases(lexicon: Lexicon, field: str) -> list[tuple[str, str]]:
    return [
        (id_, phrase) for id_, entry in lexicon.entries.items() for phrase in getattr(entry, field)
    ]


def _stated(phrase: str, lexicon: Lexicon) -> str:
    """A phrase as a sentence would have it: "black ~ hair" with the first name of the part."""
    quality, mark, part = (text.strip() for text in phrase.partition("~"))
    return f"{quality} {lexicon.settings.parts[part].words[0]}" if mark else quality


@pytest.mark.parametrize("field", PHRASE_FIELDS)
def test_every_phrase_means_what_it_is_listed_as(
    field: str, lexicon: Lexicon, parser: AnswerParser
):
    stated = {"synonyms": True, "narrower": True, "opposites": False, "antonyms": False}.get(field)
    denied = {"synonyms": False, "opposites": True, "wider": False, "missing": True}.get(field)
    for id_, phrase in _phrases(lexicon, field):
        text = _stated(phrase, lexicon)
        assert parser.parse(f"There is {text}.").labels.get(id_) is stated, (id_, phrase)
        if not text.startswith("no "):
            label = parser.parse(f"There is not {text}.").labels.get(id_)
            if denied is not None:
                assert label is denied, (id_, phrase)
            else:
                assert label is None or field in ("narrower", "antonyms", "loosely"), (id_, phrase)


def test_of_what_has_no_words_nothing_is_asked_or_said(
    answers_config: dict[str, Any], vocabulary: Vocabulary
):
    words = {id_: answers_config["characteristics"][id_] for id_ in ("Bald", "Male")}
    few = Lexicon.from_config(answers_config | {"characteristics": words, "topics": {}}, vocabulary)
    assert few.groups == {}  # its other member has none
    assert [q.about for q in questions(few)[1:]] == [("Bald",), ("Male",)]
    labels = {"Bald": True, "Bangs": True, "Male": True, "Female": False}
    assert grounding(labels, few) == "Looks: bald, a man."
    describe = questions(few)[0]
    texts = {write_answer(describe, labels, few, seed).text for seed in range(20)}
    assert all("bald" in text and "bangs" not in text for text in texts)
    assert AnswerParser(few).parse("Bald, with bangs.").labels == {"Bald": True}
