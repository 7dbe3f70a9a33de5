"""What somebody has taken off, or holds, or has put down, and so does not wear.

"Took off his hat" and "has his hat off" deny the hat. "The hat has been removed", "holding a hat"
and "a hat on the table" leave it open: there may be another.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from faceinsight.answers.english import (
    ADVERBS,
    COPULAS,
    DETERMINERS,
    EXCEPTING,
    FINITE,
    NEGATORS,
    POSSESSIVES,
    PRONOUNS,
    STOPS,
    TAKING,
    word_set,
)

_TAKING_OFF = word_set("take took taken taking wipe wiped wiping pull pulled pulling")
_SHAVING = word_set("shave shaved shaving")
_REMOVING = _SHAVING | word_set("remove removed removing lost forgot forgotten")
_DONE = word_set("took wiped pulled removed shaved lost forgot")
_DOING = word_set("taking removing shaving")
_FALLING = word_set("fell fallen came come blown slipped")
_HOLDING = word_set("hold holding held carry carrying carried")
_CHILDREN = word_set("baby babies child children infant infants toddler toddlers kid kids boy girl")
_PERFECT = word_set("has have had having")
_STATES = _PERFECT | {"with"}
_OFF = word_set("off removed shaved")
_WHOLE = word_set("all both of first")
_JOINING = frozenset({",", "and", "or", "but", "then"})
_JOINTS = (("as", "well", "as"), ("along", "with"), ("together", "with"))
_LISTING = DETERMINERS | _JOINING | {"nor"}
_AFTER = STOPS | PRONOUNS | {"before", "after"}
_THEREBY = word_set("recently earlier completely entirely clean now today yesterday altogether")
_RELATIVE = word_set("who that which")
_LYING = word_set("lying lie laying laid resting rest sitting sit placed left kept put held")
_PREDICATE = COPULAS | ADVERBS | _PERFECT | _LYING
_PLACES = word_set("table desk nightstand counter shelf lap hand pocket bag purse case drawer")
"""Where nothing is worn."""

_SEATS = word_set("chair bed bench floor ground")
"""Likewise, but a person with a hat may be there as well."""

_REACH = 25
"""A list of objects has at most so many words."""

_PLACE = 5
"""A place is named within so many words of its preposition: "on the small wooden table"."""


@dataclass(frozen=True)
class Removal:
    """A verb of removal, or another word that says what is not worn, at some place.

    Attributes:
        removed: places of the words that name what is not there any more.
        unsettled: places of the words that name what may be there or not.
        end: its objects end before this word.
        own: whether only a negation of this very verb reverses it ("did not remove his hat", but
            not "a man without glasses removed his hat").
        holding: whether it says what is held, which a negation denies as it denies anything else.
    """

    removed: frozenset[int]
    unsettled: frozenset[int]
    end: int
    own: bool = True
    holding: bool = False


_NONE: frozenset[int] = frozenset()


def removal(
    words: Sequence[str], place: int, first: int, end: int, things: Collection[int]
) -> Removal | None:
    """What a word says of things that are taken off, held or put down, if it does.

    Args:
        words: all words.
        place: the word.
        first: where its clause begins.
        end: where its clause ends.
        things: places of the words that name what can be taken off, or shaved off.
    """
    word = words[place]
    if word in _STATES:
        return _state(words, place, end, things)
    if word in _HOLDING:
        objects = _objects(words, place + 1, end, things)
        named = objects.removed | objects.unsettled | _held_child(words, place, end)
        return Removal(_NONE, named, objects.end, holding=True) if named else None
    if word in ("in", "on"):
        where = _place_named(words, place, end)
        said = words[place - 1] in _LYING or words[place - 1] in COPULAS
        if where not in _PLACES and not (where in _SEATS and said):
            return None
        return Removal(_NONE, _before(words, place, first, things), place, holding=True)
    if word in _FALLING:
        return _passive(words, place, first, end, things)
    if word in _REMOVING or word in _TAKING_OFF:
        return _active(words, place, first, end, things) or _passive(
            words, place, first, end, things
        )
    return None


def _active(
    words: Sequence[str], place: int, first: int, end: int, things: Collection[int]
) -> Removal | None:
    """ "Removed his hat", "took off his hat", "took his hat off"."""
    word = words[place]
    start = place + 1
    off = word not in _REMOVING or word in _SHAVING
    off = off and words[start:end][:1] == ["off"]
    start += off
    lead = words[start] if start < end else ""
    before = _before_adverbs(words, place, first)
    # "The removed hat", but "he removed glasses", "took off glasses"
    bare = start in things and (off or before in PRONOUNS or before in _PERFECT)
    if not bare and lead not in DETERMINERS and lead not in NEGATORS and lead not in _WHOLE:
        return None
    objects = _objects(words, start, end, things, relative=before in _RELATIVE)
    if word in _TAKING_OFF and not off and not _particle(words, objects.end, end):
        return None
    done = (
        (word in _DONE and before not in COPULAS)
        or (word in ("taken", "forgotten") and before in _PERFECT)
        or (word in _DOING and before == "after")
    )
    # "Shaved his beard into a goatee"
    trimmed = word in _SHAVING and words[objects.end : end][:1] in (["into"], ["down"], ["to"])
    return objects if done and not trimmed else Removal(_NONE, _NONE, objects.end, own=False)


def _passive(
    words: Sequence[str], place: int, first: int, end: int, things: Collection[int]
) -> Removal | None:
    """ "The glasses have been taken off", which does not say whose."""
    fell = words[place] in _FALLING  # "his hat has fallen off"
    if not fell and words[place] not in ("taken", "shaved", "removed"):
        return None
    at = place + 1
    if words[at:end][:1] == ["off"]:
        at += 1
    elif fell or words[place] == "taken":
        return None
    # "Hat removed"
    if not (fell or _before_adverbs(words, place, first) in COPULAS or place - 1 in things):
        return None
    while at < end and (words[at] in ADVERBS or words[at] in _THEREBY):
        at += 1
    if at < end and words[at] not in _AFTER:
        return None
    return Removal(_NONE, _before(words, place, first, things), place)


def _state(words: Sequence[str], place: int, end: int, things: Collection[int]) -> Removal | None:
    """ "With his hat off", "has his beard shaved"."""
    if words[place + 1 : end][:1] == [] or words[place + 1] not in POSSESSIVES | {"the"}:
        return None
    objects = _objects(words, place + 1, end, things)
    at = objects.end
    if at >= end or words[at] not in _OFF:
        return None
    at += 1 + (words[at + 1 : end][:1] == ["off"])
    # "With the hat off to one side"
    ended = at >= end or (words[at] in STOPS and words[at] != "to")
    return replace(objects, end=at) if ended else None


def _particle(words: Sequence[str], place: int, end: int) -> bool:
    """Whether an "off" belongs to the verb: "his hat off (his head)", not "off the table"."""
    if place >= end or words[place] != "off":
        return False
    following = words[place + 1] if place + 1 < end else ""
    return following not in DETERMINERS or following in POSSESSIVES


def _objects(
    words: Sequence[str], start: int, end: int, things: Collection[int], relative: bool = False
) -> Removal:
    """The objects of a verb: "his hat, his tie and glasses", up to a clause with its own verb.

    In a relative clause ("who took off her hat and glasses is smiling") that verb is not theirs.
    What stands behind a negation is unsettled: whoever "removed neither his hat nor his tie" may
    wear both, or have worn neither.
    """
    removed: list[int] = []
    unsettled: list[int] = []
    end = min(end, start + _REACH)
    place, stop, denied = start, start, False
    while place < end:
        while place < end and (ahead := _lead(words, place)):
            denied = denied or words[place] in NEGATORS
            place += ahead
        item = _item(words, place, end, things)
        # "Took off his hat and his beard is long" goes on with a clause of its own.
        verb = item < end and (words[item] in FINITE or words[item] in COPULAS)
        if item == place or (verb and stop > start and not relative):
            break
        named = [at for at in range(place, item) if at in things]
        (unsettled if denied else removed).extend(named)
        place = stop = item
        if place < end and not _joins(words, place):
            break
    return Removal(frozenset(removed), frozenset(unsettled), stop)


def _lead(words: Sequence[str], place: int) -> int:
    """How many words at a place only lead to the next object: "and", "both", "as well as"."""
    word = words[place]
    return _joins(words, place) or int(word in ADVERBS or word in _WHOLE)


def _joins(words: Sequence[str], place: int) -> int:
    """How many words at a place join one object to the next."""
    if words[place] in _JOINING or words[place] in NEGATORS:
        return 1
    joint = [len(joint) for joint in _JOINTS if (*words[place : place + len(joint)],) == joint]
    return sum(joint)


def _item(words: Sequence[str], start: int, end: int, things: Collection[int]) -> int:
    """Where one object ends that begins at `start`."""
    place = start + 1 if start < end and words[start] in DETERMINERS else start
    while place < end and (
        place in things
        or not (_ends_item(words[place]) or _joins(words, place))
        or (words[place] == "of" and words[place - 1] == "pair")
    ):
        place += 1
    return place


def _ends_item(word: str) -> bool:
    return (
        word in STOPS
        or word in FINITE
        or word in COPULAS
        or word in TAKING
        or word in PRONOUNS
        or word in DETERMINERS
        or word in NEGATORS
        or word in EXCEPTING
        or word in _OFF
    )


def _held_child(words: Sequence[str], place: int, end: int) -> frozenset[int]:
    """Who is held: what is said of "holding a smiling baby" is not said of the face."""
    start = place + 1
    if start >= end or words[start] not in DETERMINERS:
        return _NONE
    for at in range(start + 1, min(start + 4, end)):
        if words[at] in _CHILDREN:
            return frozenset(range(start, at + 1))
    return _NONE


def _place_named(words: Sequence[str], place: int, end: int) -> str:
    """The place after a preposition: "on the small table"; empty if it names none.

    "In (this) case" and "on (the other) hand" name none.
    """
    if words[place + 1 : end][:1] in (["case"], ["this"], ["that"], ["any"], ["either"]):
        return ""
    if words[place] == "on" and "hand" in words[place + 1 : min(place + 4, end)]:
        return ""
    for at in range(place + 1, min(place + 1 + _PLACE, end)):
        if words[at] in _PLACES or words[at] in _SEATS:
            return words[at]
        if words[at] in STOPS or (words[at] in DETERMINERS and at > place + 1):
            break
    return ""


def _before(
    words: Sequence[str], place: int, first: int, things: Collection[int]
) -> frozenset[int]:
    """The things that stand before a predicate: "her hat and glasses have been ..."."""
    at = place - 1
    while at >= first and words[at] in _PREDICATE:
        at -= 1
    predicate = at < place - 1
    named: list[int] = []
    stop = max(first, at - _REACH)
    while at >= stop and (at in things or (named and words[at] in _LISTING)):
        named += [at] if at in things else []
        at -= 1
    if predicate and at >= first and (words[at] in STOPS or words[at] in TAKING):
        return _NONE  # "the man with the hat is on the chair"
    return frozenset(named)


def _before_adverbs(words: Sequence[str], place: int, first: int) -> str:
    """The word before a verb and its adverbs: "has" of "has already taken off"."""
    at = place - 1
    while at >= first and words[at] in ADVERBS:
        at -= 1
    return words[at] if at >= first else ""
