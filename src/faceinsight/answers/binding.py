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
from dataclasses import dataclass, field

from faceinsight.answers import grammar
from faceinsight.answers.meanings import Match, Meaning, Sense

_REACH = 10
_UNKNOWN = 3
_PERSON, _THING = "person", ""
_LINKS = grammar.COPULAS | grammar.ADVERBS | grammar.RELATIVE
_NO_CLOTHES = (grammar.STOPS - {"and"}) | grammar.COPULAS | grammar.DETERMINERS


@dataclass(frozen=True)
class Bound:
    """A quality and what it is said of.

    Attributes:
        match: the quality.
        sense: its sense there; it says nothing where it is said of what cannot have it.
        nouns: starts of the parts that its noun phrase names; none if the part is elsewhere.
    """

    match: Match
    sense: Sense = field(default_factory=Sense)
    nouns: tuple[int, ...] = ()


class Binder:
    """Binds the qualities of one stretch of words.

    Args:
        words: of the stretch.
        matches: phrases found among them.
        subject: the part that they are about unless they tell another; None is the person.
        also: part to parts that may stand for it.
        apart: parts that are not of the person, whose qualities are none of the person's.
        asked: ids that are asked about.
    """

    def __init__(
        self,
        words: Sequence[str],
        matches: Sequence[Match],
        subject: str | None,
        also: Mapping[str, Collection[str]],
        apart: Collection[str],
        asked: frozenset[str],
    ) -> None:
        self._words = words
        self._matches = matches
        self._found = {match.start: match for match in matches}
        self._defaults = [_PERSON] if subject is None else [subject, _PERSON]
        self._also = also
        self._apart = apart
        self._asked = asked

    def bind(self) -> list[Bound]:
        """All qualities with what they are said of, in order."""
        bound = []
        subjects: list[str] = []
        last: Match | None = None
        taking = predicate = False
        place = 0
        for match in self._matches:
            for at in range(place, match.start):
                word = self._words[at]
                taking = taking or word in grammar.TAKING or word == "with"
                predicate = predicate or word in grammar.COPULAS
                if word in grammar.SOMEBODY:
                    subjects.append(_PERSON)
                if word == "to" and at > 0 and self._words[at - 1] in (",", "and", "not"):
                    # "..., and to be smiling" is said of the person again.
                    subjects, last = [], None
            place = match.end
            if match.meaning.qualities:
                told = subjects[-4:]
                if not predicate:
                    # Of the eyes "brown eyes, white" says nothing more than that they are brown.
                    told = [part for part in told if self._sense(match.meaning, part)]
                bound.append(self._bind(match, last, told, predicate) or Bound(match))
            named = _THING if match.meaning.thing else match.meaning.part
            if named is not None:
                last = match
                if not taking and not self._after_preposition(match):
                    subjects.append(named)
                    predicate = False
        return bound

    def _after_preposition(self, match: Match) -> bool:
        before = match.start - 1
        if before > 0 and self._words[before] in grammar.DETERMINERS:
            before -= 1
        return before >= 0 and self._words[before] in grammar.PREPOSITIONS

    def _bind(
        self, match: Match, last: Match | None, subjects: Sequence[str], predicate: bool
    ) -> Bound | None:
        noun, foreign = None, False
        # "Eyes closed, mouth open": closed is what stands before.
        follows = last is not None and last.end == match.start
        if not (follows and self._words[match.end : match.end + 1] == [","]):
            noun, foreign = self._noun(match)
        if noun is not None and (sense := self._sense(match.meaning, noun.meaning.part)):
            return Bound(match, sense, (noun.start, *self._shared(match, noun)))
        if foreign:
            return None
        candidates: list[str] = []
        if last is not None and (
            self._follows(match, last) or self._elliptic(last.end, match.start)
        ):
            # What cannot have the quality keeps it from the person: "eyes black as coal".
            candidates.append(last.meaning.part or _THING)
        if not follows:
            candidates += reversed(subjects)
        defaults = self._defaults
        if self._of_something_else(match, candidates):
            candidates = [part for part in candidates if part != _PERSON]
            defaults = [part for part in defaults if part != _PERSON]
        elif (candidates or defaults)[0] == _PERSON and (predicate or not self._before_part(match)):
            defaults = [*self._asked_parts(match.meaning), *defaults]
        senses = (self._sense(match.meaning, part) for part in [*candidates, *defaults])
        return next((Bound(match, sense) for sense in senses if sense is not None), None)

    def _before_part(self, match: Match) -> bool:
        """ "He has bushy, thick hair": whether a part follows."""
        following = map(self._found.get, range(match.end, match.end + _REACH))
        return any(other is not None and other.meaning.part is not None for other in following)

    def _of_something_else(self, match: Match, candidates: Sequence[str]) -> bool:
        """Whether a quality that nothing else names is none of the person's."""
        nearest = candidates[0] if candidates else self._defaults[0]
        if nearest in self._apart:
            return True
        if len(match.meaning.qualities) == 1:
            return False  # "her eyes look sad" is said of her
        if self._after_clothes(match):
            return True
        return nearest != _PERSON and nearest not in self._also.get(_PERSON, ())

    def _after_clothes(self, match: Match) -> bool:
        """ "wearing black", "in red and black": a colour that stands for clothes."""
        for place in range(match.start - 1, max(-1, match.start - 5), -1):
            word = self._words[place]
            if word in grammar.CLOTHED:
                return True
            if word in _NO_CLOTHES:
                return False
            if (other := self._found.get(place)) is not None and not other.meaning.qualities:
                return False
        return False

    def _noun(self, match: Match) -> tuple[Match | None, bool]:
        """The part that the quality's noun phrase names, and whether it names something else."""
        place, unknown, crossed = match.end, 0, False
        # After an article there must be a noun: "a white and blue shirt".
        before = match.start - 1
        while before > max(0, match.start - _REACH) and self._words[before] in grammar.ADVERBS:
            before -= 1
        headed = before >= 0 and self._words[before] in ("a", "an")
        stop = min(len(self._words), match.end + _REACH)
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
                if meaning.thing:
                    return None, headed or not crossed
                place, unknown = other.end, 0
            elif word in (",", "and", "or") and not unknown:
                crossed = True
                place += 1
                if place < stop and (self._words[place] in grammar.DETERMINERS):
                    return None, False
            elif word in grammar.ADVERBS or word.endswith("ly"):
                place += 1
            elif word in grammar.PHRASE_ENDS:
                break
            else:
                unknown += 1
                if unknown > _UNKNOWN:
                    break
                place += 1
        return None, unknown > 0 and (headed or not crossed)

    def _shared(self, match: Match, noun: Match) -> tuple[int, ...]:
        """ "brown hair and eyes": a second part that the quality belongs to as well."""
        other = self._found.get(noun.end + 1)
        if other is None or self._words[noun.end] != "and":
            return ()
        return (other.start,) if self._sense(match.meaning, other.meaning.part) else ()

    def _follows(self, match: Match, last: Match) -> bool:
        """Whether a quality stands right after a part or a thing, and may belong to it."""
        if last.end == match.start and self._sense(match.meaning, last.meaning.part) is None:
            # Of whom "Is the woman in the photo young?" asks is not the photograph.
            return not self._after_preposition(last)
        # Only a relative pronoun with its verb, or adverbs, may stand between them.
        between = self._words[last.end : match.start]
        if len(between) > _REACH or not _LINKS.issuperset(between):
            return False
        return grammar.COPULAS.isdisjoint(between) or between[0] in grammar.RELATIVE

    def _elliptic(self, start: int, end: int) -> bool:
        """Whether a quality is set against that of a part before: "brown hair, not black"."""
        between = self._words[start:end] if end - start <= _REACH else ()
        qualities = {
            place
            for at in range(start, end)
            if (other := self._found.get(at)) is not None and other.meaning.qualities
            for place in range(at, other.end)
        }
        return not grammar.AGAINST.isdisjoint(between) and all(
            word in grammar.ELLIPSIS or place in qualities
            for place, word in enumerate(between, start)
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
