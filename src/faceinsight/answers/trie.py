"""Phrases found in a list of words, the longest at each place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from faceinsight.answers.grammar import DETERMINERS

_Value = TypeVar("_Value")
_END = ""


class Trie(Generic[_Value]):
    """Values by phrase.

    Inside a phrase, articles and possessives may be missing or stand where the phrase has none:
    "bags under the eyes" is found in "bags under her eyes".
    """

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}

    def at(self, phrase: Sequence[str], make: Callable[[], _Value]) -> _Value:
        """The value of a phrase, made if there is none yet; at least one word is needed."""
        node = self._root
        for place, word in enumerate(phrase):
            if place == 0 or word not in DETERMINERS:
                node = node.setdefault(word, {})
        if _END not in node:
            node[_END] = make()
        value: _Value = node[_END]
        return value

    def longest(self, words: Sequence[str], start: int) -> tuple[int, _Value] | None:
        """End and value of the longest phrase that begins at `start`, or None."""
        node = self._root.get(words[start])
        if node is None:
            return None
        found: tuple[int, _Value] | None = None
        place = start + 1
        while True:
            if _END in node:
                found = (place, node[_END])
            if place < len(words) and words[place] in DETERMINERS:
                place += 1
            node = node.get(words[place]) if place < len(words) else None
            if node is None:
                return found
            place += 1
