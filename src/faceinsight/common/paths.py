"""Paths that begin with `~`."""

from __future__ import annotations

import os
from pathlib import Path


def at_home(path: Path | str) -> str:
    """A path with a leading `~` or `~user` as the shell expands it.

    Args:
        path: as it was given; that of an unknown user stays as it is, where `Path.expanduser`
            raises.
    """
    return os.path.expanduser(path)  # noqa: PTH111
