"""What phrases mean: a trie from words to meanings, compiled from the lexicon once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from faceinsight.answers.grammar import DETERMINERS
from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.settings import PHRASE_FIELDS, EntrySettings, Years
from faceinsight.answers.words import Normaliser

_SAYS = {
    "synonyms": ("present", "denied_absent"),
    "narrower": ("present",),
    "opposites": ("absent", "denied_present"),
    "antonyms": ("absent",),
    "wider": ("denied_each",),
    "missing": ("missing",),
    "loosely": ("loosely",),
}
"""Kind of phrase (`EntrySettings`) to what it says of its characteristic, in terms of `Sense`."""


@dataclass
class Sense:
    """What a phrase says when it is stated, and when it is denied.

    Ids in `present` (and in `denied_absent`) are readings of one word in several data sets' terms;
    all others follow each by itself.
    """

    present: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    denied_absent: list[str] = field(default_factory=list)
    denied_each: list[str] = field(default_factory=list)
    denied_present: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    loosely: list[str] = field(default_factory=list)

    def add(self, id_: str, how: str) -> None:
        """Let the phrase be one of the kinds for a characteristic."""
        for name in _SAYS[how]:
            ids = getattr(self, name)
            if id_ not in ids:
                ids.append(id_)

    @property
    def ids(self) -> set[str]:
        """All characteristics that the phrase may say something about."""
        return {*self.present, *self.absent, *self.denied_each, *self.missing, *self.loosely}


@dataclass(frozen=True)
class AgeWord:
    """A word for an age (kind 1), or for a stage of life (kind 0), and its years."""

    years: Years
    kind: int


@dataclass
class Meaning:
    """All that one phrase can mean.

    Attributes:
        plain: its sense by itself.
        qualities: its senses as a quality, by part.
        part: the part of the face (or the person) that it names.
        age: the age that it names.
        flag: "refusal", "disclaimer" or "ignored".
        adjective: whether it says what somebody is, and so may stand before a noun.
        countable: whether it is a singular noun that needs an article to stand by itself.
    """

    plain: Sense | None = None
    qualities: dict[str, Sense] = field(default_factory=dict)
    part: str | None = None
    age: AgeWord | None = None
    flag: str = ""
    adjective: bool = False
    countable: bool = False

    @property
    def thing(self) -> bool:
        """Whether it names something that is no part, as a beard is."""
        named = self.plain is not None and self.part is None
        return named and not self.adjective and not self.qualities


@dataclass(frozen=True)
class Match:
    """A phrase found at words `start` up to `end`."""

    start: int
    end: int
    meaning: Meaning


class Meanings:
    """Meanings of all phrases of a lexicon, by their words in normal form.

    Inside a phrase, articles and possessives may be missing or stand where the phrase has none:
    "bags under the eyes" is found in "bags under her eyes".
    """

    def __init__(self, lexicon: Lexicon, normalise: Normaliser) -> None:
        self._root: dict[str, Any] = {}
        self._normalise = normalise
        settings = lexicon.settings
        for part, of in settings.parts.items():
            for word in of.words:
                self._of(word).part = part
        for id_, entry in lexicon.entries.items():
            self._add(id_, entry)
        if lexicon.age_groups:
            for kind, words in enumerate((settings.ages.stages, settings.ages.words)):
                for word, years in words.items():
                    self._of(word).age = AgeWord(years, kind)
        for flag, phrases in (
            ("refusal", settings.refusals),
            ("disclaimer", settings.disclaimers),
            ("ignored", settings.ignored),
        ):
            for phrase in phrases:
                self._of(phrase).flag = flag

    def find(self, words: Sequence[str]) -> list[Match]:
        """Phrases among words, leftmost and longest first."""
        found = []
        place = 0
        while place < len(words):
            match = self.longest(words, place)
            if match is not None:
                found.append(match)
            place = place + 1 if match is None else match.end
        return found

    def longest(self, words: Sequence[str], start: int) -> Match | None:
        """The longest phrase that begins at `start`."""
        node, place = self._root.get(words[start]), start + 1
        found = None
        while node is not None:
            if "" in node:
                found = Match(start, place, node[""])
            if place < len(words) and words[place] in DETERMINERS:
                place += 1
            node = node.get(words[place]) if place < len(words) else None
            place += 1
        return found

    def _of(self, phrase: str) -> Meaning:
        """The meaning of a phrase, an empty one if there is none yet."""
        node = self._root
        for place, word in enumerate(self._normalise.phrase(phrase)):
            if place == 0 or word not in DETERMINERS:
                node = node.setdefault(word, {})
        meaning: Meaning = node.setdefault("", Meaning())
        return meaning

    def _add(self, id_: str, entry: EntrySettings) -> None:
        wordings = (*entry.present, *entry.absent)
        countable = any(wording.rest.startswith(("a ", "an ")) for wording in wordings)
        adjective = any(wording.verb == "be" for wording in entry.present)
        for how in PHRASE_FIELDS:
            for phrase in getattr(entry, how):
                quality, mark, part = (text.strip() for text in phrase.partition("~"))
                meaning = self._of(quality)
                if mark:
                    meaning.qualities.setdefault(part, Sense()).add(id_, how)
                    continue
                if meaning.plain is None:
                    meaning.plain = Sense()
                    meaning.adjective = adjective
                meaning.plain.add(id_, how)
                # Neither "glasses" nor "smiling" needs an article.
                meaning.countable |= countable and not quality.endswith(("s", "ing"))
        if any(c.isdigit() for c in id_):
            # "age_20_29" and "race7_East_Asian" as they stand, which no phrase would spell.
            meaning = self._of(id_)
            meaning.plain = meaning.plain or Sense()
            meaning.plain.add(id_, "synonyms")
