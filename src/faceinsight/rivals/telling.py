"""A rival's results: whose they are, and how they read in a terminal."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.common.provenance import provenance
from faceinsight.rivals.asking import answers_key
from faceinsight.rivals.naming import shown_name, weights_of
from faceinsight.rivals.reading import OUTCOMES
from faceinsight.rivals.settings import BaselineSettings

if TYPE_CHECKING:
    import pandas as pd

    from faceinsight.evaluation.settings import EvaluationSettings
    from faceinsight.method.characteristics import Vocabulary
    from faceinsight.method.rules.compiler import RuleSet

logger = logging.getLogger(__name__)


def about(settings: BaselineSettings) -> dict[str, Any]:
    """Whose metrics these are and how it was asked, in plain values; nothing of the server's
    address or its user. `folder` is the name of the one that the checkpoint was taken from, if any,
    and `weights` what they are where they are not the model's own.
    """
    rival = settings.rival
    return {
        "name": settings.chosen,
        **rival.model_dump(include={"title", "checkpoint", "revision", "way", "licence", "prompt"}),
        "folder": None if settings.local.path is None else Path(settings.local.path).name,
        "weights": weights_of(settings),
        "setting": "training-free",
        "scored_by": settings.scored_by,
        "split": settings.split,
        "attributes": settings.questions.attributes,
        "software": settings.server.software if rival.way == "server" else None,
        "provenance": provenance(answers=answers_key(settings)),
    }


def rival_metrics(
    rival: Mapping[str, Any],
    predictions: pd.DataFrame,
    tally: Mapping[str, Any],
    asking: Mapping[str, Any],
    prevalence: dict[str, dict[str, float | None]],
    vocabulary: Vocabulary,
    rule_set: RuleSet,
    evaluation: EvaluationSettings,
) -> dict[str, Any]:
    """Our models' metrics, for a rival, with what became of its questions; shown as well.

    Args:
        rival: whose they are, as `about` says it.
        predictions: read from its answers.
        tally: what became of its questions.
        asking: an account of the asking.
        prevalence: what predicting prevalence says, by data set.
        vocabulary: K characteristics.
        rule_set: rules that labels should not break.
        evaluation: intervals, and what is measured.
    """
    from faceinsight.evaluation.evaluate import evaluate

    metrics = evaluate(predictions, vocabulary, rule_set, prevalence, evaluation)
    metrics |= {"rival": dict(rival), "questions": dict(tally), "asking": dict(asking)}
    logger.info("\n%s\n", rival_text(metrics))
    return metrics


def rival_text(metrics: Mapping[str, Any]) -> str:
    """Metrics as a table, and a line on what became of the questions."""
    from faceinsight.evaluation.text import metrics_text

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
