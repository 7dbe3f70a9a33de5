"""The table of English, `grammar.yml`, made ready: classes of words, and rules as patterns.

Words are joined to one text, each with marks of its own ("hat_T- "), in which the patterns are
regular expressions. The words before a place stand in a second text, the nearest first.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from itertools import accumulate
from typing import Any

import yaml

TABLE: dict[str, Any] = yaml.safe_load(
    files("faceinsight.answers").joinpath("grammar.yml").read_text(encoding="utf-8")
)
_CLASS = re.compile(r"<(\^?)([\w|]+)>(.*)")
_MARKS = "_.. "
_SPECIAL = {
    "T": r"[^ _]++_T. ",
    "B": r"[^ _]++_.B ",
    "ing": rf"[^ _]*?ing{_MARKS}",
    "number": rf"[0-9]++{_MARKS}",
}
_OPERATORS = {"(": "(?:", ".": rf"(?:[^ _]++{_MARKS})", "[": "(", "]": ")", "$": r"\Z"}


def word_class(name: str) -> frozenset[str]:
    """The words of a class of the table."""
    found: set[str] = set()
    for word in TABLE["words"][name].split():
        inner = _CLASS.fullmatch(word)
        found |= word_class(inner[2]) if inner else {word.strip('"').replace("\\n", "\n")}
    return frozenset(found)


WORDS = {name: word_class(name) for name in TABLE["words"]}


def __getattr__(name: str) -> frozenset[str]:
    """A class of words by its name in capitals, e.g. `DETERMINERS`."""
    if name.lower() not in WORDS:
        raise AttributeError(f"grammar.yml has no class of words called {name.lower()}")
    return WORDS[name.lower()]


def _alternatives(words: Collection[str]) -> str:
    return "(?:" + "|".join(map(re.escape, sorted(words))) + ")"


def _regex(pattern: str) -> str:
    """A pattern of the table as a regular expression over marked words."""
    made = []
    for token in pattern.split():
        if token[0] == "{" and token[1:2].isalpha():
            name, _, suffix = token[1:].partition("}")
            made.append(f"(?:{_regex(TABLE['patterns'][name])}){suffix}")
        elif found := _CLASS.fullmatch(token):
            made.append(_of_class(found[2].split("|"), bool(found[1])) + found[3])
        elif token[0] in "(|[]$.)?*+{":
            head = token if token.startswith(("(?", "?", "*", "+", "{")) else token[0]
            made.append(_OPERATORS.get(head, head) + token[len(head) :])
        else:
            word = re.match(r"(.[^?*+{]*)(.*)", token)
            assert word is not None
            made.append(f"(?:{_alternatives(word[1].split('|'))}{_MARKS}){word[2]}")
    return "".join(made)


def _of_class(names: Sequence[str], negated: bool) -> str:
    if names[0] in _SPECIAL:
        return f"(?:{_SPECIAL[names[0]]})"
    any_of = _alternatives(frozenset().union(*(WORDS[name] for name in names)))
    return rf"(?:(?!{any_of}_)[^ _]++{_MARKS})" if negated else f"(?:{any_of}{_MARKS})"


class Marked:
    """Some words in the form in which patterns are looked for.

    Args:
        words: of one clause.
        things: places of words that name what can be taken off.
        bare: places of nouns without the article that they need.
    """

    def __init__(
        self, words: Sequence[str], things: Collection[int] = (), bare: Collection[int] = ()
    ) -> None:
        marked = [
            f"{word}_{'T' if place in things else '-'}{'B' if place in bare else '-'} "
            for place, word in enumerate(words)
        ]
        self.words = words
        self.things = things
        self.text = "".join(marked)
        self.starts = [0, *accumulate(map(len, marked))]
        self._marked = marked

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def backwards(self) -> str:
        """The text with its last word first."""
        return "".join(reversed(self._marked))

    def places(self, found: re.Match[str], backwards: bool) -> range:
        """Places of the words that a match encloses in [ ], or of all."""
        start, end = found.span(found.lastindex or 0)
        if backwards:
            start, end = len(self.text) - end, len(self.text) - start
        return range(bisect_left(self.starts, start), bisect_left(self.starts, end))


@dataclass(frozen=True)
class Found:
    """A rule that fits.

    Attributes:
        rule: its other entries in the table.
        places: of the words that it is about.
        end: the place after the words that its `at` fits.
    """

    rule: dict[str, Any]
    places: range
    end: int


class Rules:
    """One list of rules of the table, of which the first that fits counts."""

    def __init__(self, name: str) -> None:
        self._rules = [
            (
                re.compile(_regex(rule.get("at", ""))),
                re.compile(_regex(rule["behind"])) if "behind" in rule else None,
                rule,
            )
            for rule in TABLE[name]
        ]

    def all_at(self, clause: Marked, place: int, before: int | None = None) -> Iterator[Found]:
        """The rules that fit at a place; `before` is where what is behind ends, if elsewhere."""
        behind_at = len(clause.text) - clause.starts[place if before is None else before]
        for at, behind, rule in self._rules:
            found = at.match(clause.text, clause.starts[place])
            if found is None:
                continue
            back = behind.match(clause.backwards, behind_at) if behind is not None else None
            if behind is not None and back is None:
                continue
            end = bisect_left(clause.starts, found.end())
            if back is not None and back.lastindex:
                yield Found(rule, clause.places(back, backwards=True), place)
            else:
                yield Found(rule, clause.places(found, backwards=False), end)

    def first(self, clause: Marked, place: int, before: int | None = None) -> Found | None:
        """The first that fits at a place, if one does."""
        return next(self.all_at(clause, place, before), None)
