"""Progress bars over images, for people at a terminal and for logs in a file."""

from __future__ import annotations

import logging
import math
import sys
import threading
import time
from typing import Any

from tqdm import tqdm

_log = logging.getLogger(__name__)

SILENCE = 10.0
"""Seconds after which work that shows no bar is named."""

_line = 0
_work: str | None = None
_since = _until = _sign = 0.0
_watching: threading.Thread | None = None


def stand_at(line: int) -> None:
    """Draw this process's bars so many lines below the first: others draw theirs there."""
    global _line
    _line = line


def at_work(what: str | None, most: float = math.inf) -> None:
    """Say from now on what is being done, wherever nothing else has been shown for a while.

    Args:
        what: in words; None where nothing is.
        most: seconds after which it is no longer said.
    """
    global _work, _since, _until, _sign, _watching
    _work, _since = what, time.monotonic()
    _until = _since + most
    _sign = _since
    if what is not None and (_watching is None or not _watching.is_alive()):
        _watching = threading.Thread(target=_watch, daemon=True)
        _watching.start()


def _watch() -> None:
    """Run until nothing is at work."""
    global _sign
    while (what := _work) is not None:
        now = time.monotonic()
        if now - _sign >= SILENCE and now < _until:
            _sign = now
            _log.info("%s: at work for %.0f s", what, now - _since)
        time.sleep(min(1.0, SILENCE / 4))


class _Bar(tqdm):
    """A bar that counts as a sign of work."""

    def display(self, *args: Any, **kwargs: Any) -> None:
        global _sign
        _sign = time.monotonic()
        super().display(*args, **kwargs)


def images_bar(description: str, total: int, **options: Any) -> tqdm:
    """A progress bar in images per second.

    In a terminal it moves; into a file it writes a line now and then rather than thousands.

    Args:
        description: what is being done, with its object.
        total: images in all.
        options: further arguments of tqdm.
    """
    at_terminal = sys.stderr.isatty()
    often = (0.2, 10) if at_terminal else (SILENCE / 2, SILENCE)
    if at_terminal and _line:
        options = {"position": _line, "leave": False} | options
    return _Bar(
        desc=description,
        total=total,
        unit="img",
        **({"mininterval": often[0], "maxinterval": often[1]} | options),
    )
