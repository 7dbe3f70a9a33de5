"""Whose metrics these are, and how a rival was asked or fine-tuned: as values, and as text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from faceinsight.common.provenance import provenance
from faceinsight.evaluation.text import metrics_text
from faceinsight.rivals.finetuning.tuned import tuned_in
from faceinsight.rivals.inference import answers_key
from faceinsight.rivals.naming import shown_name, weights_of
from faceinsight.rivals.reading import OUTCOMES
from faceinsight.rivals.settings import RivalsSettings

_TUNING = ("chosen", "validation_accuracy", "before", "best_step", "faces", "examples", "settings")


def about(settings: RivalsSettings, adapters: Path | None = None) -> dict[str, Any]:
    """Whose metrics these are and how it was asked, in plain values.

    Nothing of the server's address or its user is in it.

    Args:
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


def rival_text(metrics: Mapping[str, Any]) -> str:
    """Metrics as a table, and a line on what became of the questions.

    Args:
        metrics: those of `evaluate`, with `rival`, `questions` and `asking`.
    """
    rival, questions, asking = metrics["rival"], metrics["questions"], metrics["asking"]
    outcomes = [f"{questions[name]} {name}" for name in OUTCOMES if questions[name]]
    if questions["not_mentioned"]:
        outcomes.append(f"{questions['not_mentioned']} characteristics not mentioned")
    name = shown_name(rival["title"], rival["weights"])
    lines = [
        f"{name}, {rival['setting']}, scored by {rival['scored_by']}",
        metrics_text(metrics),
        f"{questions['questions']} questions: {', '.join(outcomes)}",
    ]
    for what, counts in (("failed", asking["failed"]), ("tried again", asking["setbacks"])):
        if counts:
            said = ", ".join(f"{n} x {reason}" for reason, n in sorted(counts.items()))
            lines.append(f"{what}: {said}")
    return "\n".join(lines)
