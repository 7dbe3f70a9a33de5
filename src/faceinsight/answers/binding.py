"""Which part a quality belongs to: "black" in "wavy, black hair", and not in "a black hat".

A quality belongs to the part that its own noun phrase names; else to the part right before it
("mouth open", "hair that is black"); else to the clause's subject; else to the person. A quality of
anything else ("a black hat", "a white shirt") says nothing. What may be said of several parts
("black", of hair and of a person) is not said of the person where the clause speaks of another
thing ("her eyes are black", "brown eyes, not black"), nor where it stands for clothes ("a man in
black").
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from faceinsight.answers.grammar import (
    ADVERBS,
    AGAINST,
    CLOTHED,
    COPULAS,
    DETERMINERS,
    ELLIPSIS,
    PHRASE_ENDS,
    PREPOSITIONS,
    RELATIVE,
    SOMEBODY,
    STOPS,
    TAKING,
)
from faceinsight.answers.meanings import Meaning, Sense

_REACH = 10
_UNKNOWN = 3
_PERSON, _THING = "person", ""
_LINKS = COPULAS | ADVERBS | RELATIVE


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
        sense: its sense there; it says nothing where it is said of what cannot have it.
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
        apart: parts that are not of the person, whose qualities are none of the person's.
    """

    def __init__(
        self,
        words: Sequence[str],
        found: Mapping[int, Match],
        also: Mapping[str, Collection[str]],
        defaults: Sequence[str],
        asked: frozenset[str],
        apart: Collection[str] = (),
    ) -> None:
        self._words = words
        self._found = found
        self._also = also
        self._defaults = defaults
        self._asked = asked
        self._apart = apart

    def bind(self, matches: Sequence[Match], first: int, end: int) -> list[Bound]:
        """Bind the qualities among the matches of words `first` up to `end`."""
        bound = []
        subjects: list[str] = []
        last: Match | None = None
        taking = predicate = False
        place = first
        for match in matches:
            for at in range(place, match.start):
                word = self._words[at]
                taking = taking or word in TAKING or word == "with"
                predicate = predicate or word in COPULAS
                if word in SOMEBODY:
                    subjects.append(_PERSON)
                if word == "to" and at > first and self._words[at - 1] in (",", "and", "not"):
                    # "..., and to be smiling" is said of the person again.
                    subjects, last = [], None
            place = match.end
            if match.meaning.qualities:
                told = subjects[-4:]
                if not predicate:
                    # Of the eyes "brown eyes, white" says nothing more than that they are brown.
                    told = [part for part in told if self._sense(match.meaning, part)]
                b = self._bind(match, first, end, last, told, predicate)
                bound.append(b or Bound(match, Sense()))
            if match.meaning.part is not None:
                last = match
                if not taking and not self._after_preposition(match, first):
                    subjects.append(match.meaning.part)
                    predicate = False
            elif match.meaning.thing:
                last = match
                if not taking and not self._after_preposition(match, first):
                    subjects.append(_THING)
                    predicate = False
        return bound

    def _after_preposition(self, match: Match, first: int) -> bool:
        before = match.start - 1
        if before > first and self._words[before] in DETERMINERS:
            before -= 1
        return before >= first and self._words[before] in PREPOSITIONS

    def _bind(
        self,
        match: Match,
        first: int,
        end: int,
        last: Match | None,
        subjects: Sequence[str],
        predicate: bool,
    ) -> Bound | None:
        noun, foreign = None, False
        # "Eyes closed, mouth open": closed is what stands before.
        if last is None or last.end < match.start or self._words[match.end : end][:1] != [","]:
            noun, foreign = self._noun(match, end)
        if noun is not None:
            sense = self._sense(match.meaning, noun.meaning.part)
            if sense is not None:
                return Bound(match, sense, (noun.start, *self._shared(match, noun, end)))
        if foreign:
            return None
        candidates: list[str] = []
        if last is not None and (
            self._follows(match, last, first) or self._elliptic(last.end, match.start)
        ):
            # What cannot have the quality keeps it from the person: "eyes black as coal".
            candidates.append(last.meaning.part or _THING)
        if last is None or last.end < match.start:
            candidates += reversed(subjects)
        defaults = list(self._defaults)
        if self._of_something_else(match, first, candidates):
            candidates = [part for part in candidates if part != _PERSON]
            defaults = [part for part in defaults if part != _PERSON]
        elif (candidates or defaults)[0] == _PERSON and (predicate or not self._before_part(match)):
            defaults = [*self._asked_parts(match.meaning), *defaults]
        for part in [*candidates, *defaults]:
            if (sense := self._sense(match.meaning, part)) is not None:
                return Bound(match, sense)
        return None

    def _before_part(self, match: Match) -> bool:
        """ "He has bushy, thick hair": whether a part follows."""
        following = map(self._found.get, range(match.end, match.end + _REACH))
        return any(other is not None and other.meaning.part is not None for other in following)

    def _of_something_else(self, match: Match, first: int, candidates: Sequence[str]) -> bool:
        """Whether a quality that nothing else names is none of the person's."""
        nearest = candidates[0] if candidates else self._defaults[0]
        if nearest in self._apart:
            return True
        if len(match.meaning.qualities) == 1:
            return False  # "her eyes look sad" is said of her
        if self._after_clothes(match, first):
            return True
        return nearest != _PERSON and nearest not in self._also.get(_PERSON, ())

    def _after_clothes(self, match: Match, first: int) -> bool:
        """ "wearing black", "in red and black": a colour that stands for clothes."""
        for place in range(match.start - 1, max(first - 1, match.start - 5), -1):
            word = self._words[place]
            if word in CLOTHED:
                return True
            if (word in STOPS and word != "and") or word in COPULAS or word in DETERMINERS:
                return False
            if (other := self._found.get(place)) is not None and not other.meaning.qualities:
                return False
        return False

    def _noun(self, match: Match, end: int) -> tuple[Match | None, bool]:
        """The part that the quality's noun phrase names, and whether it names something else."""
        place, unknown, crossed = match.end, 0, False
        # After an article there must be a noun: "a white and blue shirt".
        before = match.start - 1
        while match.start - before < _REACH and before > 0 and self._words[before] in ADVERBS:
            before -= 1
        headed = before >= 0 and self._words[before] in ("a", "an")
        stop = min(end, match.end + _REACH)
        while place < stop:
            word = self._words[place]
            if (other := self._found.get(place)) is not None:
                meaning = other.meaning
                if meaning.part is not None:
                    second = self._found.get(other.end + 1)
                    if self._sense(match.meaning, meaning.part) is None and second is not None:
                        # "bushy hair and eyebrows"
                        other = second if self._words[other.end] == "and" else other
                    fits = self._sense(match.meaning, other.meaning.part) is not None
                    return (other, False) if fits else (None, headed or not crossed)
                if meaning.plain is not None and not meaning.adjective and not meaning.qualities:
                    return None, headed or not crossed
                place, unknown = other.end, 0
            elif word in (",", "and", "or") and not unknown:
                crossed = True
                place += 1
                if place < stop and (self._words[place] in DETERMINERS):
                    return None, False
            elif word in ADVERBS or word.endswith("ly"):
                place += 1
            elif word in PHRASE_ENDS:
                break
            else:
                unknown += 1
                if unknown > _UNKNOWN:
                    break
                place += 1
        return None, unknown > 0 and (headed or not crossed)

    def _shared(self, match: Match, noun: Match, end: int) -> tuple[int, ...]:
        """ "brown hair and eyes": a second part that the quality belongs to as well."""
        place = noun.end
        if place + 1 < end and self._words[place] == "and":
            other = self._found.get(place + 1)
            if other is not None and self._sense(match.meaning, other.meaning.part) is not None:
                return (other.start,)
        return ()

    def _follows(self, match: Match, last: Match, first: int) -> bool:
        """Whether a quality stands right after a part or a thing, and may belong to it."""
        if last.end == match.start and self._sense(match.meaning, last.meaning.part) is None:
            # Of whom "Is the woman in the photo young?" asks is not the photograph.
            return not self._after_preposition(last, first)
        return self._linked(last.end, match.start)

    def _linked(self, start: int, end: int) -> bool:
        """Whether only a relative pronoun with its verb, or adverbs, stand between two words."""
        if end - start > _REACH:
            return False
        between = self._words[start:end]
        if not all(word in _LINKS for word in between):
            return False
        return not (set(between) & COPULAS) or between[0] in RELATIVE

    def _elliptic(self, start: int, end: int) -> bool:
        """Whether a quality is set against that of a part before: "brown hair, not black"."""
        between = self._words[start:end] if end - start <= _REACH else ()
        qualities = {
            place
            for at in range(start, end)
            if (other := self._found.get(at)) is not None and other.meaning.qualities
            for place in range(at, other.end)
        }
        return not AGAINST.isdisjoint(between) and all(
            word in ELLIPSIS or place in qualities for place, word in enumerate(between, start)
        )

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
