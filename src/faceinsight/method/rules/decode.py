"""Labels that never contradict: the most probable assignment that breaks no rule, exactly.

Thresholded probabilities can break a rule. For independent characteristics the most probable
consistent labels maximise the sum of the log-odds of what is present, and each connected component
of the rules does so by itself:

- a characteristic without rules is present where P >= 0.5;
- a component has, as a rule, few assignments that break nothing (a group of n has n of them). They
  are listed once, and one matrix product scores them all for a whole batch;
- a component with too many to list keeps its thresholded labels where these break nothing, and is
  otherwise solved image by image as an integer programme.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faceinsight.errors import ParameterError, RuleError
from faceinsight.method.rules.compiler import Component, RuleSet
from faceinsight.method.rules.formula import Count

MOST_ASSIGNMENTS = 65_536
"""A component with more consistent assignments than this (or more on the way to them) is solved."""

LOG_ODDS_LIMIT = 1_000.0
"""Log-odds are clipped to this: infinite ones have no sum to compare."""

_TIE = 1e-9
_SCORES_AT_ONCE = 4_000_000


def decode(logits: ArrayLike, ruleset: RuleSet) -> NDArray[np.bool_]:
    """Most probable labels that break no rule.

    Among equally probable ones (within 1e-9 of summed log-odds), the one is taken that has the
    first characteristic in vocabulary order in which they differ; of a component that is solved as
    an integer programme, the solver takes one within 1e-6 of the best, always the same. What was
    listed for a rule set is kept for later calls.

    Args:
        logits: [N, K] log-odds log(P / (1 - P)); infinite ones are allowed.
        ruleset: M rules over the same K characteristics.

    Returns:
        bool [N, K], present or not; every row breaks no rule.

    Raises:
        ParameterError: `logits` are not [N, K], or hold NaN.
        RuleError: the rules contradict each other.
    """
    return _decoder(ruleset)(logits)


def log_odds(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Log-odds of probabilities, -inf for 0 and inf for 1, for `decode`."""
    p = np.asarray(probabilities, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return np.log(p) - np.log1p(-p)


class Decoder:
    """Decodes for one rule set; see `decode`.

    Args:
        ruleset: M rules over K characteristics.
        most_assignments: components with more assignments to list are solved image by image.

    Raises:
        RuleError: the rules contradict each other.
    """

    def __init__(self, ruleset: RuleSet, most_assignments: int = MOST_ASSIGNMENTS) -> None:
        self._ids = ruleset.ids
        self._parts = [
            _prepared(ruleset, component, most_assignments) for component in ruleset.components
        ]

    def __call__(self, logits: ArrayLike) -> NDArray[np.bool_]:
        """See `decode`."""
        scores = np.asarray(logits, dtype=np.float64)
        if scores.ndim != 2 or scores.shape[1] != len(self._ids):
            raise ParameterError(
                f"logits must be [N, {len(self._ids)}], one column a characteristic, "
                f"not {list(scores.shape)}"
            )
        if np.isnan(scores).any():
            row, column = np.argwhere(np.isnan(scores))[0]
            raise ParameterError(
                f"logits: row {row} is not a number for '{self._ids[column]}', so it cannot be "
                "decoded; find what made it so"
            )
        scores = scores.clip(-LOG_ODDS_LIMIT, LOG_ODDS_LIMIT)
        present = scores >= 0
        for part in self._parts:
            columns = list(part.columns)
            present[:, columns] = part.decode(scores[:, columns])
        return present


@dataclass(frozen=True)
class _Listed:
    """A component whose consistent assignments are listed, bool [F, k]."""

    columns: tuple[int, ...]
    assignments: NDArray[np.bool_]

    def decode(self, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        each = self.assignments.T.astype(np.float64)
        best = np.empty(len(scores), dtype=np.int64)
        step = max(1, _SCORES_AT_ONCE // each.shape[1])
        for start in range(0, len(scores), step):
            total = scores[start : start + step] @ each
            # The first that is as good as the best: rounding must not decide between equals.
            good = total >= total.max(axis=1, keepdims=True) - _TIE
            best[start : start + step] = good.argmax(axis=1)
        return self.assignments[best]


@dataclass(frozen=True)
class _Solved:
    """A component solved as an integer programme: low <= A x <= high, x of zeros and ones."""

    columns: tuple[int, ...]
    rules: str
    matrix: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def decode(self, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        present = scores >= 0
        total = present @ self.matrix.T
        broken = ((total < self.low) | (total > self.high)).any(axis=1)
        for row in np.flatnonzero(broken):
            present[row] = self._solve(scores[row])
        return present

    def _solve(self, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        from scipy.optimize import LinearConstraint, milp

        result = milp(
            -scores,
            integrality=np.ones(len(scores)),
            bounds=(0, 1),
            constraints=LinearConstraint(self.matrix, self.low, self.high),
            options={"mip_rel_gap": 0},
        )
        if result.x is None:
            raise _contradiction(self.rules)
        return np.asarray(result.x > 0.5)


_decoders: WeakKeyDictionary[RuleSet, Decoder] = WeakKeyDictionary()


def _decoder(ruleset: RuleSet) -> Decoder:
    if ruleset not in _decoders:
        _decoders[ruleset] = Decoder(ruleset)
    return _decoders[ruleset]


def _prepared(ruleset: RuleSet, component: Component, most: int) -> _Listed | _Solved:
    texts = "; ".join(ruleset.rules[number].text for number in component.rules)
    assignments = consistent_assignments(ruleset, component, most)
    if assignments is None:
        return _Solved(component.columns, texts, *_constraints(ruleset, component))
    if not len(assignments):
        raise _contradiction(texts)
    return _Listed(component.columns, assignments)


def _contradiction(texts: str) -> RuleError:
    return RuleError(
        f"no labels satisfy these rules together: {texts}; `faceinsight.method.rules.proofs.prove` "
        "finds which of them contradict each other"
    )


def consistent_assignments(
    ruleset: RuleSet, component: Component, most: int = MOST_ASSIGNMENTS
) -> NDArray[np.bool_] | None:
    """All assignments of a component's characteristics that break none of its rules.

    Characteristics are assigned one after the other, and what breaks a rule already is dropped.

    Args:
        ruleset: the rules.
        component: one of its components, of k characteristics.
        most: more than this at any step are not listed.

    Returns:
        bool [F, k], those with the first characteristics present first; None if they are too many.
    """
    place = {column: k for k, column in enumerate(component.columns)}
    completed: list[list[tuple[NDArray[np.int64], NDArray[np.bool_]]]] = [[] for _ in place]
    for number in component.rules:
        for cube in ruleset.rules[number].cubes:
            at = np.array([place[column] for column, _ in cube])
            completed[at.max()].append((at, np.array([present for _, present in cube])))
    found = np.zeros((1, 0), dtype=np.bool_)
    for cubes in completed:
        both = np.array([True, False])
        found = np.column_stack([found.repeat(2, axis=0), np.tile(both, len(found))])
        for at, literals in cubes:
            found = found[(found[:, at] != literals).any(axis=1)]
        if len(found) > most:
            return None
    return found


def _constraints(
    ruleset: RuleSet, component: Component
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Rules as linear constraints: a count as itself, others by forbidding each of their cubes."""
    place = {column: k for k, column in enumerate(component.columns)}
    rows, low, high = [], [], []
    for number in component.rules:
        rule = ruleset.rules[number]
        if isinstance(rule.formula, Count):
            row = np.zeros(len(place))
            row[[place[column] for column in rule.formula.columns]] = 1
            rows.append(row)
            low.append(float(rule.formula.least))
            high.append(float(rule.formula.most))
            continue
        for cube in rule.cubes:
            # Of the n literals at most n - 1 hold; an absent one counts as 1 - x.
            row = np.zeros(len(place))
            for column, present in cube:
                row[place[column]] = 1 if present else -1
            rows.append(row)
            low.append(-np.inf)
            high.append(sum(present for _, present in cube) - 1.0)
    return np.array(rows), np.array(low), np.array(high)
