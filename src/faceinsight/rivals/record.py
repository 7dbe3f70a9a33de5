"""The record of a rival's run: whose metrics these are, and how it was asked or fine-tuned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from faceinsight.common.provenance import provenance
from faceinsight.rivals.finetuning.tuned import tuned_in
from faceinsight.rivals.inference import answers_key
from faceinsight.rivals.naming import weights_of
from faceinsight.rivals.settings import RivalsSettings

_TUNING = ("chosen", "validation_accuracy", "before", "best_step", "faces", "examples", "settings")


def about(settings: RivalsSettings, adapters: Path | None = None) -> dict[str, Any]:
    """Whose metrics these are and how it was asked, in plain values.

    Nothing of the server's address or its user is in it.

    Args:
        settings: which rival, and how.
        adapters: of a rival that was fine-tuned, a folder for each task.

    Returns:
        Among others `folder`, the name of the one that the checkpoint was taken from, if any;
        `weights`, what they are where they are not the model's own; `setting`, `training-free` or
        `fine-tuned`; and of the latter `tuning`, how each task was tuned.
    """
    rival = settings.rival
    record = {
        "name": settings.chosen,
        **rival.model_dump(include={"title", "checkpoint", "revision", "way", "licence", "prompt"}),
        "folder": None if settings.local.path is None else Path(settings.local.path).name,
        "weights": weights_of(settings),
        "setting": "training-free" if adapters is None else "fine-tuned",
        "scored_by": settings.scored_by,
        "split": settings.split,
        "attributes": settings.questions.attributes,
        "software": settings.server.software if rival.way == "server" else None,
        "provenance": provenance(answers=answers_key(settings)),
    }
    if adapters is not None:
        record["tuning"] = {
            str(tuned): {name: tuned.about[name] for name in _TUNING}
            for tuned in tuned_in(adapters)
        }
    return record
