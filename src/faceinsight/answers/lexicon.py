"""The lexicon for one vocabulary: words for each of its characteristics, groups and topics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from faceinsight.answers.settings import PHRASE_FIELDS, EntrySettings, LexiconSettings
from faceinsight.answers.wording import DefaultWords, Wording, default_words, wording
from faceinsight.errors import ParameterError
from faceinsight.method.characteristics import Vocabulary


@dataclass(frozen=True)
class Entry:
    """The words of one characteristic.

    Attributes:
        id: the characteristic.
        say: wordings of a face that has it, one or more.
        deny: wordings of a face that has it not; none where a description should not mention that.
        subject: what has it: "person" or "photograph", or another noun.
        phrases: the lists of phrases of `EntrySettings`, by name.
        years: first and last year of a class of ages.
    """

    id: str
    say: tuple[Wording, ...]
    deny: tuple[Wording, ...]
    subject: str
    phrases: Mapping[str, tuple[str, ...]]
    years: tuple[int, int | None] | None


class Lexicon:
    """Words for the characteristics of a vocabulary.

    Args:
        settings: the configured words.
        vocabulary: the characteristics; those without words are worded by their phrases.

    Attributes:
        settings: as given.
        vocabulary: as given.
        entries: words by id, in vocabulary order.
        topics: name to question and ids, of which one or more are in the vocabulary.

    Raises:
        ParameterError: words are given for what the vocabulary does not have, or the years of a
            group's members overlap or leave a gap.
    """

    def __init__(self, settings: LexiconSettings, vocabulary: Vocabulary) -> None:
        self.settings = settings
        self.vocabulary = vocabulary
        self._check_names()
        self.entries = {
            c.id: _entry(
                c.id, c.phrase, settings.characteristics.get(c.id, EntrySettings()), settings
            )
            for c in vocabulary.characteristics
        }
        self.topics = {
            name: (topic.question, known)
            for name, topic in settings.topics.items()
            if (known := tuple(id_ for id_ in topic.about if id_ in vocabulary.index))
        }
        self._check_years()

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any] | LexiconSettings, vocabulary: Vocabulary
    ) -> Lexicon:
        """Build from configuration (`answers`), or from what `to_config` gives.

        Raises:
            ParameterError: with one message that names every fault.
        """
        if not isinstance(config, LexiconSettings):
            try:
                config = LexiconSettings.model_validate(config)
            except ValidationError as error:
                faults = "; ".join(
                    ": ".join(filter(None, [".".join(map(str, fault["loc"])), fault["msg"]]))
                    for fault in error.errors()
                )
                raise ParameterError(f"answers: {faults}") from None
        return cls(config, vocabulary)

    def to_config(self) -> dict[str, Any]:
        """The plain form that `from_config` reads; may be saved with a model."""
        return self.settings.model_dump(mode="json", exclude_defaults=True)

    @cached_property
    def age_groups(self) -> dict[str, dict[str, tuple[int, int | None]]]:
        """Groups whose members are classes of ages: group to id to first and last year."""
        return {
            group: years
            for group, members in self.vocabulary.groups.items()
            if len(years := {m: y for m in members if (y := self.entries[m].years)}) == len(members)
        }

    def group_name(self, group: str) -> str:
        """What a group is called, e.g. "ethnicity" for race7."""
        known = self.settings.groups.get(group)
        return known.name if known else group.replace("_", " ")

    def group_question(self, group: str) -> str:
        """The question for the member of a group that holds."""
        known = self.settings.groups.get(group)
        return (
            known.question
            if known
            else f"What is the apparent {self.group_name(group)} of this person?"
        )

    def _check_names(self) -> None:
        settings, vocabulary = self.settings, self.vocabulary
        ids, groups = set(vocabulary.ids), set(vocabulary.groups)
        for id_, entry in settings.characteristics.items():
            if id_ not in ids and not entry.optional:
                raise _no_such("characteristics", id_, "characteristic", ids)
        for group, of in settings.groups.items():
            if group not in groups and not of.optional:
                raise _no_such("groups", group, "group", groups)
        optional = {id_ for id_, entry in settings.characteristics.items() if entry.optional}
        for name, topic in settings.topics.items():
            for id_ in topic.about:
                if id_ not in ids | optional:
                    raise _no_such(f"topics.{name}.about", id_, "characteristic", ids)

    def _check_years(self) -> None:
        aged = {id_ for id_, entry in self.entries.items() if entry.years is not None}
        for years in self.age_groups.values():
            aged -= set(years)
            ranges = sorted(years.items(), key=lambda item: item[1][0])
            for (one, (_, last)), (other, (first, _)) in pairwise(ranges):
                if last is None or first != last + 1:
                    raise ParameterError(
                        f"answers.characteristics: the years of {one} and {other} overlap or leave "
                        "a gap; each class must begin the year after the last ends"
                    )
        if aged:
            raise ParameterError(
                f"answers.characteristics.{min(aged)} has years, but not every member of its group "
                "has; give them to all members or to none"
            )


def _no_such(where: str, name: str, what: str, known: set[str]) -> ParameterError:
    near = get_close_matches(name, sorted(known), n=1)
    meant = f"did you mean '{near[0]}'?" if near else "remove it, or mark it as optional"
    return ParameterError(
        f"answers.{where}: the vocabulary has no {what} '{name}' ({meant} What some vocabularies "
        "lack is marked with `optional: true`)"
    )


def _entry(id_: str, phrase: str, given: EntrySettings, settings: LexiconSettings) -> Entry:
    phrases = {name: tuple(getattr(given, name)) for name in PHRASE_FIELDS}
    say, deny, subject = given.say, given.deny, given.subject
    default = default_words(phrase)
    if not any(phrases.values()) and given.years is None:
        phrases |= _default_phrases(id_, default, settings)
    if not say:
        say, deny = [default.say], deny or [text for text in (default.deny,) if text]
        subject = subject if default.person else "photograph"
    return Entry(
        id_,
        tuple(wording(text) for text in say),
        tuple(wording(text) for text in deny),
        subject,
        phrases,
        given.years,
    )


def _default_phrases(
    id_: str, default: DefaultWords, settings: LexiconSettings
) -> dict[str, tuple[str, ...]]:
    """Phrases made of the vocabulary's phrase and of the id, for what has no entry."""
    if default.opposite:
        return {"opposites": (_as_quality(default.opposite, settings),)}
    synonym = default.synonym
    if synonym.partition("~")[2].strip() not in settings.parts:
        synonym = synonym.replace("~ ", "")
    named = "" if id_.lower().startswith("no_") else id_.replace("_", " ").strip()
    texts = [text for text in (synonym, named) if any(c.isalnum() for c in text)]
    return {"synonyms": tuple(dict.fromkeys(_as_quality(text, settings) for text in texts))}


def _as_quality(text: str, settings: LexiconSettings) -> str:
    """ "freckled skin" as "freckled ~ skin", if its last word names a part."""
    head, _, last = text.rpartition(" ")
    if head and "~" not in text:
        for part, of in settings.parts.items():
            if last.lower() in of.words:
                return f"{head} ~ {part}"
    return text
