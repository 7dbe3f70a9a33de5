"""Words that need no line in the configuration: ages in years, other spellings, scores by word."""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml

from faceinsight.answers.ages import classes_of, years_of
from faceinsight.rivals.tables.settings import REFUSED

_NO_ANSWERS = {"nan", "na", "n a", "null", "none", "unknown", "no face", "no face detected"}


def spelling(word: str) -> str:
    """A word in small letters, blanks for what joins it: "LatinoHispanic", "latino_hispanic"."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])|[_\-/]", " ", word)
    return " ".join(parted.casefold().split()).rstrip(".")


def chosen(word: str) -> str:
    """The word that a service's own form of an answer holds; what is no such form stays.

    The best of `{'Woman': 99.9, 'Man': 0.1}`, as DeepFace writes it; the value of
    `{"Value": "Female", "Confidence": 99.9}`, as Rekognition and Face++ do.
    """
    if not re.fullmatch(r"\s*\{.*\}\s*", word, re.DOTALL):
        return word
    try:
        form = yaml.load(re.sub(r"np\.\w+\(([^()]*)\)", r"\1", word), yaml.CSafeLoader)
    except yaml.YAMLError:
        return word
    if form and all(isinstance(score, int | float) for score in form.values()):
        return word if "low" in map(str.lower, map(str, form)) else str(max(form, key=form.get))
    named = {str(key).lower(): value for key, value in form.items()}
    return str(named.get("value", word))


class Meanings:
    """What words of one task stand for.

    A word counts as it is written, then in another spelling where that is of one meaning, then,
    where classes are ages, as years: all classes that they lie in. Not where the words that are
    explained are numbers themselves, as those of classes are. "nan" and "no face" are no answers.

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
        self._years = {id_: years for id_, name in names.items() if (years := years_of(name))}
        numbers = any(re.fullmatch(r"-?\d+", word) for word in words)
        if len(self._years) < len(names) or numbers:
            self._years = {}

    def get(self, word: str) -> tuple[str, ...] | None:
        """What the word stands for; None where nothing explains it."""
        if word in self._words:
            return self._words[word]
        word = chosen(word)
        if (meaning := self._spellings.get(spelling(word))) is not None:
            return meaning
        if spelling(word) in _NO_ANSWERS:
            return (REFUSED,)
        years = years_of(word) if self._years else None
        return None if years is None else tuple(classes_of(self._years, years))
