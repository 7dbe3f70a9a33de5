"""Progress bars over images, for people at a terminal and for logs in a file."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm


def images_bar(description: str, total: int, **options: Any) -> tqdm:
    """A progress bar in images per second.

    In a terminal it moves; into a file it writes a line now and then rather than thousands.

    Args:
        description: what is being done, with its object.
        total: images in all.
        options: further arguments of tqdm.
    """
    often = (0.2, 10) if sys.stderr.isatty() else (15, 60)
    return tqdm(
        desc=description,
        total=total,
        unit="img",
        mininterval=often[0],
        maxinterval=often[1],
        **options,
    )
