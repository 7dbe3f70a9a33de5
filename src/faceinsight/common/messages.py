"""Errors as sentences that a person can act on.

What a user's input, configuration or weights have caused is one sentence; for everything else there
is none, and the traceback is needed.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path

from faceinsight.common.paths import written as _written
from faceinsight.errors import FaceInsightError

_ELSEWHERE = "name another folder to write to (of a pipeline with --params data=FOLDER)"
_ROOM = f"make room, or {_ELSEWHERE}, and start again"
_PLACES = {
    errno.EACCES: "see to its permissions",
    errno.EPERM: "see to its permissions",
    errno.EROFS: _ELSEWHERE,
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EIO: "see to the disk",
    errno.ESTALE: "see to the disk",
    errno.EFBIG: f"the disk, or a limit, takes no larger file: {_ELSEWHERE}",
    errno.EMFILE: "let this process open more files (ulimit -n)",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.ENOTDIR: "name a folder, not a file",
}
"""What to do about a place that cannot be used. (A file that is not there may be our defect.)"""

_FULL = {errno.ENOSPC, errno.EDQUOT}

_NUMBER = re.compile(r"\b(?:os error|errno) (\d+)", re.IGNORECASE)
"""The system's number of an error in the words of a library that is no Python (safetensors)."""

_HALF_WRITTEN = re.compile(
    r"inline_container.*(?:unexpected pos|write)|PytorchStreamWriter|iostream error"
    r"|\d+ requested and \d+ written"
)
"""What PyTorch and numpy say where a file could not be written to its end: not why, which is nearly
always a full disk."""

_PLACE = re.compile(r"filepath=\w*\(?'?([^',)]+)")
"""Where Kedro was saving something."""


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
    if (number := _errno(cause)) not in _PLACES:
        return None
    if number not in _FULL:
        named = getattr(cause, "filename", None) or _written() or "the disk"
        return f"{named}: {os.strerror(number)}; {_PLACES[number]}."
    folder = _folder_of(cause)
    if folder is None:
        return f"{os.strerror(number)} where the output goes; {_ROOM}."
    free = shutil.disk_usage(folder).free / 1e6
    return f"{folder}: {os.strerror(number)} ({free:,.1f} MB are free); {_PLACES[number]}."


def _errno(cause: BaseException) -> int:
    """The system's number of an error, also of one that is told in a library's own words."""
    if isinstance(cause, OSError) and cause.errno is not None:
        return cause.errno
    if _HALF_WRITTEN.search(str(cause)):
        return errno.ENOSPC
    found = _NUMBER.search(str(cause))
    return int(found[1]) if found else 0


def _folder_of(cause: BaseException) -> Path | None:
    """The folder that something could not be written into, or what there is of it.

    None where nothing tells, as of what a shell leads elsewhere.
    """
    named = _PLACE.search(str(cause))
    target = getattr(cause, "filename2", None) or (named and named[1])
    place = target or getattr(cause, "filename", None) or _written()
    if place is None:
        return None
    path = Path(place).absolute()
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


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


def aligned(rows: list[list[str]]) -> list[str]:
    """The rows of a table as lines whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(r, widths, strict=True)) for r in rows]
    return [line.rstrip() for line in lines]


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error, what caused it, what caused that, and so on."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
