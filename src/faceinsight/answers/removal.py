"""Verbs of removal: "has taken off his hat" denies it, "has not taken off his hat" does not."""

from __future__ import annotations

from collections.abc import Sequence

from faceinsight.answers.english import (
    ADVERBS,
    COPULAS,
    DETERMINERS,
    NEGATORS,
    PRONOUNS,
    STOPS,
    word_set,
)

_TAKING_OFF = word_set("take took taken taking")
_REMOVING = word_set("remove removed removing shave shaved shaving")
_PERFECT = word_set("has have having") | ADVERBS
_OBJECT = 4
"""At most so many words stand between a verb and its "off": "taken his glasses off"."""


def removes(words: Sequence[str], place: int, end: int) -> bool:
    """Whether a verb of removal with its object, or with "off", stands at a place."""
    if words[place] not in _REMOVING and words[place] not in _TAKING_OFF:
        return False
    following = words[place + 1 : min(place + 1 + _OBJECT, end)]
    if words[place] in _REMOVING and following and following[0] in DETERMINERS:
        return True
    return "off" in following


def took_off(words: Sequence[str], place: int, first: int, end: int) -> bool:
    """Whether somebody has removed what follows: "took off the hat", not "taken off the coast"."""
    if place == first or words[place - 1] in COPULAS:
        return False
    at = place + 1 if words[place] == "removed" else place + 2
    owned = words[at] if at < end and (at == place + 1 or words[place + 1] == "off") else ""
    if owned not in DETERMINERS and owned not in NEGATORS:
        return False
    if words[place] == "removed":
        return words[place - 1] in PRONOUNS or words[place - 1] in _PERFECT
    if words[place] == "taken":
        return words[place - 1] in _PERFECT
    return words[place] in ("took", "shaved")


def taken_off(words: Sequence[str], place: int, end: int) -> bool:
    """Whether what stands before is removed: "the glasses have been taken off"."""
    if words[place - 1 : place] == [] or words[place - 1] not in COPULAS:
        return False
    if words[place] not in ("taken", "shaved", "removed"):
        return False
    at = place + 1 if words[place] == "removed" else place + 2
    return at >= end or words[at] in STOPS or words[at] in PRONOUNS
