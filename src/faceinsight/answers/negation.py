"""How far a negation reaches: "no hat, glasses, or beard" against "no beard and black hair"."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from faceinsight.answers.english import (
    ABSENT,
    ADVERBS,
    COPULAS,
    EXCEPTING,
    EXCEPTING_PAIRS,
    FINITE,
    NEGATING_PAIRS,
    NEGATORS,
    PRESENT,
    PRONOUNS,
    TAKING,
    word_set,
)
from faceinsight.answers.removal import Removal, removal
from faceinsight.answers.words import DASH

_LIST = 25
"""A list is looked through for its last "or" so many words ahead."""

_AFTER_WITH = word_set("seen shown pictured depicted portrayed photographed")
_REVERSING = word_set("without lack lacking lacked devoid minus")


_AUXILIARY = frozenset({("no", "longer"), ("nothing", "to")})
_RELATIVE = word_set("who whom whose which")
_BEFORE_ABSENT = COPULAS | ADVERBS | {"long"}
_FORMER = word_set("formerly previously")
_MENTIONED = [[word] for word in ("mentioned", "described", "stated", "noted", "shown", "seen")]
_PRESENT_TENSE = word_set("is are has wear appear seem")
_INTENDING = word_set("about going want wanted plan planning")
_BEGUN = word_set("put try don apply grow")
_HABITS = word_set("be have wear sport grow smile look")
_EVIDENCE = word_set("evidence sign indication hint proof suggest indicate suggesting indicating")


@dataclass(frozen=True)
class Negation:
    """What is denied in a stretch of words.

    Attributes:
        denied: for each word, whether it stands within the reach of a negation.
        before: what is named before this word is denied as well ("a hat is not present").
        excepted: places of the words that name an exception to what the others say.
        open: for each word, whether what is named there is left open.
    """

    denied: list[bool]
    before: int
    excepted: range
    open: list[bool]


def negation(
    words: Sequence[str],
    first: int,
    end: int,
    taken: Collection[int],
    bare: Collection[int],
    things: Collection[int] = (),
    heading: bool = False,
) -> Negation:
    """Find what is denied among the words from `first` up to `end`.

    Args:
        words: all words.
        first: the first one.
        end: the one after the last.
        taken: places of words that belong to longer phrases and negate nothing by themselves.
        bare: places where a singular noun without article begins, which cannot stand by itself.
        things: places of words that name what can be taken off, or shaved off.
        heading: whether a heading denies all that follows ("Not present: ...").
    """
    denied = [heading] * (end - first)
    open_ = [False] * (end - first)
    before, excepted = first, range(end, end)
    scope, opened = ("heading" if heading else ""), first
    clausal, listed, gone = False, first, frozenset[int]()
    for place in range(first, end):
        word = words[place]
        if place < listed:  # an object of a removal: "taken off neither his hat nor his tie"
            denied[place - first] = place in gone or scope == "heading"
            continue
        if place not in taken:
            if (word in NEGATORS and not _affirms(words, place, end)) or _pair(words, place, end):
                if scope and scope != "heading" and place - opened <= 2 and word in _REVERSING:
                    scope = ""  # "not without"
                else:
                    scope = _kind(words, place, first, end)
                    opened = place + ((*words[place : place + 2],) in NEGATING_PAIRS)
                if word == "not" and _present_follows(words, place, end):
                    before = place
                continue
            if word in ABSENT and place > first and words[place - 1] in _BEFORE_ABSENT:
                before = place
            found = removal(words, place, first, end, things)
            if found is not None and not (found.holding and scope):
                if scope and scope != "heading" and _reverses(words, place, scope, opened, found):
                    # "Has not taken off his hat, nor his tie", "neither his hat nor his tie has
                    # been removed": what is not removed is there.
                    scope, gone, listed = "", frozenset(), found.end
                    for at in found.unsettled:
                        denied[at - first] = False
                elif found.removed or found.unsettled:
                    scope = scope if scope == "heading" else ""
                    gone, listed = found.removed, found.end
                    for at in found.unsettled:
                        open_[at - first] = True
            until = _unsettled_until(words, place, first, end)
            open_[place - first : until - first] = [True] * (until - place)
            if scope and scope != "heading" and word == "that" and words[place - 1] in _EVIDENCE:
                scope, clausal = "", True  # "no sign that the man wears a hat": there is a man
            elif clausal and word in _RELATIVE:
                # The verb of "the woman, who is young, wears ..." is not the next one.
                open_[place - first :] = [True] * (end - place)
                clausal = False
            elif clausal and word in FINITE:
                scope, opened, clausal = "aux", place, False
            if excepts(words, place, end):
                scope, excepted = "", range(place, _exception_end(words, place, first, end))
            if scope and place > opened and _closes(words, place, end, scope, opened, bare):
                scope = ""
        denied[place - first] = bool(scope)
    return Negation(denied, before, excepted, open_)


def _reverses(words: Sequence[str], place: int, scope: str, opened: int, found: Removal) -> bool:
    """Whether what is denied before a removal is the removal itself."""
    if not found.own or opened == place - 1:
        return True
    return scope in ("aux", "not", "neither") and words[place - 1] != "and"


def excepts(words: Sequence[str], place: int, end: int) -> bool:
    """Whether what follows is an exception: "except", "other than"."""
    pair = (words[place], words[place + 1]) if place + 1 < end else ()
    return words[place] in EXCEPTING or pair in EXCEPTING_PAIRS


def _exception_end(words: Sequence[str], place: int, first: int, end: int) -> int:
    """Where an exception ends: "except for a mustache he is clean-shaven" begins with it."""
    if place > first:
        return end
    for ends in (PRONOUNS, (",",)):
        for ahead in range(place + 1, end):
            if words[ahead] in ends:
                return ahead
    return end


def _past(words: Sequence[str], place: int, first: int, end: int) -> bool:
    """Whether "he used to have a beard" speaks of the past, as "the lens used to take it" does not.

    "As he used to" and "is used to" do not either, but what follows says nothing of the face.
    """
    if words[place] != "used" or words[place + 1 : end][:1] != ["to"] or place == first:
        return False
    following = words[place + 2] if place + 2 < end else ""
    previous = words[place - 1]
    return previous not in COPULAS and (
        previous in PRONOUNS or previous == "who" or following in _HABITS
    )


def _to_come(words: Sequence[str], place: int, end: int) -> bool:
    """Whether "he is about to put on his hat" speaks of what is not so yet."""
    following = words[place + 1 : min(place + 3, end)]
    return (
        words[place] in _INTENDING
        and following[:1] == ["to"]
        and not (_HABITS | _BEGUN).isdisjoint(following)
    )


def _unsettled_until(words: Sequence[str], place: int, first: int, end: int) -> int:
    """Where what was so, or is meant to be, ends; `place` itself where its word says nothing of it.

    "Formerly bearded, he is clean-shaven now", but not "the previously mentioned man".
    """
    if words[place] in _FORMER and words[place + 1 : end][:1] not in _MENTIONED:
        return _now(words, place + 1, end, {",", *_PRESENT_TENSE})
    if _to_come(words, place, end):
        return _now(words, place + 3, end, _PRESENT_TENSE)
    return end if _past(words, place, first, end) else place


def _now(words: Sequence[str], place: int, end: int, ends: Collection[str]) -> int:
    """Where what was, or is to come, ends: "about to smile and wears glasses", by a verb of its
    own, but not "wants to look as if he has a beard" nor "used to wear".
    """
    for at in range(place, end):
        own = words[at - 1] != "to" and words[at - 1] not in PRONOUNS | _RELATIVE | {"that"}
        if words[at] in ends and own:
            return at
    return end


def _affirms(words: Sequence[str], place: int, end: int) -> bool:
    """Whether a negator denies nothing: "nothing but a smile"."""
    return words[place] == "nothing" and place + 1 < end and words[place + 1] == "but"


def _pair(words: Sequence[str], place: int, end: int) -> bool:
    if place + 1 >= end:
        return False
    if words[place] == "than" and not words[place + 1].isdecimal():
        return "more" in words[max(0, place - 4) : place]  # "more brown than black"
    return (words[place], words[place + 1]) in NEGATING_PAIRS


def _kind(words: Sequence[str], place: int, first: int, end: int) -> str:
    """ "aux" after a verb ("is not"), most for themselves, "without" for the rest."""
    word = words[place]
    previous = words[place - 1] if place > first else ""
    verbal = previous in FINITE or "to" in (previous, *words[place + 1 : min(place + 2, end)])
    following = words[place + 1] if place + 1 < end else ""
    if (word in ("not", "never") and verbal) or (word, following) in _AUXILIARY:
        return "aux"
    if word in ("neither", "nor"):
        return "neither"
    if word == "no":
        return "with no" if previous in ("with", "having") else "no"
    if word == "non":
        return "non"
    return "not" if word in ("not", "never") else "without"


def _present_follows(words: Sequence[str], place: int, end: int) -> bool:
    """Whether "not" is said of being there: "not (clearly) visible", "not to be seen"."""
    for ahead in range(place + 1, min(place + 4, end)):
        if words[ahead] in PRESENT:
            return True
        if words[ahead] not in ADVERBS and words[ahead] not in ("be", "being", "to", "any"):
            return False
    return False


def _closes(
    words: Sequence[str], place: int, end: int, scope: str, opened: int, bare: Collection[int]
) -> bool:
    """Whether the reach of a negation ends before this word."""
    word = words[place]
    if scope == "heading":
        return False
    following = words[place + 1] if place + 1 < end else ""
    if scope == "non":
        return place > opened + 1
    if word == DASH:
        return True
    if scope in ("no", "with no", "neither") and words[place - 1] in PRESENT:
        return words[place - 2] in COPULAS  # "no hat is visible on the young man"
    if word == ",":
        onward = place + 2 if following in ("and", "or", "nor") else place + 1
        return not (_or_ahead(words, place + 1, end) or onward in bare)
    if word == "and":
        return _ends_at_and(words, place, end, scope, bare)
    if word == "with":
        return place > opened + 1 and words[place - 1] not in _AFTER_WITH
    if scope in ("no", "with no", "without", "not"):
        if word in TAKING and place > opened + 1:
            return True
        if scope != "not" and (word == "who" or (word in PRONOUNS and following in FINITE)):
            return True
    # "a man without a beard is smiling", but "no hat is worn"
    return scope in ("with no", "without", "not") and word in FINITE and place > opened + 1


def _ends_at_and(
    words: Sequence[str], place: int, end: int, scope: str, bare: Collection[int]
) -> bool:
    following = words[place + 1] if place + 1 < end else ""
    if following in FINITE or following in TAKING or following == "with":
        return True
    if place + 1 in bare:
        return False  # "no beard and mustache"
    if scope in ("no", "with no", "neither"):
        return True
    return scope == "without" and following.endswith("ing")


def _or_ahead(words: Sequence[str], place: int, end: int) -> bool:
    """Whether the list that goes on here ends with "or"."""
    for word in words[place : min(place + _LIST, end)]:
        if word in ("or", "nor"):
            return True
        if word in FINITE or word in NEGATORS or word in ("and", "with", ":"):
            return False
    return False
