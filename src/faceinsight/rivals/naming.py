"""What a rival is called wherever a person reads its name.

A checkpoint that has a published model's architecture but not its weights must not pass for that
model. It says so itself, in its `config.json`; the record of a run keeps what it says, and a name
is made from the record here and nowhere else.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from faceinsight.rivals.settings import RivalsSettings

DECLARED = "faceinsight_weights"
"""Key of a checkpoint's `config.json` that says, in words, what its weights are where they are not
the published model's."""

TINY = "tiny, random weights"
"""What `experiments/tiny_checkpoints.py` writes there."""


def weights_of(settings: RivalsSettings) -> str | None:
    """What the chosen rival's weights are, in its checkpoint's words; None for the model's own.

    Only a checkpoint in a folder can say it. One that cannot be read says nothing: whoever loads it
    says what is wrong with it.
    """
    rival = settings.rival
    if rival.way != "transformers":
        return None
    path = Path(settings.local.path or rival.checkpoint) / "config.json"
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    weights = said.get(DECLARED) if isinstance(said, dict) else None
    return weights if isinstance(weights, str) else None


def shown_name(title: str, weights: Any) -> str:
    """A model's name with what its weights are in brackets; bare where they are its own.

    Args:
        weights: as a record has them; a text that is empty may have come back from CSV as null.
    """
    return f"{title} ({weights})" if isinstance(weights, str) and weights else title


def name_of(settings: RivalsSettings) -> str:
    """The chosen rival's name, as `shown_name`."""
    return shown_name(settings.rival.title, weights_of(settings))
