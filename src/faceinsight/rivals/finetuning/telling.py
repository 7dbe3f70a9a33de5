"""Tuned rivals' results: whose they are, and how they were tuned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from faceinsight.rivals.finetuning.testing import tuned_in
from faceinsight.rivals.settings import BaselineSettings
from faceinsight.rivals.telling import about

_KEPT = ("chosen", "validation_accuracy", "before", "best_step", "faces", "examples", "settings")


def about_tuned(rivals: BaselineSettings, adapters: Path) -> dict[str, Any]:
    """Whose metrics these are, as `faceinsight.rivals.telling.about`, and each task's tuning."""
    tuning = {
        "/".join(tuned.place): {name: tuned.about[name] for name in _KEPT}
        for tuned in tuned_in(adapters)
    }
    return about(rivals) | {"setting": "fine-tuned", "tuning": tuning}
