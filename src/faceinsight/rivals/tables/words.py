"""Words that need no line in the configuration: ages in years, and other spellings of a word."""

from __future__ import annotations

import re
from collections.abc import Mapping

from faceinsight.answers.ages import years_of


def spelling(word: str) -> str:
    """A word in small letters, blanks for what joins it: "Latino_Hispanic", "latino hispanic"."""
    return " ".join(re.sub(r"[_\-/]", " ", word).casefold().split())


class Meanings:
    """What words of one task stand for.

    A word counts as it is written, then in another spelling where that is of one meaning, then,
    where classes are ages, as years: all classes that they lie in. Not where the words that are
    explained are numbers themselves, as those of classes are.

    Args:
        words: word to what it stands for.
        names: id of a class to the name that the data set has for it, such as "20-29".
    """

    def __init__(self, words: Mapping[str, tuple[str, ...]], names: Mapping[str, str]) -> None:
        self._words = words
        self._spellings: dict[str, tuple[str, ...] | None] = {}
        for word, meaning in words.items():
            known = self._spellings.setdefault(spelling(word), meaning)
            if known != meaning:
                self._spellings[spelling(word)] = None
        self._years = {id_: years_of(name) for id_, name in names.items()}
        if None in self._years.values() or any(re.fullmatch(r"-?\d+", word) for word in words):
            self._years = {}

    def get(self, word: str) -> tuple[str, ...] | None:
        """What the word stands for; None where nothing explains it."""
        if word in self._words:
            return self._words[word]
        if (meaning := self._spellings.get(spelling(word))) is not None:
            return meaning
        years = years_of(word) if self._years else None
        if years is None:
            return None
        classes = self._years.items()
        first, last = years
        return tuple(
            id_
            for id_, of in classes
            if of and (last is None or of[0] <= last) and (of[1] is None or first <= of[1])
        )
