"""Checkpoints that are whole or absent.

Trainer writes a checkpoint in place, and its own search takes a half-written one for whole. Here a
checkpoint counts only if the empty file `COMPLETE` was written into it last.
"""

from __future__ import annotations

import shutil
from pathlib import Path

COMPLETE = "COMPLETE"
CHECKPOINTS = "checkpoints"
"""Folder of a training's checkpoints, in its work folder."""


def mark_complete(checkpoint: Path) -> None:
    """Say that everything in the checkpoint has been written."""
    (checkpoint / COMPLETE).touch()


def drop_old_checkpoints(folder: Path, keep: int, best: Path | None) -> None:
    """Remove all but the newest `keep` checkpoints; the best counts among them and stays."""
    newest = sorted(folder.glob("checkpoint-*"), key=_step, reverse=True)
    spared = {newest[0].name, *([best.name] if best else [])} if newest else set()
    for checkpoint in newest:
        if checkpoint.name in spared:
            continue
        if len(spared) < keep:
            spared.add(checkpoint.name)
            continue
        # First of all it ceases to be whole: the removal may be interrupted as well.
        (checkpoint / COMPLETE).unlink(missing_ok=True)
        shutil.rmtree(checkpoint)


def last_complete_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint, after removing what an interruption left half-written."""
    whole = []
    for checkpoint in folder.glob("checkpoint-*"):
        if (checkpoint / COMPLETE).exists():
            whole.append(checkpoint)
        else:
            shutil.rmtree(checkpoint)
    return max(whole, key=_step, default=None)


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])
