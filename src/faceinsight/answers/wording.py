"""Wordings: a verb and what follows, e.g. "have black ~ hair", in the forms that sentences need."""

from __future__ import annotations

import re
from dataclasses import dataclass

_THIRD_PERSON = {"be": "is", "have": "has", "wear": "wears", "show": "shows"}

_PATTERNS = (
    (re.compile(r"^an? face with (.+)$", re.I), "have {}", "{}"),
    (re.compile(r"^an? face without (.+)$", re.I), "have no {}", None),
    (re.compile(r"^the face of (.+)$", re.I), "be {}", "{}"),
    (re.compile(r"^(an? [\w-]+) face$", re.I), "have {} ~ face", "{} ~ face"),
)
_ARTICLE = re.compile(r"^(?:an?|the) ", re.I)


@dataclass(frozen=True)
class Wording:
    """One way to word that a characteristic is present, or absent.

    Attributes:
        verb: be, have, wear or show.
        rest: what follows the verb.
        article: "a", "an" or "", of a quality's noun phrase.
        quality: "black" of "black ~ hair"; empty if the wording is no quality.
        noun: "hair" of "black ~ hair".
    """

    verb: str
    rest: str
    article: str = ""
    quality: str = ""
    noun: str = ""

    @property
    def infinitive(self) -> str:
        """E.g. "have black hair"; "not be bald" where it is denied."""
        if self.rest.startswith("not "):
            return f"not {self.verb} {self.rest[4:]}"
        return f"{self.verb} {self.rest}"

    @property
    def third_person(self) -> str:
        """E.g. "has black hair"."""
        return f"{_THIRD_PERSON[self.verb]} {self.rest}"

    @property
    def negative(self) -> bool:
        """Whether the words themselves deny ("no hat", "not bald")."""
        return self.rest.startswith(("no ", "not "))


def wording(text: str) -> Wording:
    """Read a configured wording, e.g. "have a big ~ nose"."""
    verb, _, rest = " ".join(text.split()).partition(" ")
    if "~" not in rest:
        return Wording(verb, rest)
    quality, _, noun = (part.strip() for part in rest.partition("~"))
    rest = f"{quality} {noun}"
    article = ""
    if quality.startswith(("a ", "an ")):
        article, _, quality = quality.partition(" ")
    return Wording(verb, rest, article, quality, noun)


def default_words(phrase: str) -> tuple[str, str | None, bool]:
    """Words for a characteristic of which only the vocabulary's phrase is known.

    Returns:
        A wording, a phrase (None if the wording denies: then the phrase would mean absent), and
        whether its subject is the person (else it is the photograph).
    """
    for pattern, say, synonym in _PATTERNS:
        if match := pattern.match(phrase):
            words = match[1]
            bare = _ARTICLE.sub("", words)
            return say.format(words), None if synonym is None else synonym.format(bare), True
    return f"show {phrase}", _ARTICLE.sub("", phrase), False


def denied_phrase(phrase: str) -> str:
    """What a phrase such as "a face without freckles" is without: "freckles"."""
    match = _PATTERNS[1][0].match(phrase)
    return match[1] if match else phrase
