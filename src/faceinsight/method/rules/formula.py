"""Formulas over characteristics: the tree that rules are parsed to, and its two operations.

`evaluate` gives the truth of a formula for a whole table of labels, with unknown labels (Kleene's
three-valued logic). `broken_cover` turns a formula into the disjoint ways in which it can be
broken, from which everything else is compiled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

MOST_WAYS = 4096
"""A rule that can be broken in more disjoint ways than this is refused."""

_MOST_STEPS = 20_000


@dataclass(frozen=True, slots=True)
class Atom:
    """The characteristic in this column is present."""

    column: int


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Formula


@dataclass(frozen=True, slots=True)
class And:
    """Every part holds."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Iff:
    """Both sides hold, or neither does."""

    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True)
class Count:
    """Between `least` and `most` of the characteristics in these columns are present."""

    least: int
    most: int
    columns: tuple[int, ...]


Formula: TypeAlias = Atom | Not | And | Or | Iff | Count

Cube: TypeAlias = tuple[tuple[int, bool], ...]
"""Literals (column, present) that hold together; columns differ."""


class TooManyWaysError(Exception):
    """A formula has more than `MOST_WAYS` disjoint ways to be broken."""


def columns_of(formula: Formula) -> tuple[int, ...]:
    """Columns that a formula mentions, each once, in the order of its text."""
    match formula:
        case Atom(column):
            return (column,)
        case Not(part):
            return columns_of(part)
        case Count(columns=columns):
            return columns
        case And(parts) | Or(parts):
            pass
        case Iff(left, right):
            parts = (left, right)
    return tuple(dict.fromkeys(column for part in parts for column in columns_of(part)))


def evaluate(formula: Formula, labels: NDArray[np.int8]) -> NDArray[np.int8]:
    """Truth of a formula for every row, in Kleene's three-valued logic.

    Args:
        formula: over the columns of `labels`.
        labels: int8 [N, K]; 1 present, 0 absent, -1 unknown.

    Returns:
        int8 [N]; 1 holds, 0 is broken, -1 cannot be decided from what is known.
    """
    # Internally 0 is false, 1 unknown and 2 true: "and" is then min, "or" max, "not" 2 - x.
    return _DECODED[_truth(formula, labels)]


_DECODED = np.array([0, -1, 1], dtype=np.int8)


def _truth(formula: Formula, labels: NDArray[np.int8]) -> NDArray[np.int8]:
    match formula:
        case Atom(column):
            value = labels[:, column]
            return np.where(value < 0, np.int8(1), np.int8(2) * value)
        case Not(part):
            return np.int8(2) - _truth(part, labels)
        case And(parts):
            return np.minimum.reduce([_truth(part, labels) for part in parts])
        case Or(parts):
            return np.maximum.reduce([_truth(part, labels) for part in parts])
        case Iff(left, right):
            a, b = _truth(left, labels), _truth(right, labels)
            return np.where((a == 1) | (b == 1), np.int8(1), np.int8(2) * (a == b))
        case Count(least, most, columns):
            members = labels[:, list(columns)]
            present = (members == 1).sum(axis=1)
            possible = present + (members < 0).sum(axis=1)
            impossible = (present > most) | (possible < least)
            certain = (present >= least) & (possible <= most)
            return np.where(impossible, 0, np.where(certain, 2, 1)).astype(np.int8)


def broken_cover(formula: Formula) -> list[Cube]:
    """All ways to break a formula, as cubes of which no two can hold together.

    This is Shannon's expansion along the formula's characteristics in the order of its text. As
    the cubes are disjoint, the probability that a formula is broken is the sum of theirs, and for
    independent characteristics a cube's is a product: exact also where a formula mentions a
    characteristic more than once. `a -> not b and not c` gives (a, b) and (a, not b, c), hence
    P_a P_b + P_a (1 - P_b) P_c = P_a (1 - (1 - P_b)(1 - P_c)).

    Raises:
        TooManyWaysError: there are more than `MOST_WAYS` cubes.
    """
    cubes: list[Cube] = []
    open_: list[tuple[Formula | bool, Cube]] = [(formula, ())]
    steps = 0
    while open_:
        rest, path = open_.pop()
        if rest is True:
            continue
        if rest is False:
            cubes.append(path)
            continue
        steps += 1
        if len(cubes) >= MOST_WAYS or steps > _MOST_STEPS:
            raise TooManyWaysError
        column = _first_column(rest)
        open_.append((_given(rest, column, False), (*path, (column, False))))
        open_.append((_given(rest, column, True), (*path, (column, True))))
    return cubes


def _first_column(formula: Formula) -> int:
    while True:
        match formula:
            case Atom(column):
                return column
            case Count(columns=columns):
                return columns[0]
            case Not(part) | Iff(left=part):
                formula = part
            case And(parts) | Or(parts):
                formula = parts[0]


def _given(formula: Formula, column: int, present: bool) -> Formula | bool:
    """The formula once one characteristic is known, simplified to True or False where it is."""
    match formula:
        case Atom():
            return present if formula.column == column else formula
        case Not(part):
            rest = _given(part, column, present)
            return not rest if isinstance(rest, bool) else Not(rest)
        case And(parts) | Or(parts):
            deciding = isinstance(formula, Or)
            left: list[Formula] = []
            for part in parts:
                rest = _given(part, column, present)
                if not isinstance(rest, bool):
                    left.append(rest)
                elif rest is deciding:
                    return deciding
            if not left:
                return not deciding
            return left[0] if len(left) == 1 else type(formula)(tuple(left))
        case Iff():
            a, b = _given(formula.left, column, present), _given(formula.right, column, present)
            if isinstance(a, bool):
                a, b = b, a
            if isinstance(a, bool):
                return a is b
            if isinstance(b, bool):
                return a if b else Not(a)
            return Iff(a, b)
        case Count():
            return _count_given(formula, column, present)


def _count_given(count: Count, column: int, present: bool) -> Count | bool:
    if column not in count.columns:
        return count
    columns = tuple(c for c in count.columns if c != column)
    least, most = count.least - present, count.most - present
    if most < 0 or least > len(columns):
        return False
    if least <= 0 and most >= len(columns):
        return True
    return Count(least, most, columns)
