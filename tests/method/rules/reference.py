"""An independent reading of rules: text made together with a plain Python function.

Nothing of the parser or compiler is used in it, so what they make of a text can be checked against
what the text was made to mean.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from faceinsight.method.rules.compiler import RuleSet

Assignment = dict[str, bool]

LETTERS = ("A", "B", "5_o_C", "D", "E", "F")


@dataclass
class Made:
    """A rule's text and what it says of an assignment."""

    text: str
    holds: Callable[[Assignment], bool]

    def __repr__(self) -> str:
        return self.text


def assignments(ids: Sequence[str]) -> list[Assignment]:
    return [
        dict(zip(ids, values, strict=True))
        for values in itertools.product([False, True], repeat=len(ids))
    ]


def table(ids: Sequence[str]) -> np.ndarray:
    """All 2^K assignments, bool [2^K, K]."""
    return np.array([[a[id_] for id_ in ids] for a in assignments(ids)])


def _atom(id_: str) -> Made:
    return Made(id_, lambda a: a[id_])


def _count(words: str, members: tuple[str, ...]) -> Made:
    allowed = {
        "exactly": lambda n: n == 1,
        "at least": lambda n: n >= 1,
        "at most": lambda n: n <= 1,
    }[words]
    text = f"{words} one of {{{', '.join(members)}}}"
    return Made(text, lambda a: allowed(sum(a[m] for m in members)))


def _not(one: Made) -> Made:
    return Made(f"not ({one.text})", lambda a: not one.holds(a))


def _two(left: Made, sign: str, right: Made) -> Made:
    meaning = {
        "and": lambda a: left.holds(a) and right.holds(a),
        "or": lambda a: left.holds(a) or right.holds(a),
        "->": lambda a: right.holds(a) if left.holds(a) else True,
        "<->": lambda a: left.holds(a) == right.holds(a),
    }[sign]
    return Made(f"({left.text}) {sign} ({right.text})", meaning)


def rules(ids: Sequence[str] = LETTERS) -> st.SearchStrategy[Made]:
    """Rules that can be broken and can hold, with characteristics repeated at will."""
    atoms = st.sampled_from(ids).map(_atom)
    members = st.lists(st.sampled_from(ids), min_size=2, max_size=len(ids), unique=True)
    counts = st.builds(
        _count, st.sampled_from(["exactly", "at least", "at most"]), members.map(tuple)
    )
    signs = st.sampled_from(["and", "or", "->", "<->"])
    some = st.recursive(
        atoms | counts,
        lambda inner: st.builds(_not, inner) | st.builds(_two, inner, signs, inner),
        max_leaves=8,
    )
    every = assignments(ids)
    return some.filter(lambda made: len({made.holds(a) for a in every}) == 2)


def consistent(made: Sequence[Made], ids: Sequence[str] = LETTERS) -> np.ndarray:
    """bool [2^K], the rows of `table(ids)` that break none of the rules."""
    return np.array([all(rule.holds(a) for rule in made) for a in assignments(ids)])


def compiled(*texts: str, ids: Sequence[str] = LETTERS) -> RuleSet:
    """The texts as rules of a set."""
    return RuleSet(ids, [(text, "made for a test", "exclusion") for text in texts])
