"""Proofs about a rule set: it is satisfiable, nothing in it is impossible, forced or superfluous.

sympy's SAT solver decides; it is given clauses that we build from compiled rules, never text. A
clause forbids one of a rule's ways to be broken, so a rule is the conjunction of its clauses.
Components of the rules are independent of each other and proved one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faceinsight.errors import RuleError
from faceinsight.method.rules.compiler import Component, RuleSet
from faceinsight.method.rules.formula import Cube


@dataclass(frozen=True)
class Proofs:
    """What has been proved about a rule set that some face satisfies.

    Attributes:
        present: ids of the characteristics that are present in one assignment that breaks no rule
            (of those that rules mention).
        dead: ids that can never be present, each with the fewest rules that forbid it.
        forced: ids that are always present, each with the fewest rules that force it.
        redundant: rules that follow from others, each with the fewest others it follows from.
    """

    present: tuple[str, ...]
    dead: dict[str, tuple[str, ...]]
    forced: dict[str, tuple[str, ...]]
    redundant: dict[str, tuple[str, ...]]


def prove(ruleset: RuleSet, *, strict: bool = True) -> Proofs:
    """Prove that a rule set can be satisfied and says nothing in vain.

    Args:
        ruleset: M rules.
        strict: refuse dead and forced characteristics and redundant rules; else only report them.

    Returns:
        The proofs; with `strict`, nothing is dead, forced or redundant.

    Raises:
        RuleError: no labels satisfy the rules (names a smallest set of rules that contradict each
            other: without any one of them the others can be satisfied), or what `strict` refuses.
    """
    present: list[str] = []
    dead: dict[str, tuple[str, ...]] = {}
    forced: dict[str, tuple[str, ...]] = {}
    redundant: dict[str, tuple[str, ...]] = {}
    for component in ruleset.components:
        proof = _ComponentProof(ruleset, component)
        present += proof.satisfiable()
        dead |= proof.always(False)
        forced |= proof.always(True)
        redundant |= proof.redundant()
    if strict:
        faults = [
            *(f"'{id_}' can never be present, because of {_listed(b)}" for id_, b in dead.items()),
            *(f"'{id_}' is always present, because of {_listed(b)}" for id_, b in forced.items()),
            *(f"'{rule}' follows from {_listed(b)}" for rule, b in redundant.items()),
        ]
        if faults:
            raise RuleError(f"correct or remove rules: {'; '.join(faults)}")
    return Proofs(tuple(present), dead, forced, redundant)


class _ComponentProof:
    """SAT questions about the rules of one component."""

    def __init__(self, ruleset: RuleSet, component: Component) -> None:
        self._ids = ruleset.ids
        self._rules = ruleset.rules
        self._component = component
        # Variables of the solver count from 1; a negative number denies.
        self._variable = {column: k + 1 for k, column in enumerate(component.columns)}
        self._clauses = {
            number: [
                {-literal for literal in self._literals(cube)}
                for cube in ruleset.rules[number].cubes
            ]
            for number in component.rules
        }
        # What consistent assignments that were met on the way already show to be possible.
        self._possible: set[tuple[int, bool]] = set()

    def satisfiable(self) -> list[str]:
        """Ids present in one consistent assignment."""
        model = self._solve(self._component.rules, ())
        if model is None:
            raise RuleError(
                "no labels can satisfy these rules together, so correct or remove one of them: "
                f"{_listed(self._because(self._component.rules, [()]))}"
            )
        self._possible.update(model)
        return [self._ids[column] for column, present in model if present]

    def always(self, present: bool) -> dict[str, tuple[str, ...]]:
        """Ids that are always present (or always absent), each with the rules that make it so."""
        found = {}
        for column in self._component.columns:
            if (column, not present) in self._possible:
                continue
            other = ((column, not present),)
            if model := self._solve(self._component.rules, other):
                self._possible.update(model)
            else:
                found[self._ids[column]] = self._because(self._component.rules, [other])
        return found

    def redundant(self) -> dict[str, tuple[str, ...]]:
        """Rules that follow from others, each with those."""
        found = {}
        for number in self._component.rules:
            others = [other for other in self._component.rules if other != number]
            rule = self._rules[number]
            if self._exclude(others, rule.cubes):
                found[rule.text] = self._because(others, rule.cubes)
        return found

    def _exclude(self, rules: Iterable[int], cubes: Iterable[Cube]) -> bool:
        """Whether under these rules none of the cubes can hold."""
        return all(self._solve(rules, cube) is None for cube in cubes)

    def _because(self, rules: Sequence[int], cubes: Sequence[Cube]) -> tuple[str, ...]:
        """Texts of a smallest part of `rules` that excludes the cubes: none can be spared."""
        core = list(rules)
        for rule in rules:
            fewer = [other for other in core if other != rule]
            if self._exclude(fewer, cubes):
                core = fewer
        return tuple(self._rules[number].text for number in core)

    def _solve(self, rules: Iterable[int], given: Cube) -> Cube | None:
        """An assignment that satisfies rules and holds `given`, or None where there is none."""
        from sympy.assumptions.cnf import EncodedCNF
        from sympy.core.symbol import Symbol
        from sympy.logic.inference import satisfiable

        clauses = [clause for number in rules for clause in self._clauses[number]]
        clauses += [{literal} for literal in self._literals(given)]
        symbols = {Symbol(f"x{column}"): v for column, v in self._variable.items()}
        model = satisfiable(EncodedCNF(clauses, symbols), algorithm="dpll2")
        if not model:
            return None
        values = {str(symbol): bool(value) for symbol, value in model.items()}
        return tuple((column, values.get(f"x{column}", False)) for column in self._variable)

    def _literals(self, cube: Cube) -> list[int]:
        return [
            self._variable[column] if present else -self._variable[column]
            for column, present in cube
        ]


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(f"'{text}'" for text in texts)
