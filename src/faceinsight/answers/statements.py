"""What one clause says: which characteristics it claims present or absent, and what it leaves open.

A clause is a stretch of words, or two of them that are a key and its value. Of each stretch every
phrase makes a statement, with the part that it is about and the negation that reaches it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from faceinsight.answers import grammar
from faceinsight.answers.ages import NUMBERS, OLDEST, Age, read_age
from faceinsight.answers.binding import Binder
from faceinsight.answers.claims import AgeClaim, Claim
from faceinsight.answers.grammar import Marked
from faceinsight.answers.meanings import Match, Meanings, Sense
from faceinsight.answers.negation import Negation
from faceinsight.answers.words import Words

_CHOICE = 6
"""At most so many words stand between two things that "or" joins."""

_AROUND = 10
"""Evidence of a statement is its clause, but no more than so many words on either side."""

_UNSEEN = grammar.PRESENT - {"present"}
_COUNTED = grammar.NUMBERED | grammar.GROUPED


@dataclass(frozen=True)
class Known:
    """What reading knows beforehand.

    Attributes:
        meanings: of the lexicon's phrases.
        also: part to parts that may stand for it.
        apart: parts that are not of the person.
        widest: a range of more years says nothing.
        asked: ids that are asked about.
    """

    meanings: Meanings
    also: Mapping[str, Collection[str]]
    apart: Collection[str]
    widest: int
    asked: frozenset[str] = frozenset()


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
        start: its first word, counted through the text.
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


@dataclass
class Reading:
    """What one clause says, or several.

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

    def add(self, other: Reading) -> None:
        """Take in what a further clause says."""
        self.claims += other.claims
        self.ages += other.ages
        self.refused |= other.refused
        self.told += other.told

    def tell(self, told: Sequence[Statement], words: Words) -> None:
        """Take statements in; where "or" links some, which of them holds is left open."""
        self.told += told
        for statement in _with_choices(told, words):
            self.claims += statement.claims
            if statement.age is not None:
                self.ages.append(statement.age)


def read_clause(words: Words, value: int, context: Context, known: Known) -> Reading:
    """Read a clause; if it is a key and its value, that begins at word `value`, else this is 0.

    A clause that refuses, or that is a condition, claims nothing.
    """
    matches = known.meanings.find(words.words)
    reading = Reading(part=_named_last(matches))
    flags = {match.meaning.flag for match in matches}
    reading.refused = not flags.isdisjoint({"refusal", "disclaimer"})
    if "refusal" in flags or _conditional(words.words):
        return reading
    if value:
        _read_pair(reading, words, value, context, known)
    else:
        reading.tell(_Stretch(words, context, known).statements(), words)
    # "He" and "her" tell the gender, where nothing else does.
    for word in words.words:
        if word in grammar.MASCULINE or word in grammar.FEMININE:
            gender = known.meanings.longest(["man" if word in grammar.MASCULINE else "woman"], 0)
            if gender is not None and gender.meaning.plain and gender.meaning.plain.present:
                ids, evidence = tuple(gender.meaning.plain.present), words.excerpt(0, len(words))
                reading.claims.append(Claim(ids, True, evidence, weak=True))
    return reading


def read_heading(words: Words, known: Known) -> Context:
    """What stands below a heading, or after a key, inherits from its words."""
    there = set(words.words)
    denied = bool(there & (grammar.NEGATORS | grammar.ABSENT))
    return Context(
        subject=_named_last(known.meanings.find(words.words)),
        denied=denied,
        missing=denied and there.isdisjoint(_UNSEEN),
        age=bool(there & {"age", "aged", "year"}),
    )


