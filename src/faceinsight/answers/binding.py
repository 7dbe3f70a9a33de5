"""Which part a quality belongs to: "black" in "wavy, black hair", and not in "a black hat".

A quality belongs to the part that its own noun phrase names; else to the part right before it
("mouth open", "hair that is black"); else to the clause's subject; else to the person. A quality of
anything else ("a black hat", "a white shirt") says nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from faceinsight.answers.english import (
    ADVERBS,
    COPULAS,
    DETERMINERS,
    FINITE,
    PRONOUNS,
    STOPS,
    TAKING,
    word_set,
)
from faceinsight.answers.meanings import Meaning, Sense

_REACH = 10
_UNKNOWN = 3
_PREPOSITIONS = word_set("in of on at from for behind by near to into")
_RELATIVE = frozenset({"that", "which"})
_LINKS = COPULAS | ADVERBS | _RELATIVE


@dataclass(frozen=True)
class Match:
    """A phrase found at words `start` up to `end`."""

    start: int
    end: int
    meaning: Meaning


@dataclass(frozen=True)
class Bound:
    """A quality and what it is said of.

    Attributes:
        match: the quality.
        sense: its sense there.
        nouns: starts of the parts that its noun phrase names; none if the part is elsewhere.
    """

    match: Match
    sense: Sense
    nouns: tuple[int, ...] = ()


class Binder:
    """Binds the qualities of one stretch of words.

    Args:
        words: all words of the text.
        found: phrases by the word at which they begin, of the whole text.
        also: part to parts that may stand for it.
        defaults: parts that a quality may describe without being told, best first.
        asked: ids that are asked about.
    """

    def __init__(
        self,
        words: Sequence[str],
        found: Mapping[int, Match],
        also: Mapping[str, Collection[str]],
        defaults: Sequence[str],
        asked: frozenset[str],
    ) -> None:
        self._words = words
        self._found = found
        self._also = also
        self._defaults = defaults
        self._asked = asked

    def bind(self, matches: Sequence[Match], first: int, end: int) -> list[Bound]:
        """Bind the qualities among the matches of words `first` up to `end`."""
        bound = []
        subjects: list[str] = []
        last: Match | None = None
        taking = False
        place = first
        for match in matches:
            for at in range(place, match.start):
                word = self._words[at]
                taking = taking or word in TAKING or word == "with"
                if word == "to" and at > first and self._words[at - 1] in (",", "and", "not"):
                    # "..., and to be smiling" is said of the person again.
                    subjects, last = [], None
            place = match.end
            if match.meaning.qualities and (b := self._bind(match, first, end, last, subjects)):
                bound.append(b)
            if match.meaning.part is not None:
                last = match
                if not taking and not self._after_preposition(match, first):
                    subjects.append(match.meaning.part)
        return bound

    def _after_preposition(self, match: Match, first: int) -> bool:
        before = match.start - 1
        if before > first and self._words[before] in DETERMINERS:
            before -= 1
        return before >= first and self._words[before] in _PREPOSITIONS

    def _bind(
        self, match: Match, first: int, end: int, last: Match | None, subjects: Sequence[str]
    ) -> Bound | None:
        noun, foreign = self._noun(match, end)
        if noun is not None:
            sense = self._sense(match.meaning, noun.meaning.part)
            if sense is not None:
                return Bound(match, sense, (noun.start, *self._shared(match, noun, end)))
        if foreign:
            return None
        candidates = []
        if last is not None and self._linked(last.end, match.start):
            candidates.append(last.meaning.part)
        candidates += reversed(subjects[-4:])
        for part in [*candidates, *self._asked_parts(match.meaning), *self._defaults]:
            if (sense := self._sense(match.meaning, part)) is not None:
                return Bound(match, sense)
        return None

    def _noun(self, match: Match, end: int) -> tuple[Match | None, bool]:
        """The part that the quality's noun phrase names, and whether it names something else."""
        place, unknown, crossed = match.end, 0, False
        stop = min(end, match.end + _REACH)
        while place < stop:
            word = self._words[place]
            if (other := self._found.get(place)) is not None:
                meaning = other.meaning
                if meaning.part is not None:
                    fits = self._sense(match.meaning, meaning.part) is not None
                    return (other, False) if fits else (None, not crossed)
                if meaning.plain is not None and not meaning.adjective and not meaning.qualities:
                    return None, not crossed
                place, unknown = other.end, 0
            elif word in (",", "and", "or") and not unknown:
                crossed = True
                place += 1
                if place < stop and (self._words[place] in DETERMINERS):
                    return None, False
            elif word in ADVERBS or word.endswith("ly"):
                place += 1
            elif _ends_phrase(word):
                break
            else:
                unknown += 1
                if unknown > _UNKNOWN:
                    break
                place += 1
        return None, unknown > 0 and not crossed

    def _shared(self, match: Match, noun: Match, end: int) -> tuple[int, ...]:
        """ "brown hair and eyes": a second part that the quality belongs to as well."""
        place = noun.end
        if place + 1 < end and self._words[place] == "and":
            other = self._found.get(place + 1)
            if other is not None and self._sense(match.meaning, other.meaning.part) is not None:
                return (other.start,)
        return ()

    def _linked(self, start: int, end: int) -> bool:
        """Whether only a relative pronoun with its verb, or adverbs, stand between two words."""
        if end - start > _REACH:
            return False
        between = self._words[start:end]
        if not all(word in _LINKS for word in between):
            return False
        return not (set(between) & COPULAS) or between[0] in _RELATIVE

    def _sense(self, quality: Meaning, part: str | None) -> Sense | None:
        if part is None:
            return None
        if (sense := quality.qualities.get(part)) is not None:
            return sense
        for wider, narrower in self._also.items():
            if part in narrower and (sense := quality.qualities.get(wider)) is not None:
                return sense
        return None

    def _asked_parts(self, quality: Meaning) -> list[str]:
        """Parts of which a question asks for the quality, those that need not be told first."""
        parts = [part for part, sense in quality.qualities.items() if sense.ids & self._asked]
        return sorted(parts, key=lambda part: part not in self._defaults)


def _ends_phrase(word: str) -> bool:
    return (
        word in STOPS
        or word in FINITE
        or word in COPULAS
        or word in DETERMINERS
        or word in PRONOUNS
        or word in TAKING
    )
