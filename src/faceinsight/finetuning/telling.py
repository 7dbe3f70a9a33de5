"""Tuned rivals' results: whose they are, and how they were tuned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from faceinsight.baselines.settings import BaselineSettings
from faceinsight.baselines.telling import about
from faceinsight.finetuning.testing import tuned_in

_KEPT = ("chosen", "validation_accuracy", "before", "best_step", "faces", "examples", "settings")


def about_tuned(rivals: BaselineSettings, adapters: Path) -> dict[str, Any]:
    """Whose metrics these are, as `faceinsight.baselines.telling.about`, and each task's tuning."""
    tuning = {
        "/".join(tuned.place): {name: tuned.about[name] for name in _KEPT}
        for tuned in tuned_in(adapters)
    }
    return about(rivals) | {"setting": "fine-tuned", "tuning": tuning}
