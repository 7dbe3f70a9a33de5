"""The grammar of written answers: wordings joined to predicates, predicates to sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from faceinsight.answers.wording import Wording

_Choice = TypeVar("_Choice")
_MASK = (1 << 64) - 1


class Dice:
    """A sequence of pseudo-random choices.

    `random.Random` takes 5 microseconds to seed, which is a fair part of the time that an answer
    may take; a linear congruential generator (Knuth's MMIX) is good enough to vary words.
    """

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = (seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & _MASK
        self.below(2)

    def below(self, bound: int) -> int:
        """A number from 0 to `bound` - 1."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) & _MASK
        return (self._state >> 33) % bound

    def pick(self, choices: Sequence[_Choice]) -> _Choice:
        """One of some choices."""
        return choices[self.below(len(choices))]


def joined(texts: Sequence[str], last: str = "and") -> str:
    """ "a", "a and b", "a, b, and c"."""
    if len(texts) < 3:
        return f" {last} ".join(texts)
    return f"{', '.join(texts[:-1])}, {last} {texts[-1]}"


def predicate(verb: str, wordings: Sequence[Wording], gender: int, dice: Dice) -> str:
    """An infinitive with all that follows it: "to have wavy black hair, but no bangs or beard"."""
    has = noun_phrases([f for f in wordings if not f.negative], gender)
    denial, lacks = "", [f.of_gender[gender] for f in wordings if f.negative]
    if lacks:
        # "no bangs and no beard", or "no bangs or beard"; "not" is never repeated.
        negator = lacks[0].partition(" ")[0]
        if negator == "not" or (dice.below(2) and all(t.startswith("no ") for t in lacks)):
            denial = f"{negator} {joined([t[len(negator) + 1 :] for t in lacks], 'or')}"
        else:
            denial = joined(lacks)
        if not has:
            return f"not to {verb} {denial[4:]}" if negator == "not" else f"to {verb} {denial}"
        if dice.below(2) or len(lacks) > 1:
            return f"to {verb} {joined(has)}, but {denial}"
        has.append(denial)
    return f"to {verb} {joined(has)}"


def noun_phrases(wordings: Sequence[Wording], gender: int) -> list[str]:
    """Noun phrases; qualities of one noun go together: "a big pointy nose"."""
    phrases: list[str] = []
    place: dict[str, int] = {}
    for f in wordings:
        at = place.get(f.noun) if f.quality else None
        if at is None:
            if f.quality:
                place[f.noun] = len(phrases)
            phrases.append(f.of_gender[gender])
        else:
            # The quality that came first keeps its article: "an oval" of "an oval face".
            before = phrases[at]
            phrases[at] = f"{before[: -len(f.noun)]}{f.quality} {f.noun}"
    return phrases


def with_article(noun: str) -> str:
    """A noun phrase with "a", or "an" before a vowel."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def capitalised(text: str) -> str:
    """A text with its first letter in upper case."""
    return text[:1].upper() + text[1:]
