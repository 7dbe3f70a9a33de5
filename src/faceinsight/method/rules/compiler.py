"""Rules compiled: each is text with a reason, a formula, and its disjoint ways to be broken.

All rules of a set share two sparse matrices in coordinate form: which literals make up a way to
be broken (a cube), and which cubes make up a rule. The probability that a rule is broken is a sum
of products over them (see `faceinsight.method.losses`), whatever kind of rule it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, StringConstraints, ValidationError

from faceinsight.common.messages import no_such
from faceinsight.common.settings import Settings
from faceinsight.errors import RuleError
from faceinsight.method.characteristics import Vocabulary, VocabularyConfig
from faceinsight.method.rules.formula import (
    MOST_WAYS,
    Cube,
    Formula,
    TooManyWaysError,
    broken_cover,
    columns_of,
    evaluate,
)
from faceinsight.method.rules.language import parse, quoted, read

Kind = Literal["exclusion", "group", "link"]

_Model = TypeVar("_Model", bound=BaseModel)
_Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _RuleConfig(Settings):
    rule: str
    reason: _Reason
    needs: list[str] = []
    unless: list[str] = []


class _RulesConfig(Settings):
    exclusions: list[_RuleConfig] = []
    links: list[_RuleConfig] = []


class _SavedRule(Settings):
    rule: str
    reason: _Reason
    kind: Kind


class _SavedRules(Settings):
    ids: list[str]
    rules: list[_SavedRule]


@dataclass(frozen=True)
class Rule:
    """One compiled rule.

    Attributes:
        text: as written in the configuration.
        reason: why it holds for every face.
        kind: "exclusion", "group" (exactly one of a vocabulary's group) or "link" (between the
            words of several data sets).
        formula: what must hold, over columns of the rule set.
        cubes: its disjoint ways to be broken.
    """

    text: str
    reason: str
    kind: Kind
    formula: Formula
    cubes: tuple[Cube, ...]

    @cached_property
    def columns(self) -> tuple[int, ...]:
        """Columns of the characteristics it mentions."""
        return columns_of(self.formula)


@dataclass(frozen=True)
class Component:
    """Characteristics that rules tie together, directly or through others.

    Attributes:
        columns: their columns, ascending.
        rules: numbers of the rules among them, ascending.
    """

    columns: tuple[int, ...]
    rules: tuple[int, ...]


class RuleSet:
    """M rules over K characteristics.

    Args:
        ids: ids of the characteristics, in column order.
        rules: text, reason and kind of each rule, in order.

    Attributes:
        ids: as given.
        rules: the compiled rules.
        literal_column: int32 [L], column of each literal of all cubes.
        literal_present: bool [L], whether the literal says present (or absent).
        literal_cube: int32 [L], ascending, the cube that the literal belongs to.
        cube_rule: int32 [C], ascending, the rule that the cube breaks.

    Raises:
        RuleError: a rule cannot be read, is always or never broken, or has too many ways to be
            broken; the message quotes it.
    """

    def __init__(self, ids: Sequence[str], rules: Iterable[tuple[str, str, Kind]]) -> None:
        self.ids = tuple(ids)
        self.rules = tuple(_compile(*rule, self.ids) for rule in rules)
        cubes = [(number, cube) for number, rule in enumerate(self.rules) for cube in rule.cubes]
        literals = [
            (column, present, number)
            for number, (_, cube) in enumerate(cubes)
            for column, present in cube
        ]
        self.cube_rule = np.array([rule for rule, _ in cubes], dtype=np.int32)
        self.literal_column = np.array([column for column, _, _ in literals], dtype=np.int32)
        self.literal_present = np.array([present for _, present, _ in literals], dtype=np.bool_)
        self.literal_cube = np.array([cube for _, _, cube in literals], dtype=np.int32)

    def __len__(self) -> int:
        return len(self.rules)

    @property
    def texts(self) -> tuple[str, ...]:
        """The rules as written."""
        return tuple(rule.text for rule in self.rules)

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """The connected components of the graph of rules, by their first column.

        Characteristics that no rule mentions are in none.
        """
        root = list(range(len(self.ids)))

        def find(column: int) -> int:
            while root[column] != column:
                column = root[column]
            return column

        for rule in self.rules:
            first = find(rule.columns[0])
            for column in rule.columns[1:]:
                root[find(column)] = first
        columns: dict[int, list[int]] = {}
        for column in sorted({column for rule in self.rules for column in rule.columns}):
            columns.setdefault(find(column), []).append(column)
        rules: dict[int, list[int]] = {}
        for number, rule in enumerate(self.rules):
            rules.setdefault(find(rule.columns[0]), []).append(number)
        return tuple(Component(tuple(of), tuple(rules[key])) for key, of in columns.items())

    def violated(self, present: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which rules complete labels break.

        Args:
            present: bool [N, K].

        Returns:
            bool [N, M].
        """
        return self.truth(np.asarray(present, dtype=np.bool_).astype(np.int8)) == 0

    def truth(self, labels: NDArray[np.int8]) -> NDArray[np.int8]:
        """Truth of every rule, as far as known labels decide it (Kleene's logic).

        Args:
            labels: int8 [N, K]; 1 present, 0 absent, -1 unknown.

        Returns:
            int8 [N, M]; 1 holds, 0 is broken, -1 undecided.

        Raises:
            ValueError: `labels` has another number of columns than the rule set.
        """
        labels = np.asarray(labels)
        if labels.ndim != 2 or labels.shape[1] != len(self.ids):
            raise ValueError(f"labels must be [N, {len(self.ids)}], not {list(labels.shape)}")
        # Columns are read one at a time, so they had better lie together in memory.
        labels = np.asfortranarray(labels)
        truth = np.empty((len(self), len(labels)), dtype=np.int8)
        for number, rule in enumerate(self.rules):
            truth[number] = evaluate(rule.formula, labels)
        return truth.T

    def to_config(self) -> dict[str, Any]:
        """The plain form that `from_config` reads; saved with every model."""
        return {
            "ids": list(self.ids),
            "rules": [{"rule": r.text, "reason": r.reason, "kind": r.kind} for r in self.rules],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> RuleSet:
        """Compile a saved rule set again; gives the same arrays.

        Raises:
            RuleError: it is not what `to_config` gives, or a rule cannot be compiled.
        """
        saved = _validated(_SavedRules, config)
        return cls(saved.ids, [(rule.rule, rule.reason, rule.kind) for rule in saved.rules])


def compile_rules(
    config: Mapping[str, Any], vocabulary: Vocabulary, written: VocabularyConfig | None = None
) -> RuleSet:
    """Compile configured rules, and exactly one of each group of the vocabulary.

    Args:
        config: lists `exclusions` and `links` of {rule, reason, needs, unless}, as under `rules:`
            in `conf/base/rules.yml`. A rule is left out if the vocabulary lacks a group that it
            needs, has one named in its `unless`, or leaves out (`without`) what it names.
        vocabulary: gives ids, their order, and groups.
        written: the vocabulary as it is configured, with what is left out and the groups that no
            data set uses. What a rule that is left out names is looked for there, so that a slip
            in it is told before it is needed; without it such a rule is only read.

    Returns:
        The rule set: exclusions, then groups, then links.

    Raises:
        RuleError: the configuration or a rule in it is malformed; the message quotes the rule.
    """
    settings = _validated(_RulesConfig, config)
    rules: list[tuple[str, str, Kind]] = []
    rules += [
        (e.rule, e.reason, "exclusion") for e in _applying(settings.exclusions, vocabulary, written)
    ]
    rules += [
        (
            f"exactly one of {{{', '.join(members)}}}",
            f"the vocabulary's group '{group}': exactly one holds for every face",
            "group",
        )
        for group, members in vocabulary.groups.items()
    ]
    rules += [(e.rule, e.reason, "link") for e in _applying(settings.links, vocabulary, written)]
    return RuleSet(vocabulary.ids, rules)


def _applying(
    entries: Sequence[_RuleConfig], vocabulary: Vocabulary, written: VocabularyConfig | None
) -> list[_RuleConfig]:
    """The rules that the vocabulary has what they need for, and nothing that they are `unless`."""
    applying = []
    for entry in entries:
        if written is not None:
            _check_groups(entry, set(written.groups))
        absent = [group for group in entry.needs if group not in vocabulary.groups]
        if absent and _is_readable(entry.rule, vocabulary.ids):
            # Were the group truly absent, its members would be too: the name is misspelt.
            raise RuleError(
                f"the rule {quoted(entry.rule)} needs {absent}, no group of the vocabulary "
                f"{list(vocabulary.groups)}, though all of its ids are there; correct `needs`"
            )
        lacks = absent or (written is not None and _names_any(entry.rule, written))
        if not lacks and not any(group in vocabulary.groups for group in entry.unless):
            applying.append(entry)
        elif written is not None:
            _compile(entry.rule, entry.reason, "link", tuple(written.characteristics))
        else:
            read(entry.rule)
    return applying


def _check_groups(entry: _RuleConfig, known: set[str]) -> None:
    for key, groups in (("needs", entry.needs), ("unless", entry.unless)):
        if unknown := [group for group in groups if group not in known]:
            raise RuleError(
                f"the rule {quoted(entry.rule)}: {no_such('group', unknown[0], known)}; correct "
                f"`{key}`"
            )


def _names_any(text: str, written: VocabularyConfig) -> bool:
    """Whether a rule names a characteristic that `without` leaves out of the vocabulary."""
    ids = tuple(written.characteristics)
    if not written.without or not _is_readable(text, ids):
        return False
    return any(ids[column] in written.without for column in columns_of(parse(text, ids)))


def _is_readable(text: str, ids: Sequence[str]) -> bool:
    try:
        parse(text, ids)
    except RuleError:
        return False
    return True


def _compile(text: str, reason: str, kind: Kind, ids: Sequence[str]) -> Rule:
    formula = parse(text, ids)
    try:
        cubes = tuple(broken_cover(formula))
    except TooManyWaysError:
        raise RuleError(
            f"the rule {quoted(text)} can be broken in more than {MOST_WAYS:,} disjoint ways; "
            "split it into several"
        ) from None
    if not cubes:
        raise RuleError(f"the rule {quoted(text)} can never be broken; remove it")
    # Cubes are disjoint, so the assignments that break the rule are counted exactly.
    width = len(columns_of(formula))
    if sum(2 ** (width - len(cube)) for cube in cubes) == 2**width:
        raise RuleError(f"the rule {quoted(text)} is broken by every face; correct it")
    return Rule(text, reason, kind, formula, cubes)


def _validated(model: type[_Model], config: Any) -> _Model:
    try:
        return model.model_validate(config)
    except ValidationError as error:
        faults = "; ".join(
            f"rules{''.join(f'.{part}' for part in fault['loc'])}{_rule_at(config, fault['loc'])}: "
            f"{fault['msg']}"
            for fault in error.errors()
        )
        raise RuleError(faults) from None


def _rule_at(config: Any, place: tuple[int | str, ...]) -> str:
    """The text of the rule in which a fault lies, for its message."""
    for part in place:
        try:
            config = config[part]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(config, Mapping) and "rule" in config:
            return f" in the rule {quoted(config['rule'])}"
    return ""
