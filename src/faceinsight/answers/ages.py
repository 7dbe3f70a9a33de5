"""Ages in words and numbers, read as ranges of years: "in her late thirties", "35 y/o", "70+"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from faceinsight.answers.grammar import (
    APPROXIMATELY,
    BOUNDS,
    DETERMINERS,
    OR_OLDER,
    OR_YOUNGER,
    POSSESSIVES,
    TABLE,
    Clause,
    Rules,
)
from faceinsight.answers.settings import Years
from faceinsight.answers.words import Normaliser, Words

OLDEST = 120

NUMBERS = {word: number for number, word in enumerate(TABLE["numbers"].split())}
TENS = {word: 10 * number for number, word in enumerate(TABLE["tens"].split(), 2)}
DECADES = {"teens": 10} | {f"{word[:-1]}ies": number for word, number in TENS.items()}

_UNITS, _PARTS_OF_DECADE = TABLE["units"], TABLE["parts_of_decade"]
_BESIDE = Rules("beside_ages")

_OR = 5
""" "5 or 6 years old" is a range; of numbers further apart, "or" leaves one open."""


@dataclass(frozen=True)
class Age:
    """One age that a text names.

    Attributes:
        end: the word after it.
        years: first and last year.
        sure: whether its own words show that it is an age ("35 years old", not "35").
        plain: whether it could be the name of a class ("20-29").
    """

    end: int
    years: Years
    sure: bool
    plain: bool = False


_AROUND = (
    APPROXIMATELY
    | BOUNDS
    | POSSESSIVES
    | DETERMINERS
    | set("()[]{}.,")
    | {
        *("in", "from", "between", "year", "range", "group", *_PARTS_OF_DECADE),
    }
)
_AS_WORDS = tuple(
    (re.compile(pattern), form)
    for pattern, form in (
        (r"(?<=\d)\.\d+(?![\d.])", ""),
        (r"(?<=\ds)\s*-\s*(?=\d)", " to "),
        (r"\A\s*-|-\s*\Z", " none "),
        (r"(?<=\d)\s*(?:[,;~]\s*|\s)(?=\d)", "-"),
        (r">=?|≥|\b(?:more|older|greater) than\b", " at least "),
        (r"\b(?:over|above|beyond|past)\b(?=\W*\d)", " at least "),
        (r"<=|≤", " at most "),
        (r"<", " under "),
        (r"(?<=[\d+])\s*y\b(?!\W*o)", " years"),
    )
)

_RANGES = frozenset({"range", "group", "bracket", "category"})


def years_of(text: str) -> Years | None:
    """First and last year of a text that is an age and nothing else; the last may be open.

    "31", "31.4 years", "25-35", "(25, 32)", "70+", "60 or older", "under 5", "early thirties", "in
    his 40s", "Low: 20, High: 28". Years are those completed, so 29.6 is 29, and "more than 70"
    begins with 70, as classes are called that follow upon 60-69.
    """
    plain = text.replace("_", " ").lower()
    bounds = [re.search(rf"\b(?:{name})\w*\W+(\d+)", plain) for name in ("low|min", "high|max")]
    if bounds[0] and bounds[1]:
        plain = f"{bounds[0][1]}-{bounds[1][1]}"
    for pattern, form in _AS_WORDS:
        plain = pattern.sub(form, plain)
    words = Normaliser({})(plain)
    clause = Clause(words.words)
    ages = ((at, read_age(words, clause, at, 0)) for at in range(len(words)))
    at, age = next(((at, age) for at, age in ages if age is not None), (0, None))
    rest = {*words.words[:at], *words.words[age.end :]} if age else {""}
    if age is None or not rest <= _AROUND or (age.years[1] or OLDEST) < age.years[0]:
        return None
    return age.years


def read_age(words: Words, clause: Clause, start: int, first: int) -> Age | None:
    """The age that begins at word `start`, if a number or a decade does.

    Args:
        words: the text.
        clause: the words among which the age stands.
        start: where it may begin.
        first: where the clause begins.
    """
    end = first + len(clause)
    if (decade := _decade(words, start)) is not None:
        return _of_decade(words, clause, start, first, decade)
    low, place = _number(words.words, start, end)
    if low is None:
        return None
    high: int | None = low
    ranged = False
    if place < end and words.words[place] in ("-", "to", "and", "or", "–"):
        joint = words.words[place]
        other, after = _number(words.words, place + 1, end)
        fits = other is not None and low <= other <= (low + _OR if joint == "or" else OLDEST)
        if fits and (joint != "and" or "between" in words.words[max(first, start - 4) : start]):
            high, place, ranged = other, after, True
    sure = ranged and words.words[start - 1 : start] == ["between"]
    if (suffix := _suffix(words.words, place, end)) is not None:
        (low, high), place, sure = _open(low, suffix), place + (1 if suffix == "+" else 2), True
    unit, place, old = _unit(words.words, place, end)
    if unit is None and words.words[place : place + 1] == ["or"]:
        _, after = _number(words.words, place + 1, end)
        old = _unit(words.words, after, end)[2]  # "25 or 45 years old"
    said = _beside(clause, start - first, place - first)
    if unit is None and sure and not ranged and "ends" not in said:
        sure = False  # "at least 2 men"
    if unit is not None and unit > 1:
        low, high = low // unit, None if high is None else high // unit
    if not ranged and (suffix := _suffix(words.words, place, end)) is not None:
        (low, high), place, old = _open(low, suffix), place + (1 if suffix == "+" else 2), True
        said = _beside(clause, start - first, place - first)
    bound = next((name for name in ("over", "under", "least", "most") if name in said), None)
    if bound is not None and not ranged and high is not None:
        low, high = {
            "over": (low + 1, None),
            "least": (low, None),
            "under": (0, max(low - 1, 0)),
            "most": (0, low),
        }[bound]
    if low > OLDEST or "none" in said:
        return None
    ends = "ends" in said
    sure = (sure and unit is None) or old or (unit is not None and ends) or "aged" in said
    return Age(place, (low, high), sure or (ends and "person" in said), ranged)


def _beside(clause: Clause, start: int, stop: int) -> set[str]:
    """What the words before and after an age say of it."""
    return {found.rule["says"] for found in _BESIDE.all_at(clause, stop, before=start)}


def _decade(words: Words, place: int) -> int | None:
    raw = words.raw[place].replace("'", "")
    if raw in DECADES:
        return DECADES[raw]
    if raw.endswith("0s") and len(raw) == 3 and raw[0] != "0":
        return int(raw[:2])
    return None


def _of_decade(
    words: Words, clause: Clause, start: int, first: int, decade: int, since: int = 0
) -> Age:
    end, since = first + len(clause), max(first, since)
    qualifiers = [w for w in words.words[max(since, start - 3) : start] if w in _PARTS_OF_DECADE]
    low, high = decade, decade + 9
    if qualifiers:
        offsets = [_PARTS_OF_DECADE[word] for word in qualifiers]
        low, high = decade + min(o[0] for o in offsets), decade + max(o[1] for o in offsets)
    place = start + 1
    last: int | None = high
    if place + 1 < end and words.words[place] in ("to", "-"):
        onward = place + 1
        while onward < end and (
            words.words[onward] in _PARTS_OF_DECADE or words.words[onward] in POSSESSIVES
        ):
            onward += 1
        other = _decade(words, onward) if onward < end else None
        if other is not None and other > decade:
            inner = _of_decade(words, clause, onward, first, other, since=place)
            place, last = inner.end, inner.years[1]
    if (suffix := _suffix(words.words, place, end)) is not None:
        last = None if suffix in OR_OLDER or suffix == "+" else last
        place += 1 if suffix == "+" else 2
    before = words.words[max(since, start - 4) : start]
    aged = "aged" in _beside(clause, start - first, place - first)
    sure = bool(qualifiers) or bool(POSSESSIVES & set(before)) or aged
    return Age(place, (low, last), sure, True)


def _number(words: Sequence[str], place: int, end: int) -> tuple[int | None, int]:
    """A number in digits or words, and the word after it."""
    if place >= end:
        return None, place
    word = words[place]
    if word.isdecimal() and len(word) <= 3:
        return int(word), place + 1
    if word in TENS:
        if place + 1 < end and 0 < NUMBERS.get(words[place + 1], 0) < 10:
            return TENS[word] + NUMBERS[words[place + 1]], place + 2
        return TENS[word], place + 1
    if word in NUMBERS:
        return NUMBERS[word], place + 1
    return None, place


def _suffix(words: Sequence[str], place: int, end: int) -> str | None:
    """ "+", or the word of "or older", "and above", "or younger"."""
    if place < end and words[place] in ("+", "plus"):
        return "+"
    if place + 1 < end and words[place] in ("or", "and"):
        word = words[place + 1]
        if word in OR_OLDER or word in OR_YOUNGER:
            return word
    return None


def _open(number: int, suffix: str) -> Years:
    return (0, number) if suffix in OR_YOUNGER else (number, None)


def _unit(words: Sequence[str], place: int, end: int) -> tuple[int | None, int, bool]:
    """Unit after a number (as parts of a year), the word after it, and whether it says "old"."""
    if place + 2 < end and tuple(words[place : place + 3]) == ("y", "/", "o"):
        return 1, place + 3, True
    if words[place : place + 1] == ["age"] and {*words[place + 1 : place + 2]} & _RANGES:
        return 1, place + 2, True  # "the 20-29 age group"
    if place < end and words[place] in _UNITS:
        unit = _UNITS[words[place]]
        old = words[place] == "yo"
        place += 1
        if place < end and words[place] in ("old", "older", "young"):
            return unit, place + (words[place] != "older"), True
        if place + 1 < end and words[place] == "of" and words[place + 1] == "age":
            return unit, place + 2, True
        return unit, place, old
    return None, place, False


def classes_of(classes: dict[str, Years], years: Years) -> list[str]:
    """The classes that have a year in common with a range."""
    low, high = years
    return [
        id_
        for id_, (first, last) in classes.items()
        if (high is None or first <= high) and (last is None or last >= low)
    ]


def class_of(classes: dict[str, Years], years: Years) -> str | None:
    """The one class that a range means: the only one it touches, or the one with most of its years.

    None if it holds two classes whole, or two have equally many of its years.
    """
    touched = classes_of(classes, years)
    if len(touched) == 1:
        return touched[0]
    low, high = years
    if high is None:
        return None
    shares: dict[str, int] = {}
    whole = 0
    for id_ in touched:
        first, last = classes[id_]
        shares[id_] = min(high, high if last is None else last) - max(low, first) + 1
        whole += last is not None and low <= first and last <= high
    best = max(shares.values(), default=0)
    found = [id_ for id_, share in shares.items() if share == best]
    return found[0] if len(found) == 1 and whole < 2 else None
