"""Whether a noun is missing as such: "no hair", but not "no long hair" or "no hair is visible"."""

from __future__ import annotations

from collections.abc import Sequence

from faceinsight.answers.english import DETERMINERS, FINITE, PRESENT, PRONOUNS, word_set
from faceinsight.answers.words import DASH

_WHOLLY = word_set("no not never without lack lacking lacked devoid minus sans neither nor")
_BETWEEN = word_set("any have had has having got longer single strand of")
_NEARLY = word_set("almost nearly practically virtually little to or")
_SEEING = PRESENT | word_set("see saw seeing discern observe detect notice")
_SHOWING = word_set("show showed showing reveal wear wore wearing")
_REMAINING = word_set("left remaining whatever whatsoever anymore")
_TOP = ("on head", "on scalp", "on top of head", "at top of head")
_AFTER = frozenset({",", DASH, "and", "or", "nor", "but"})
_LOSING = PRONOUNS | word_set("has have having who")


def altogether(words: Sequence[str], start: int, stop: int, first: int, end: int) -> bool:
    """Whether a denied noun is denied as such.

    Args:
        words: all words.
        start: where the noun begins.
        stop: the word after it.
        first: where its clause begins.
        end: where its clause ends.
    """
    place = start - 1
    while place >= first and start - place <= 4 and words[place] in _BETWEEN:
        place -= 1
    if place < first or words[place] not in _WHOLLY:
        return False
    before = words[place - 1] if place > first else ""
    if before in _NEARLY or before in _SHOWING:
        return False
    # What cannot be seen need not be missing.
    if not _SEEING.isdisjoint(words[first:end]):
        return False
    stop = _past_place(words, _past_rest(words, stop, end), end)
    following = words[stop] if stop < end else ","
    return following in _AFTER or (
        (following in FINITE or following in PRONOUNS) and before == "with"
    )


def lost(words: Sequence[str], start: int, stop: int, first: int, end: int) -> bool:
    """Whether a noun is lost as such: "has lost all his hair", but not "lost her hair tie"."""
    place = start - 1
    whole = False
    while place >= first and start - place <= 3 and words[place] not in ("lost", "some"):
        whole = words[place] == "all" or words[place] in DETERMINERS
        if not whole:
            return False
        place -= 1
    if place <= first or not whole or words[place] != "lost":
        return False
    return words[place - 1] in _LOSING and (stop == end or words[stop] in _AFTER)


def _past_rest(words: Sequence[str], place: int, end: int) -> int:
    """The word after "left" or "at all"."""
    if words[place:end][:2] == ["at", "all"]:
        return place + 2
    return place + 1 if place < end and words[place] in _REMAINING else place


def _past_place(words: Sequence[str], place: int, end: int) -> int:
    """The word after "on his head", "on top of the head": where else hair would be."""
    ahead = [at for at in range(place, min(place + 6, end)) if words[at] not in DETERMINERS]
    named = " ".join(words[at] for at in ahead)
    for where in _TOP:
        if named == where or named.startswith(f"{where} "):
            return ahead[where.count(" ")] + 1
    return place
