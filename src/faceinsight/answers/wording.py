"""Wordings: a verb and what follows, e.g. "have black ~ hair", in the forms that sentences need."""

from __future__ import annotations

from dataclasses import dataclass


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
