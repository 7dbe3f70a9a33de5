"""What phrases mean: a trie from words to senses, compiled from the lexicon once."""

from __future__ import annotations

from dataclasses import dataclass, field

from faceinsight.answers.lexicon import Entry, Lexicon
from faceinsight.answers.settings import PHRASE_FIELDS
from faceinsight.answers.trie import Trie
from faceinsight.answers.words import Normaliser


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
        """Let the phrase be one of the kinds (`EntrySettings`) for a characteristic."""
        targets = {
            "synonyms": (self.present, self.denied_absent),
            "narrower": (self.present,),
            "opposites": (self.absent, self.denied_present),
            "antonyms": (self.absent,),
            "wider": (self.denied_each,),
            "missing": (self.missing,),
            "loosely": (self.loosely,),
        }
        for target in targets[how]:
            if id_ not in target:
                target.append(id_)

    @property
    def ids(self) -> set[str]:
        """All characteristics that the phrase may say something about."""
        return {*self.present, *self.absent, *self.denied_each, *self.missing, *self.loosely}


@dataclass(frozen=True)
class AgeWord:
    """A word for an age (`stage` False), or for a stage of life, and its years."""

    first: int
    last: int | None
    stage: bool


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


def compile_meanings(lexicon: Lexicon, normalise: Normaliser) -> Trie[Meaning]:
    """All phrases of a lexicon, by their normal forms."""
    trie: Trie[Meaning] = Trie()
    settings = lexicon.settings
    for part, of in settings.parts.items():
        for word in of.words:
            trie.at(normalise.phrase(word), Meaning).part = part
    for entry in lexicon.entries.values():
        _add_entry(trie, entry, normalise)
    if lexicon.age_groups:
        for stage, words in ((False, settings.ages.words), (True, settings.ages.stages)):
            for word, (first, last) in words.items():
                trie.at(normalise.phrase(word), Meaning).age = AgeWord(first, last, stage)
    for flag in ("refusal", "disclaimer", "ignored"):
        phrases = settings.ignored if flag == "ignored" else getattr(settings, f"{flag}s")
        for phrase in phrases:
            trie.at(normalise.phrase(phrase), Meaning).flag = flag
    return trie


def _add_entry(trie: Trie[Meaning], entry: Entry, normalise: Normaliser) -> None:
    countable = any(w.rest.startswith(("a ", "an ")) for w in (*entry.say, *entry.deny))
    adjective = any(w.verb == "be" for w in entry.say)
    for how in PHRASE_FIELDS:
        for phrase in entry.phrases[how]:
            quality, mark, part = (text.strip() for text in phrase.partition("~"))
            meaning = trie.at(normalise.phrase(quality), Meaning)
            if mark:
                meaning.qualities.setdefault(part, Sense()).add(entry.id, how)
                continue
            if meaning.plain is None:
                meaning.plain = Sense()
                meaning.adjective = adjective
            meaning.plain.add(entry.id, how)
            # Neither "glasses" nor "smiling" needs an article.
            meaning.countable |= countable and not quality.endswith(("s", "ing"))
    if any(c.isdigit() for c in entry.id):
        # "age_20_29" and "race7_East_Asian" as they stand, which no phrase would spell.
        meaning = trie.at(normalise.phrase(entry.id), Meaning)
        meaning.plain = meaning.plain or Sense()
        meaning.plain.add(entry.id, "synonyms")
