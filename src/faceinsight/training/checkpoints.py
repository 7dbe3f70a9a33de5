"""Checkpoints that are whole or absent.

Trainer writes a checkpoint in place, and its own search takes a half-written one for whole. Here a
checkpoint counts only if the empty file `COMPLETE` was written into it last.
"""

from __future__ import annotations

import shutil
from pathlib import Path

COMPLETE = "COMPLETE"


def mark_complete(checkpoint: Path) -> None:
    """Say that everything in the checkpoint has been written."""
    (checkpoint / COMPLETE).touch()


def last_complete_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint, after removing what an interruption left half-written."""
    whole = []
    for checkpoint in folder.glob("checkpoint-*"):
        if (checkpoint / COMPLETE).exists():
            whole.append(checkpoint)
        else:
            shutil.rmtree(checkpoint)
    return max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
