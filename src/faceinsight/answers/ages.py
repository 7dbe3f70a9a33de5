"""Ages in words and numbers, read as ranges of years: "in her late thirties", "35 y/o", "70+"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from faceinsight.answers import grammar
from faceinsight.answers.grammar import TABLE, Marked, Rules
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
    *(grammar.APPROXIMATELY | grammar.BOUNDS | grammar.POSSESSIVES | grammar.DETERMINERS),
    *("in", "from", "between", "year", "range", "group", *_PARTS_OF_DECADE, *"()[]{}.,"),
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
    marked = Marked(words.words)
    ages = ((at, read_age(words, marked, at)) for at in range(len(words)))
    at, age = next(((at, age) for at, age in ages if age is not None), (0, None))
    rest = {*words.words[:at], *words.words[age.end :]} if age else {""}
    if age is None or not rest.issubset(_AROUND) or (age.years[1] or OLDEST) < age.years[0]:
        return None
    return age.years


def read_age(clause: Words, marked: Marked, start: int) -> Age | None:
    """The age that begins at word `start`, if a number or a decade does.

    Args:
        clause: the words among which the age stands.
        start: where it may begin.
    """
    if (decade := _decade(clause, start)) is not None:
        return _of_decade(clause, marked, start, decade)
    words = clause.words
    low, place = _number(words, start)
    if low is None:
        return None
    high: int | None = low
    ranged = False
    if place < len(words) and (joint := words[place]) in ("-", "to", "and", "or", "–"):
        other, after = _number(words, place + 1)
        fits = other is not None and low <= other <= (low + _OR if joint == "or" else OLDEST)
        if fits and (joint != "and" or "between" in words[max(0, start - 4) : start]):
            high, place, ranged = other, after, True
    sure = ranged and words[start - 1 : start] == ["between"]
    if (opened := _open(words, place, low)) is not None:
        (low, high), place = opened
        sure = True
    unit, place, old = _unit(words, place)
    if unit is None and words[place : place + 1] == ["or"]:
        old = _unit(words, _number(words, place + 1)[1])[2]  # "25 or 45 years old"
    said = _beside(marked, start, place)
    if unit is None and sure and not ranged and "ends" not in said:
        sure = False  # "at least 2 men"
    if unit is not None and unit > 1:
        low, high = low // unit, None if high is None else high // unit
    if not ranged and (opened := _open(words, place, low)) is not None:
        (low, high), place = opened
        old = True
        said = _beside(marked, start, place)
    if not ranged and high is not None:
        bounds: dict[str, Years] = {
            "over": (low + 1, None),
            "under": (0, max(low - 1, 0)),
            "least": (low, None),
            "most": (0, low),
        }
        low, high = next((years for name, years in bounds.items() if name in said), (low, high))
    if low > OLDEST or "none" in said or ("counted" in said and not ranged):
        return None
    ends = "ends" in said
    sure = (sure and unit is None) or old or (unit is not None and ends) or "aged" in said
    return Age(place, (low, high), sure or (ends and "person" in said), ranged)


def _beside(marked: Marked, start: int, stop: int) -> set[str]:
    """What the words before and after an age say of it."""
    return {found.rule["says"] for found in _BESIDE.all_at(marked, stop, before=start)}


def _decade(clause: Words, place: int) -> int | None:
    raw = clause.raw[place].replace("'", "")
    if raw in DECADES:
        return DECADES[raw]
    if raw.endswith("0s") and len(raw) == 3 and raw[0] != "0":
        return int(raw[:2])
    return None


def _of_decade(clause: Words, marked: Marked, start: int, decade: int, since: int = 0) -> Age:
    """An age of a decade that stands at `start`, whose qualifiers begin no earlier than `since`."""
    words = clause.words
    qualifiers = [w for w in words[max(since, start - 3) : start] if w in _PARTS_OF_DECADE]
    parts = [_PARTS_OF_DECADE[word] for word in qualifiers] or [(0, 9)]
    low, last = decade + min(part[0] for part in parts), decade + max(part[1] for part in parts)
    place = start + 1
    years: Years = (low, last)
    if words[place : place + 1] in (["to"], ["-"]):
        onward = place + 1
        while onward < len(words) and (
            words[onward] in _PARTS_OF_DECADE or words[onward] in grammar.POSSESSIVES
        ):
            onward += 1
        other = _decade(clause, onward) if onward < len(words) else None
        if other is not None and other > decade:
            inner = _of_decade(clause, marked, onward, other, since=place)
            place, years = inner.end, (low, inner.years[1])
    if (opened := _open(words, place, low)) is not None:
        (first, end), place = opened
        years = years if end is not None else (first, None)
    his = not grammar.POSSESSIVES.isdisjoint(words[max(since, start - 4) : start])
    aged = "aged" in _beside(marked, start, place)
    return Age(place, years, bool(qualifiers) or his or aged, True)


def _number(words: Sequence[str], place: int) -> tuple[int | None, int]:
    """A number in digits or words, and the word after it."""
    word, following = [*words[place : place + 2], "", ""][:2]
    if word.isdecimal() and len(word) <= 3:
        return int(word), place + 1
    if word in TENS and 0 < NUMBERS.get(following, 0) < 10:
        return TENS[word] + NUMBERS[following], place + 2
    number = TENS.get(word, NUMBERS.get(word))
    return number, place + (number is not None)


def _open(words: Sequence[str], place: int, low: int) -> tuple[Years, int] | None:
    """Years of "+", "or older" or "and younger" behind a number, and the word after."""
    if words[place : place + 1] in (["+"], ["plus"]):
        return (low, None), place + 1
    if words[place : place + 1] in (["or"], ["and"]) and place + 1 < len(words):
        if words[place + 1] in grammar.OR_YOUNGER:
            return (0, low), place + 2
        if words[place + 1] in grammar.OR_OLDER:
            return (low, None), place + 2
    return None


def _unit(words: Sequence[str], place: int) -> tuple[int | None, int, bool]:
    """Unit after a number (as parts of a year), the word after it, and whether it says "old"."""
    word, following, third = [*words[place : place + 3], "", "", ""][:3]
    if (word, following, third) == ("y", "/", "o"):
        return 1, place + 3, True
    if word == "age" and following in _RANGES:
        return 1, place + 2, True  # "the 20-29 age group"
    if word not in _UNITS:
        return None, place, False
    unit: int = _UNITS[word]
    if following in ("old", "older", "young"):
        return unit, place + (1 if following == "older" else 2), True
    if (following, third) == ("of", "age"):
        return unit, place + 3, True
    return unit, place + 1, word == "yo"


def classes_of(classes: Mapping[str, Years], years: Years) -> list[str]:
    """The classes that have a year in common with a range."""
    low, high = years
    return [
        id_
        for id_, (first, last) in classes.items()
        if (high is None or first <= high) and (last is None or last >= low)
    ]


def class_of(classes: Mapping[str, Years], years: Years) -> str | None:
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
