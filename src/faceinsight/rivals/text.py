"""A rival's metrics as plain text, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from faceinsight.evaluation.text import metrics_text
from faceinsight.rivals.naming import shown_name
from faceinsight.rivals.reading import OUTCOMES


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
