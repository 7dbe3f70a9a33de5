"""Wordings: a verb and what follows, e.g. "have black ~ hair", in the forms that sentences need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

THEIR = ("their", "his", "her")
"""The possessive for a person of unknown gender, a man, a woman."""


@dataclass(frozen=True)
class Wording:
    """One way to word that a characteristic is present, or absent.

    Attributes:
        verb: be, have, wear or show.
        rest: what follows the verb.
        quality: "black" of "black ~ hair"; empty if the wording is no quality.
        noun: "hair" of "black ~ hair".
    """

    verb: str
    rest: str
    quality: str = ""
    noun: str = ""

    @classmethod
    def of(cls, text: str) -> Wording:
        """Read a configured wording, e.g. "have a big ~ nose"."""
        verb, _, rest = " ".join(text.split()).partition(" ")
        if "~" not in rest:
            return cls(verb, rest)
        quality, _, noun = (part.strip() for part in rest.partition("~"))
        return cls(verb, f"{quality} {noun}", quality.removeprefix("an ").removeprefix("a "), noun)

    @cached_property
    def of_gender(self) -> tuple[str, ...]:
        """What follows the verb, by gender of the person spoken of (`THEIR`)."""
        words = self.rest.split()
        return tuple(" ".join(t if word == "their" else word for word in words) for t in THEIR)

    @cached_property
    def length(self) -> int:
        """Words of what follows the verb."""
        return len(self.rest.split())

    @property
    def infinitive(self) -> str:
        """E.g. "have black hair"; "not be bald" where it is denied."""
        if self.rest.startswith("not "):
            return f"not {self.verb} {self.rest[4:]}"
        return f"{self.verb} {self.rest}"

    @cached_property
    def negative(self) -> bool:
        """Whether the words themselves deny ("no hat", "not bald")."""
        return self.rest.startswith(("no ", "not "))
