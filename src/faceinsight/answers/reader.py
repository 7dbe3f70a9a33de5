"""One clause read: which characteristics it claims present or absent, and what it leaves open."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from faceinsight.answers.binding import Match
from faceinsight.answers.claims import AgeClaim, Claim
from faceinsight.answers.grammar import (
    ABSENT,
    CONDITIONS,
    FEMININE,
    MASCULINE,
    NEGATORS,
    NO,
    NOTHING,
    PRESENT,
    YES,
)
from faceinsight.answers.meanings import Meaning
from faceinsight.answers.statements import Context, Statement, Stater, with_choices
from faceinsight.answers.trie import Trie
from faceinsight.answers.words import Words

_UNSEEN = PRESENT - {"present"}


@dataclass
class Reading:
    """What one clause says.

    Attributes:
        claims: about characteristics.
        ages: about the age.
        refused: whether it declines to say something, or announces that.
        part: the part of the face that is named last, to which "it" would refer; "" for a thing
            that is no part.
        told: phrase by phrase what the claims are made of.
    """

    claims: list[Claim] = field(default_factory=list)
    ages: list[AgeClaim] = field(default_factory=list)
    refused: bool = False
    part: str | None = None
    told: list[Statement] = field(default_factory=list)


class Reader:
    """Reads the clauses of one text.

    Args:
        words: the text.
        trie: what phrases mean.
        also: part to parts that may stand for it.
        asked: ids that are asked about.
        widest: a range of more years says nothing.
        apart: parts that are not of the person.
    """

    def __init__(
        self,
        words: Words,
        trie: Trie[Meaning],
        also: Mapping[str, Collection[str]],
        asked: Collection[str],
        widest: int,
        apart: Collection[str] = (),
    ) -> None:
        self._words = words
        self._trie = trie
        self._state = Stater(words, also, asked, widest, apart)

    def read(self, first: int, end: int, value: int, context: Context) -> Reading:
        """Read words `first` up to `end`; if they are a key and its value, that begins at `value`.

        A clause that refuses, or that is a condition, claims nothing.
        """
        reading = Reading()
        matches = self._matches(first, end)
        reading.part = _named_last(matches)
        flags = {match.meaning.flag for match in matches}
        reading.refused = not flags.isdisjoint({"refusal", "disclaimer"})
        if "refusal" in flags or _conditional(self._words.words, first, end):
            return reading
        if value > first:
            self._read_pair(reading, matches, first, value, end, context)
        else:
            self._tell(reading, self._state(matches, first, end, context))
        self._read_pronouns(reading, first, end)
        return reading

    def heading(self, first: int, end: int) -> Context:
        """What stands below a heading, or after a key, of words `first` up to `end` inherits."""
        words = set(self._words.words[first:end])
        denied = bool(words & (NEGATORS | ABSENT))
        return Context(
            subject=_named_last(self._matches(first, end)),
            denied=denied,
            missing=denied and words.isdisjoint(_UNSEEN),
            age=bool(words & {"age", "aged", "year"}),
        )

    def names_nothing(self, first: int, end: int) -> bool:
        """Whether no phrase, and no yes or no, is among words `first` up to `end`."""
        return not self._matches(first, end) and (YES | NO).isdisjoint(self._words.words[first:end])

    def _matches(self, first: int, end: int) -> list[Match]:
        """Phrases among words `first` up to `end`, leftmost and longest first."""
        found = []
        place = first
        while place < end:
            hit = self._trie.longest(self._words.words, place)
            if hit is None or hit[0] > end:
                place += 1
                continue
            found.append(Match(place, *hit))
            place = hit[0]
        return found

    def _read_pair(
        self,
        reading: Reading,
        matches: list[Match],
        first: int,
        value: int,
        end: int,
        context: Context,
    ) -> None:
        """ "key: value": yes or no settles the key; any other value is said of the key."""
        words = self._words.words
        key_end = value - 1
        key = [match for match in matches if match.end <= key_end]
        answer = self._yes_or_no(value, end)
        none = words[value] in NOTHING and (value + 1 == end or words[value + 1] == ",")
        told = self._state(key, first, key_end, Context(denied=answer is False, missing=none))
        told = [statement for statement in told if statement.claims]
        if answer is not None:
            reading.claims += [claim for statement in told for claim in statement.claims]
        inherited = self.heading(first, key_end)
        rest = Context(
            subject=context.subject if inherited.subject is None else inherited.subject,
            denied=context.denied or (inherited.denied and not told),
            missing=context.missing or (inherited.missing and not told),
            age=inherited.age or context.age,
        )
        said = self._state([m for m in matches if m.start >= value], value, end, rest)
        self._tell(reading, said)
        silent = not any(one.claims or one.age is not None for one in said)
        if answer is None and silent and NEGATORS.isdisjoint(words[value:end]):
            # "Beard: short" means that there is one.
            nouns = {m.start for m in key if m.meaning.plain and not m.meaning.adjective}
            reading.claims += [
                Claim(claim.ids, claim.present, claim.evidence, weak=True)
                for statement in told
                if statement.start in nouns
                for claim in statement.claims
            ]

    def _tell(self, reading: Reading, told: Sequence[Statement]) -> None:
        reading.told += told
        for statement in with_choices(told, self._words):
            reading.claims += statement.claims
            if statement.age is not None:
                reading.ages.append(statement.age)

    def _yes_or_no(self, place: int, end: int) -> bool | None:
        """Whether words from `place` on mean yes, no, or neither."""
        words = self._words.words
        word = words[place]
        following = words[place + 1] if place + 1 < end else ""
        number = word.replace(".", "", 1).isdecimal()
        if number and (following == "%" or end == place + 1):
            share = float(word) / (100 if following == "%" else 1)
            return share >= 0.5 if share <= 1 else None
        if word == "not" and following in PRESENT | YES | {"wearing"}:
            return False
        if following == "off" and word in ("taken", "shaved"):
            return False
        if word in YES:
            return following != "not"
        return False if word in NO else None

    def _read_pronouns(self, reading: Reading, first: int, end: int) -> None:
        """ "He" and "her" tell the gender, where nothing else does."""
        for word in self._words.words[first:end]:
            if word in MASCULINE or word in FEMININE:
                hit = self._trie.longest(["man" if word in MASCULINE else "woman"], 0)
                if hit is not None and hit[1].plain is not None and hit[1].plain.present:
                    evidence = self._words.excerpt(first, end)
                    ids = tuple(hit[1].plain.present)
                    reading.claims.append(Claim(ids, True, evidence, weak=True))


def _named_last(matches: Sequence[Match]) -> str | None:
    """The part that is named last, "" for a thing that is no part, None for neither."""
    named = [m.meaning for m in matches if m.meaning.part or m.meaning.thing]
    return (named[-1].part or "") if named else None


def _conditional(words: Sequence[str], first: int, end: int) -> bool:
    """Whether a clause leaves open what it says ("if", "whether", but not "as if")."""
    return any(
        words[place] in CONDITIONS and (place == first or words[place - 1] != "as")
        for place in range(first, end)
    )