def _read_pair(reading: Reading, words: Words, value: int, context: Context, known: Known) -> None:
    """ "key: value": yes or no settles the key; any other value is said of the key."""
    key, rest = words.part(0, value - 1), words.part(value, len(words))
    answer = _yes_or_no(rest.words)
    none = rest.words[0] in grammar.NOTHING and rest.words[1:2] in ([], [","])
    of_key = _Stretch(key, Context(denied=answer is False, missing=none), known)
    told = [statement for statement in of_key.statements() if statement.claims]
    if answer is not None:
        reading.claims += [claim for statement in told for claim in statement.claims]
    inherited = read_heading(key, known)
    of_value = Context(
        subject=context.subject if inherited.subject is None else inherited.subject,
        denied=context.denied or (inherited.denied and not told),
        missing=context.missing or (inherited.missing and not told),
        # "Score: 31" names no age.
        age=inherited.age or (context.age and _COUNTED.isdisjoint(key.words)),
    )
    said = _Stretch(rest, of_value, known).statements()
    reading.tell(said, rest)
    silent = not any(one.claims or one.age is not None for one in said)
    if answer is None and silent and grammar.NEGATORS.isdisjoint(rest.words):
        # "Beard: short" means that there is one.
        nouns = {
            match.start + key.first
            for match in of_key.matches
            if match.meaning.plain and not match.meaning.adjective
        }
        reading.claims += [
            Claim(claim.ids, claim.present, claim.evidence, weak=True)
            for statement in told
            if statement.start in nouns
            for claim in statement.claims
        ]


def _yes_or_no(words: Sequence[str]) -> bool | None:
    """Whether the value of a key means yes, no, or neither."""
    word, following = [*words, ""][:2]
    if word.replace(".", "", 1).isdecimal() and following in ("%", ""):
        share = float(word) / (100 if following == "%" else 1)
        return share >= 0.5 if share <= 1 else None
    if word == "not" and following in grammar.PRESENT | grammar.YES | {"wearing"}:
        return False
    if following == "off" and word in ("taken", "shaved"):
        return False
    if word in grammar.YES:
        return following != "not"
    return False if word in grammar.NO else None


