"""The words of `conf/*/characteristics.yml`, typed and validated."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from faceinsight.answers.wording import Wording
from faceinsight.common.settings import Settings

PHRASE_FIELDS = (
    *("synonyms", "narrower", "opposites", "antonyms"),
    *("wider", "missing", "loosely"),
)
"""The lists of phrases of an entry."""

VERBS = ("be", "have", "wear", "show")
"""Verbs that a wording may begin with, in the infinitive."""


def _as_list(given: object) -> object:
    return [given] if isinstance(given, str) else given


Phrase = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"[^\W_]")
]
Phrases = Annotated[list[Phrase], BeforeValidator(_as_list)]


Years = tuple[int, int | None]
"""First and last year; None as the last is without end."""


def words_of(characteristics: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Id to words, of those characteristics of a configured vocabulary that have any."""
    return {id_: of["words"] for id_, of in characteristics.items() if of.get("words")}


class _Settings(Settings):
    # Frozen, since what is derived from a lexicon is kept.
    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _of_older_models(cls, given: object) -> object:
        """Older models' words say which of them a vocabulary may lack; now any may be lacking."""
        if isinstance(given, dict):
            return {name: value for name, value in given.items() if name != "optional"}
        return given


class EntrySettings(_Settings):
    """The words of one characteristic.

    A wording (`say`, `deny`) is a verb in the infinitive and what follows: "have black ~ hair",
    "wear a hat", "be smiling". A phrase is what people write. In both, "black ~ hair" is a quality
    of a part of the face: it also stands for "hair that is black" and "wavy, black hair".

    Attributes:
        say: wordings of a face that has it, one or more.
        deny: wordings of a face that has it not, where a description may mention the absence.
        synonyms: phrases that mean it is present; their denial means absent.
        narrower: phrases that imply it is present; their denial says nothing.
        opposites: phrases that mean it is absent; their denial means present.
        antonyms: phrases that imply it is absent; their denial says nothing.
        wider: phrases of which only the denial says something: that it is absent.
        missing: phrases of which only the denial says something: that it is present ("hair", for
            "bald"); only where nothing but the word itself is denied, not a kind or a place of it.
        loosely: phrases that mean it is present only where a question asks for it and nothing
            closer is meant ("smiling", if asked for an expression).
        years: first and last year of a class of ages; null as the last is without end.
        subject: what has the characteristic.
    """

    say: Phrases = Field(min_length=1)
    deny: Phrases = []
    synonyms: Phrases = []
    narrower: Phrases = []
    opposites: Phrases = []
    antonyms: Phrases = []
    wider: Phrases = []
    missing: Phrases = []
    loosely: Phrases = []
    years: Years | None = None
    subject: Phrase = "person"

    @cached_property
    def present(self) -> tuple[Wording, ...]:
        """`say` in the forms that sentences need."""
        return tuple(map(Wording.of, self.say))

    @cached_property
    def absent(self) -> tuple[Wording, ...]:
        """`deny` likewise."""
        return tuple(map(Wording.of, self.deny))

    @field_validator("say", "deny")
    @classmethod
    def _begins_with_a_verb(cls, wordings: list[str]) -> list[str]:
        for wording in wordings:
            if wording.split()[0] not in VERBS or len(wording.split()) < 2:
                raise ValueError(
                    f"'{wording}' must be one of {', '.join(VERBS)} and what follows it, "
                    "e.g. 'have black ~ hair'"
                )
        return wordings

    @model_validator(mode="after")
    def _years_in_order(self) -> EntrySettings:
        if self.years is not None:
            first, last = self.years
            if first < 0 or (last is not None and last < first):
                raise ValueError(f"years {list(self.years)} are not a first and a last year")
        return self


class GroupSettings(_Settings):
    """The words of a group of which exactly one member holds.

    Attributes:
        name: what it is called in a list of facts, e.g. "age".
        question: asks for the member that holds.
    """

    name: Phrase
    question: Phrase


class TopicSettings(_Settings):
    """A question about several characteristics that are no group.

    Attributes:
        question: asks for them.
        about: ids; those that a vocabulary lacks are left out.
    """

    question: Phrase
    about: list[str] = Field(min_length=1)


class PartSettings(_Settings):
    """A part of the face, or the person.

    Attributes:
        words: its names.
        also: parts that may stand for it ("a sad face" is a sad person).
        apart: whether it is none of the person's, as clothes are: a quality of it says nothing of
            the person.
    """

    words: Phrases
    also: list[str] = []
    apart: bool = False

    @model_validator(mode="before")
    @classmethod
    def _words_alone(cls, given: object) -> object:
        return {"words": given} if isinstance(given, list | str) else given


class AgeSettings(_Settings):
    """How ages in words are read.

    Attributes:
        words: words for an age, and the years they mean: the class that holds most of them.
        stages: words for a stage of life; they only exclude classes outside their years.
        widest: a stated range of more years says nothing.
    """

    words: dict[str, Years] = {}
    stages: dict[str, Years] = {}
    widest: int = Field(default=30, ge=1)


class LexiconSettings(_Settings):
    """The lexicon of answers, `answers` in the configuration.

    Attributes:
        description: the request for an overall description.
        characteristics: id to words (`words_of`); of one that is missing nothing is said.
        groups: group to words.
        topics: name to a question about several characteristics.
        parts: parts of the face that qualities belong to; `person` is needed.
        ages: how ages are read.
        refusals: phrases that decline to say what stands beside them.
        disclaimers: phrases that announce a refusal and leave what stands beside them valid.
        ignored: phrases whose words would mislead.
        variants: other spellings and forms of a word.
    """

    description: Phrase = "Describe this face."
    characteristics: dict[str, EntrySettings] = {}
    groups: dict[str, GroupSettings] = {}
    topics: dict[str, TopicSettings] = {}
    parts: dict[str, PartSettings] = {"person": PartSettings(words=["person"])}
    ages: AgeSettings = AgeSettings()
    refusals: Phrases = []
    disclaimers: Phrases = []
    ignored: Phrases = []
    variants: dict[str, str] = {}

    @model_validator(mode="after")
    def _parts_exist(self) -> LexiconSettings:
        if "person" not in self.parts:
            raise ValueError("parts must have 'person', whom a quality describes by default")
        for name, part in self.parts.items():
            if unknown := sorted(set(part.also) - set(self.parts)):
                raise ValueError(f"parts.{name}.also names '{unknown[0]}', which is no part")
        for id_, entry in self.characteristics.items():
            for field in PHRASE_FIELDS:
                for phrase in getattr(entry, field):
                    part = phrase.partition("~")[2].strip()
                    if "~" in phrase and part not in self.parts:
                        raise ValueError(
                            f"characteristics.{id_}.{field}: '{phrase}' names the part '{part}', "
                            f"which is none of {', '.join(self.parts)}"
                        )
        return self
