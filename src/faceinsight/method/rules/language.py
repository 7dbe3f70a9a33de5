"""The rule language: first-order logic as people write it, read into our own tree.

    Bald -> not Bangs and not Wavy_Hair
    race5_Asian <-> race7_East_Asian or race7_Southeast_Asian
    exactly one of {Male, Female}

Keywords are case-insensitive, and the signs ¬ ∧ ∨ → ↔ mean the same; ids are those of the
vocabulary and may begin with a digit. Text is parsed by a grammar and never evaluated.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING

from faceinsight.errors import RuleError
from faceinsight.method.rules.formula import And, Atom, Count, Formula, Iff, Not, Or

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

MOST_CHARACTERS = 10_000
MOST_NESTING = 40

_QUOTED = 160


def parse(text: str, ids: Sequence[str]) -> Formula:
    """Read one rule.

    Args:
        text: the rule, at most 10,000 characters and 40 levels deep.
        ids: ids of the characteristics, in column order.

    Returns:
        The formula that must hold for every face, over columns of `ids`.

    Raises:
        RuleError: the text is not a rule over these ids; the message quotes it and says where.
    """
    return _Reader(text, ids).formula(read(text), 0)


def read(text: str) -> Tree[Token]:
    """Read one rule over any ids at all.

    Raises:
        RuleError: the text is no rule; the message quotes it and says where.
    """
    if not isinstance(text, str):
        raise RuleError(f"the rule {quoted(text)} is not text; put it in quotes")
    if len(text) > MOST_CHARACTERS:
        raise RuleError(
            f"the rule {quoted(text)} has {len(text):,} characters, more than {MOST_CHARACTERS:,}; "
            "split it into several"
        )
    # Ignored blanks may stand between words, but no other control character is ever meant.
    for place, character in enumerate(text):
        if not character.isprintable() and character not in " \t\r\n":
            raise RuleError(
                f"the rule {quoted(text)} has the control character {character!r} at character "
                f"{place + 1}; remove it"
            )
    return _tree(text)


def quoted(text: object, most: int = _QUOTED) -> str:
    """A text as messages quote it: on one line, control characters escaped, cut at `most`."""
    shown = repr(text)[1:-1] if isinstance(text, str) else repr(text)
    return f"'{shown[:most]}...'" if len(shown) > most else f"'{shown}'"


@cache
def _parser() -> Lark:
    from lark import Lark

    return Lark.open("grammar.lark", rel_to=__file__, parser="lalr", start="rule")


def _tree(text: str) -> Tree[Token]:
    from lark.exceptions import UnexpectedInput, UnexpectedToken

    if not text.strip():
        raise RuleError(f"the rule {quoted(text)} is empty; write one such as 'Bald -> not Bangs'")
    try:
        return _parser().parse(text)
    except UnexpectedInput as error:
        if isinstance(error, UnexpectedToken) and error.token.type == "$END":
            where = "it ends too early"
        else:
            place = error.pos_in_stream or 0
            what = quoted(text[place : place + 40].rstrip())
            where = f"{what} is not expected at character {place + 1}"
        raise RuleError(
            f"the rule {quoted(text)} cannot be read: {where}; rules are made of ids, not, and, "
            "or, one -> or <->, parentheses, and 'exactly one of {a, b}'"
        ) from None


class _Reader:
    """Turns lark's tree of one rule into a formula."""

    def __init__(self, text: str, ids: Sequence[str]) -> None:
        self._text = text
        self._ids = ids
        self._column = {id_: column for column, id_ in enumerate(ids)}

    def formula(self, tree: Tree[Token], depth: int) -> Formula:
        if depth > MOST_NESTING:
            raise RuleError(
                f"the rule {quoted(self._text)} is nested more than {MOST_NESTING} deep; "
                "split it into several"
            )
        words = [str(child) for child in tree.children if isinstance(child, str)]
        parts = tuple(
            self.formula(child, depth + 1) for child in tree.children if not isinstance(child, str)
        )
        match tree.data:
            case "atom":
                return Atom(self._find(words[0]))
            case "count":
                return self._count(words[0], words[1:])
            case "negation":
                return Not(parts[0])
            case "conjunction":
                return And(parts)
            case "disjunction":
                return Or(parts)
            case "implies":
                return Or((Not(parts[0]), parts[1]))
        return Iff(*parts)

    def _count(self, quantifier: str, members: Sequence[str]) -> Count:
        columns = tuple(self._find(member) for member in members)
        if len(columns) < 2 or len(set(columns)) < len(columns):
            raise RuleError(
                f"the rule {quoted(self._text)} needs two or more different ids between {{ and }}"
            )
        least = 0 if "most" in quantifier.lower() else 1
        most = len(columns) if "least" in quantifier.lower() else 1
        return Count(least, most, columns)

    def _find(self, id_: str) -> int:
        if (column := self._column.get(id_)) is not None:
            return column
        by_case = {known.lower(): known for known in self._ids}
        near = get_close_matches(id_[:_QUOTED].lower(), by_case, n=1)
        hint = f"did you mean '{by_case[near[0]]}'?" if near else "see the vocabulary's ids"
        raise RuleError(
            f"the rule {quoted(self._text)} names {quoted(id_)}, which is no characteristic; {hint}"
        )
