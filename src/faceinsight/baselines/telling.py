"""A rival's results: whose they are, and how they read in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.baselines.asking import answers_key
from faceinsight.baselines.reading import OUTCOMES
from faceinsight.baselines.settings import BaselineSettings
from faceinsight.provenance import provenance

if TYPE_CHECKING:
    pass


def about(settings: BaselineSettings) -> dict[str, Any]:
    """Whose metrics these are and how it was asked, in plain values; nothing of the server's
    address or its user. `folder` is the name of the one that the checkpoint was taken from, if any.
    """
    rival = settings.rival
    return {
        "name": settings.chosen,
        **rival.model_dump(include={"title", "checkpoint", "revision", "way", "licence", "prompt"}),
        "folder": None if settings.local.path is None else Path(settings.local.path).name,
        "setting": "training-free",
        "scored_by": settings.scored_by,
        "split": settings.split,
        "attributes": settings.questions.attributes,
        "software": settings.server.software if rival.way == "server" else None,
        "provenance": provenance(answers=answers_key(settings)),
    }


def rival_text(metrics: Mapping[str, Any]) -> str:
    """Metrics as a table, and a line on what became of the questions."""
    from faceinsight.reporting.text import metrics_text

    rival, questions, asking = metrics["rival"], metrics["questions"], metrics["asking"]
    outcomes = [f"{questions[name]} {name}" for name in OUTCOMES if questions[name]]
    if questions["not_mentioned"]:
        outcomes.append(f"{questions['not_mentioned']} characteristics not mentioned")
    lines = [
        f"{rival['title']}, {rival['setting']}, scored by {rival['scored_by']}",
        metrics_text(metrics),
        f"{questions['questions']} questions: {', '.join(outcomes)}",
    ]
    for what, counts in (("failed", asking["failed"]), ("tried again", asking["setbacks"])):
        if counts:
            said = ", ".join(f"{n} x {reason}" for reason, n in sorted(counts.items()))
            lines.append(f"{what}: {said}")
    return "\n".join(lines)
