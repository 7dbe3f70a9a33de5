"""Progress bars over images, for people at a terminal and for logs in a file."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

_line = 0


def stand_at(line: int) -> None:
    """Draw this process's bars so many lines below the first: others draw theirs there."""
    global _line
    _line = line


def images_bar(description: str, total: int, **options: Any) -> tqdm:
    """A progress bar in images per second.

    In a terminal it moves; into a file it writes a line now and then rather than thousands.

    Args:
        description: what is being done, with its object.
        total: images in all.
        options: further arguments of tqdm.
    """
    at_terminal = sys.stderr.isatty()
    often = (0.2, 10) if at_terminal else (15, 60)
    if at_terminal and _line:
        options = {"position": _line, "leave": False} | options
    return tqdm(
        desc=description,
        total=total,
        unit="img",
        mininterval=often[0],
        maxinterval=often[1],
        **options,
    )
