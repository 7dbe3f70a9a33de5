"""Statements of a stretch of words without a key: each phrase with its part and its negation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from faceinsight.answers.ages import NUMBERS, OLDEST, Age, read_age
from faceinsight.answers.binding import Binder, Bound, Match
from faceinsight.answers.claims import AgeClaim, Claim
from faceinsight.answers.grammar import DETERMINERS, STOPS, Clause
from faceinsight.answers.meanings import Sense
from faceinsight.answers.negation import Negation, negation
from faceinsight.answers.words import Words

_CHOICE = 6
"""At most so many words stand between two things that "or" joins."""

_AROUND = 10
"""Evidence of a statement is its clause, but no more than so many words on either side."""


@dataclass
class Context:
    """What a clause inherits from a heading above it, and from the question.

    Attributes:
        subject: part that its qualities describe by default; "" for a thing that is no part.
        denied: whether the heading denies what follows.
        missing: whether what it denies is missing, and not only unseen or without some quality.
        age: whether a bare number is an age.
    """

    subject: str | None = None
    denied: bool = False
    missing: bool = False
    age: bool = False


@dataclass
class Statement:
    """What one phrase says.

    Attributes:
        start: its first word.
        end: the word after its last.
        claims: about characteristics.
        age: about the age.
        denied: whether a negation reaches it.
        beside: whether it says what is asked for, but of something else ("closed" of the eyes).
    """

    start: int
    end: int
    claims: list[Claim]
    age: AgeClaim | None = None
    denied: bool = False
    beside: bool = False


class Stater:
    """Finds the statements of stretches of one text.

    Args:
        words: the text.
        also: part to parts that may stand for it.
        asked: ids that are asked about.
        widest: a range of more years says nothing.
        apart: parts that are not of the person.
    """

    def __init__(
        self,
        words: Words,
        also: Mapping[str, Collection[str]],
        asked: Collection[str],
        widest: int,
        apart: Collection[str] = (),
    ) -> None:
        self._words = words
        self._also = also
        self._asked = frozenset(asked)
        self._widest = widest
        self._apart = apart

    def __call__(
        self, matches: Sequence[Match], first: int, end: int, context: Context
    ) -> list[Statement]:
        """Statements of words `first` up to `end`, in order; `matches` are their phrases."""
        numbers = self._numbers(matches, first, end, context)
        reach = negation(
            self._words.words[first:end],
            taken={at - first for at in _taken(matches)},
            bare={at - first for at in self._bare_nouns(matches, first)},
            things={at - first for at in _things(matches)},
            heading=context.denied,
        )
        within = {place for at, age in numbers for place in range(at, age.end)}
        matches = [
            match
            for match in matches
            if not match.meaning.flag and (match.start not in within or match.meaning.age)
        ]
        found = {match.start: match for match in matches}
        defaults = ["person"] if context.subject is None else [context.subject, "person"]
        binder = Binder(self._words.words, found, self._also, defaults, self._asked, self._apart)
        bound = binder.bind(matches, first, end)
        told = self._of_qualities(bound, found, reach, first, end)
        told += self._of_phrases(matches, bound, reach, first, end, context)
        told += self._of_ages(matches, numbers, reach, first, end)
        _except(told, range(first + reach.excepted.start, first + reach.excepted.stop))
        told = [statement for statement in told if not reach.open[statement.start - first]]
        return sorted(told, key=lambda statement: statement.start)

    def _bare_nouns(self, matches: Sequence[Match], first: int) -> set[int]:
        words = self._words.words
        return {
            match.start
            for match in matches
            if match.meaning.countable
            and (match.start == first or words[match.start - 1] not in DETERMINERS)
        }

    def _of_qualities(
        self,
        bound: list[Bound],
        found: Mapping[int, Match],
        reach: Negation,
        first: int,
        end: int,
    ) -> list[Statement]:
        told = []
        for b in bound:
            at = b.match
            no = reach.denied[at.start - first] or at.start - first < reach.before
            evidence = self._evidence(at.start, at.end, first, end)
            claims = self._claims(b.sense, no, evidence)
            for noun in b.nouns[1:]:
                other = at.meaning.qualities.get(found[noun].meaning.part or "")
                claims += self._claims(other, no, evidence) if other is not None else []
            asked = any(sense.ids & self._asked for sense in at.meaning.qualities.values())
            beside = asked and not b.sense.ids
            told.append(Statement(at.start, at.end, claims, denied=no, beside=beside))
        return told

    def _of_phrases(
        self,
        matches: Sequence[Match],
        bound: list[Bound],
        reach: Negation,
        first: int,
        end: int,
        context: Context,
    ) -> list[Statement]:
        qualities: dict[int, set[str]] = {}
        for b in bound:
            for noun in b.nouns:
                qualities.setdefault(noun, set()).update(b.sense.ids)
        told = []
        for match in matches:
            meaning = match.meaning
            if meaning.plain is None:
                continue
            no = reach.denied[match.start - first]
            no = no or (match.start - first < reach.before and meaning.part is None)
            said = qualities.get(match.start, set())
            if meaning.part == "person":
                if no and said:
                    continue  # "not a young man" does not deny the man
            elif said & meaning.plain.ids:
                continue  # "no heavy makeup" says nothing of other makeup
            evidence = self._evidence(match.start, match.end, first, end)
            claims = [c for c in self._claims(meaning.plain, no, evidence) if not said & {*c.ids}]
            if meaning.plain.missing and self._missing(match, no, reach, first, end, context):
                claims += [Claim((id_,), True, evidence) for id_ in meaning.plain.missing]
            if claims or not meaning.plain.missing:
                told.append(Statement(match.start, match.end, claims, denied=no))
        return told

    def _missing(
        self, match: Match, no: bool, reach: Negation, first: int, end: int, context: Context
    ) -> bool:
        words = self._words.words
        if context.denied:
            alone = match.start == first or words[match.start - 1] == ","
            return context.missing and alone and (match.end == end or words[match.end] == ",")
        return reach.missing(match.start - first, match.end - first, no)

    def _of_ages(
        self,
        matches: Sequence[Match],
        numbers: Sequence[tuple[int, Age]],
        reach: Negation,
        first: int,
        end: int,
    ) -> list[Statement]:
        told = []
        named = {at for at, _ in numbers}
        for match in matches:
            age, no = match.meaning.age, reach.denied[match.start - first]
            # A stage's years are wide, so that its denial excludes none of them.
            if age is not None and match.start not in named and not (no and age.stage):
                evidence = self._evidence(match.start, match.end, first, end)
                claim = AgeClaim(((age.first, age.last),), 0 if age.stage else 1, no, evidence)
                told.append(Statement(match.start, match.end, [], claim, no))
        for at, found in numbers:
            low, high = found.years
            if high is None or high - low < self._widest:
                no = reach.denied[at - first]
                evidence = self._evidence(at, found.end, first, end)
                claim = AgeClaim((found.years,), 2, no, evidence)
                told.append(Statement(at, found.end, [], claim, no))
        return told

    def _numbers(
        self, matches: Sequence[Match], first: int, end: int, context: Context
    ) -> list[tuple[int, Age]]:
        """Ages in numbers, and where each begins."""
        # The word of a decade may also be a word for an age ("teens"): then the decade is read.
        taken = {m.start: m.end for m in matches if m.meaning.age is None or m.end > m.start + 1}
        found = []
        place = first
        clause = Clause(self._words.words[first:end])
        while place < end:
            age = None if place in taken else read_age(self._words, clause, place, first)
            if age is None:
                place = max(place + 1, taken.get(place, 0))
                continue
            alone = age.plain and place == first and age.end == end
            if age.sure or alone or (context.age and self._bare_number(place, age.end, end)):
                found.append((place, age))
            place = age.end
        return found

    def _bare_number(self, place: int, place_end: int, end: int) -> bool:
        """Whether a number that is expected to be an age counts nothing else."""
        words = self._words.words
        small = NUMBERS.get(words[place], 10) < 10
        year = words[place].isdecimal() and int(words[place]) > OLDEST
        return not small and not year and (place_end >= end or words[place_end] in STOPS)

    def _evidence(self, start: int, stop: int, first: int, end: int) -> str:
        return self._words.excerpt(max(first, start - _AROUND), min(end, stop + _AROUND))

    def _claims(self, sense: Sense, no: bool, evidence: str) -> list[Claim]:
        if no:
            claims = [Claim((id_,), False, evidence) for id_ in sense.denied_each]
            claims += [Claim((id_,), True, evidence) for id_ in sense.denied_present]
            if sense.denied_absent:
                claims.append(Claim(tuple(sense.denied_absent), False, evidence))
            return claims
        claims = [Claim((id_,), False, evidence) for id_ in sense.absent]
        if sense.present:
            claims.append(Claim(tuple(sense.present), True, evidence))
        if self._asked.isdisjoint(sense.present):
            loosely = tuple(id_ for id_ in sense.loosely if id_ in self._asked)
            claims += [Claim(loosely, True, evidence)] if loosely else []
        return claims


def _taken(matches: Sequence[Match]) -> set[int]:
    """Places of words that belong to longer phrases, or to such that are to be ignored."""
    return {
        place
        for match in matches
        if match.end > match.start + 1 or match.meaning.flag
        for place in range(match.start, match.end)
    }


def _things(matches: Sequence[Match]) -> set[int]:
    """Places of words that name what can be taken off: neither persons nor what they are."""
    return {
        place
        for match in matches
        if (sense := match.meaning.plain) is not None
        and not (match.meaning.adjective or sense.missing or match.meaning.part == "person")
        for place in range(match.start, match.end)
    }


def _except(told: Sequence[Statement], places: range) -> None:
    """What is named as an exception holds against what the other words say."""
    there = {
        (id_, claim.present)
        for statement in told
        if statement.start in places
        for claim in statement.claims
        for id_ in claim.ids
    }
    for statement in told:
        if there and statement.start not in places:
            statement.claims = [
                claim
                for claim in statement.claims
                if not there & {(id_, not claim.present) for id_ in claim.ids}
            ]


def with_choices(told: Sequence[Statement], words: Words) -> list[Statement]:
    """Join what is linked by "or" into one statement that leaves open which of them holds."""
    told = [statement for statement in told if statement.claims or statement.age is not None]
    joined: list[Statement] = []
    group: list[Statement] = []
    for place, statement in enumerate(told):
        group.append(statement)
        following = told[place + 1] if place + 1 < len(told) else None
        if following is None or not _linked(statement, following, words):
            joined += [_choice(group)] if len(group) > 1 else group
            group = []
    return joined


def _linked(one: Statement, other: Statement, words: Words) -> bool:
    if one.denied or other.denied or other.start - one.end > _CHOICE:
        return False
    if (one.age is None) != (other.age is None):
        return False
    return "or" in words.words[one.end : other.start]


def _choice(group: list[Statement]) -> Statement:
    ages = [statement.age for statement in group if statement.age is not None]
    age = None
    if ages:
        years = tuple(years for claim in ages for years in claim.years)
        age = AgeClaim(years, max(claim.kind for claim in ages), False, ages[0].evidence)
    claims = [claim for statement in group for claim in statement.claims]
    sides = [{(id_, c.present) for c in s.claims for id_ in c.ids} for s in group]
    shared = set.intersection(*sides)
    named = dict.fromkeys(id_ for claim in claims if claim.present for id_ in claim.ids)
    present = tuple(id_ for id_ in named if (id_, True) in shared)
    evidence = claims[0].evidence if claims else ""
    told = [Claim((id_,), False, evidence) for id_, yes in sorted(shared) if not yes]
    if present:
        told.append(Claim(present, True, evidence))
    elif named:
        told.append(Claim(tuple(named), True, evidence, either=True))
    return Statement(group[0].start, group[-1].end, told, age)
