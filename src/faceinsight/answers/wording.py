"""Wordings: a verb and what follows, e.g. "have black ~ hair", in the forms that sentences need."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WITHOUT = re.compile(r"^an? face without (.+)$", re.I)
_PATTERNS = (
    (re.compile(r"^an? face with (.+)$", re.I), "have {}", "{}"),
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


@dataclass(frozen=True)
class DefaultWords:
    """Words for a characteristic of which only the vocabulary's phrase is known.

    Attributes:
        say: wording of a face that has it.
        deny: wording of a face that has it not, or empty.
        synonym: phrase that means it is present, or empty.
        opposite: phrase that means it is absent, or empty.
        person: whether the wording's subject is the person; else it is the photograph.
    """

    say: str
    deny: str = ""
    synonym: str = ""
    opposite: str = ""
    person: bool = True


def default_words(phrase: str) -> DefaultWords:
    """ "a face with freckles" as "have freckles", any other phrase as "show ..."."""
    if match := _WITHOUT.match(phrase):
        bare = _ARTICLE.sub("", match[1])
        return DefaultWords(f"have no {bare}", f"have {match[1]}", opposite=bare)
    for pattern, say, synonym in _PATTERNS:
        if match := pattern.match(phrase):
            bare = _ARTICLE.sub("", match[1])
            return DefaultWords(say.format(match[1]), synonym=synonym.format(bare))
    return DefaultWords(f"show {phrase}", synonym=_ARTICLE.sub("", phrase), person=False)