class _Stretch:
    """Words without a key, and the phrases found among them."""

    def __init__(self, words: Words, context: Context, known: Known) -> None:
        self._words, self._context, self._known = words, context, known
        self.matches = found = known.meanings.find(words.words)
        marked = Marked(words.words, _things(found), self._bare_nouns())
        self._numbers = self._ages_in_numbers(marked)
        self._reach = Negation(marked, _taken(found), context.denied)
        within = {place for at, age in self._numbers for place in range(at, age.end)}
        self._said = [
            match
            for match in found
            if not match.meaning.flag and (match.start not in within or match.meaning.age)
        ]

    def statements(self) -> list[Statement]:
        """What each phrase says, in order."""
        told = [*self._of_phrases(), *self._of_ages()]
        _except(told, self._reach.excepted)
        told = [statement for statement in told if not self._reach.open[statement.start]]
        for statement in told:
            statement.start += self._words.first
            statement.end += self._words.first
        return sorted(told, key=lambda statement: statement.start)

    def _bare_nouns(self) -> set[int]:
        words = self._words.words
        return {
            match.start
            for match in self.matches
            if match.meaning.countable
            and (match.start == 0 or words[match.start - 1] not in grammar.DETERMINERS)
        }

    def _of_phrases(self) -> list[Statement]:
        """Of qualities first, then of what they say nothing of."""
        known, reach = self._known, self._reach
        binder = Binder(
            self._words.words,
            self._said,
            self._context.subject,
            known.also,
            known.apart,
            known.asked,
        )
        found = {match.start: match.meaning for match in self._said}
        qualities: dict[int, set[str]] = {}
        told = []
        for bound in binder.bind():
            match, meaning = bound.match, bound.match.meaning
            no = reach.denied[match.start] or match.start < reach.before
            evidence = self._evidence(match.start, match.end)
            claims = self._claims(bound.sense, no, evidence)
            for noun in bound.nouns:
                qualities.setdefault(noun, set()).update(bound.sense.ids)
            for noun in bound.nouns[1:]:
                other = meaning.qualities.get(found[noun].part or "")
                claims += self._claims(other, no, evidence) if other is not None else []
            asked = any(sense.ids & known.asked for sense in meaning.qualities.values())
            beside = asked and not bound.sense.ids
            told.append(Statement(match.start, match.end, claims, denied=no, beside=beside))
        for match in self._said:
            plain, part = match.meaning.plain, match.meaning.part
            if plain is None:
                continue
            no = reach.denied[match.start] or (match.start < reach.before and part is None)
            said = qualities.get(match.start, set())
            # "Not a young man" does not deny the man; "no heavy makeup" says nothing of other.
            if (no and said) if part == "person" else (said & plain.ids):
                continue
            evidence = self._evidence(match.start, match.end)
            claims = [c for c in self._claims(plain, no, evidence) if not said & {*c.ids}]
            if plain.missing and self._missing(match, no):
                claims += [Claim((id_,), True, evidence) for id_ in plain.missing]
            if claims or not plain.missing:
                told.append(Statement(match.start, match.end, claims, denied=no))
        return told

    def _missing(self, match: Match, no: bool) -> bool:
        if not self._context.denied:
            return self._reach.missing(match.start, match.end, no)
        words = self._words.words
        alone = match.start == 0 or words[match.start - 1] == ","
        return self._context.missing and alone and words[match.end : match.end + 1] in ([], [","])

    def _of_ages(self) -> list[Statement]:
        """Of words for ages that are no numbers, then of numbers."""
        named = {at for at, _ in self._numbers}
        ages = [
            (match.start, match.end, age.years, age.kind)
            for match in self._said
            if (age := match.meaning.age) is not None and match.start not in named
        ]
        ages += [(at, age.end, age.years, 2) for at, age in self._numbers]
        told = []
        for start, end, years, kind in ages:
            no = self._reach.denied[start]
            wide = kind == 2 and years[1] is not None and years[1] - years[0] >= self._known.widest
            # A stage's years are wide, so that its denial excludes none of them.
            if not wide and not (no and kind == 0):
                claim = AgeClaim((years,), kind, no, self._evidence(start, end))
                told.append(Statement(start, end, [], claim, no))
        return told

    def _ages_in_numbers(self, marked: Marked) -> list[tuple[int, Age]]:
        """Ages in numbers, and where each begins."""
        # The word of a decade may also be a word for an age ("teens"): then the decade is read.
        taken = {
            m.start: m.end for m in self.matches if m.meaning.age is None or m.end > m.start + 1
        }
        found = []
        place = 0
        while place < len(self._words):
            age = None if place in taken else read_age(self._words, marked, place)
            if age is None:
                place = max(place + 1, taken.get(place, 0))
                continue
            alone = age.plain and place == 0 and age.end == len(self._words)
            if age.sure or alone or (self._context.age and self._bare_number(place, age.end)):
                found.append((place, age))
            place = age.end
        return found

    def _bare_number(self, place: int, end: int) -> bool:
        """Whether a number that is expected to be an age counts nothing else."""
        words = self._words.words
        small = NUMBERS.get(words[place], 10) < 10
        year = words[place].isdecimal() and int(words[place]) > OLDEST
        return not small and not year and (end >= len(words) or words[end] in grammar.STOPS)

    def _evidence(self, start: int, stop: int) -> str:
        return self._words.excerpt(max(0, start - _AROUND), min(len(self._words), stop + _AROUND))

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
        if self._known.asked.isdisjoint(sense.present):
            loosely = tuple(id_ for id_ in sense.loosely if id_ in self._known.asked)
            claims += [Claim(loosely, True, evidence, weak=True)] if loosely else []
        return claims


def _named_last(matches: Sequence[Match]) -> str | None:
    """The part that is named last, "" for a thing that is no part, None for neither."""
    named = [m.meaning for m in matches if m.meaning.part or m.meaning.thing]
    return (named[-1].part or "") if named else None


def _conditional(words: Sequence[str]) -> bool:
    """Whether a clause leaves open what it says ("if", "whether", but not "as if")."""
    return any(
        word in grammar.CONDITIONS and words[place - 1 : place] != ["as"]
        for place, word in enumerate(words)
    )


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


def _with_choices(told: Sequence[Statement], words: Words) -> list[Statement]:
    """Join what is linked by "or" into one statement that leaves open which of them holds."""
    groups: list[list[Statement]] = []
    for statement in told:
        if statement.claims or statement.age is not None:
            if groups and _linked(groups[-1][-1], statement, words):
                groups[-1].append(statement)
            else:
                groups.append([statement])
    return [_choice(group) if len(group) > 1 else group[0] for group in groups]


def _linked(one: Statement, other: Statement, words: Words) -> bool:
    if one.denied or other.denied or other.start - one.end > _CHOICE:
        return False
    if (one.age is None) != (other.age is None):
        return False
    return "or" in words.words[one.end - words.first : other.start - words.first]


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
