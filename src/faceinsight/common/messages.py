"""Errors as sentences that a person can act on.

What a user's input, configuration or weights have caused is one sentence; for everything else there
is none, and the traceback is needed.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches

from faceinsight.errors import FaceInsightError

_PLACES = {
    errno.EACCES: "see to its permissions",
    errno.EPERM: "see to its permissions",
    errno.EROFS: "name another folder to write to with --params data=FOLDER",
    errno.ENOSPC: "make room, or name another folder to write to with --params data=FOLDER",
    errno.EDQUOT: "make room, or name another folder to write to with --params data=FOLDER",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.ENOTDIR: "name a folder, not a file",
}
"""What to do about a place that cannot be used. (A file that is not there may be our defect.)"""


def sentence(
    error: BaseException, also: Callable[[BaseException], str | None] | None = None
) -> str | None:
    """What to tell a person about an error, or None where the traceback is needed.

    A sentence ends in a full stop, but for one whose last word is a path or `NAME=VALUE`, which
    would take the stop for its own; a report of several lines stays as it is.

    Args:
        error: as it was raised; what caused it counts as well.
        also: what else is known of an error's cause, e.g. by whoever uses a library of its own.
    """
    for cause in causes(error):
        told = _told(cause) or (also(cause) if also is not None else None)
        if told is not None:
            return told if "\n" in told else with_full_stop(told)
    return None


def _told(cause: BaseException) -> str | None:
    if isinstance(cause, FaceInsightError):
        return str(cause)
    if isinstance(cause, OSError) and cause.errno in _PLACES:
        return f"{cause.filename or 'the disk'}: {cause.strerror}; {_PLACES[cause.errno]}."
    return None


def with_full_stop(text: str) -> str:
    """A text that ends in a full stop, but for what is to be copied: `NAME=VALUE`, a path."""
    is_to_be_copied = bool(re.search(r"[/=]\S*$", text))
    return text if is_to_be_copied or text.endswith((".", "?", "!")) else f"{text}."


def no_such(what: str, given: str, known: set[str], otherwise: str | None = None) -> str:
    """ "there is no `what` 'given'", and what was meant.

    Args:
        what: the kind of thing.
        given: its name as it was typed.
        known: names that there are.
        otherwise: what to say where no name is near; by default all of them.
    """
    near = get_close_matches(given, known, n=1)
    listed = otherwise or (f"there are {', '.join(sorted(known))}" if known else "")
    hint = f"did you mean '{near[0]}'?" if near else listed
    return f"there is no {what} '{given}'{f'; {hint}' if hint else ''}"


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error, what caused it, what caused that, and so on."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
