"""Nodes: a rival's answers to predictions and metrics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.rivals.settings import BaselineSettings

if TYPE_CHECKING:
    from pandas import DataFrame

    from faceinsight.method.rules.compiler import RuleSet
else:  # Kedro resolves these hints, and pandas would slow down every `kedro` command.
    DataFrame = RuleSet = Any


def ask_rival(
    rivals: BaselineSettings, vocabulary: Vocabulary, work: str, **crops: Path
) -> tuple[DataFrame, dict[str, Any]]:
    """The rival's answer to every question about every test face, and an account of the asking."""
    from faceinsight.rivals.asking import ask

    return ask(rivals, vocabulary, crops, Path(work))


def read_answers(
    answers: DataFrame,
    rivals: BaselineSettings,
    vocabulary: Vocabulary,
    rule_set: RuleSet,
    parameters: dict[str, Any],
    **crops: Path,
) -> tuple[DataFrame, dict[str, Any]]:
    """Answers to predictions in the form of our models', and what became of the questions."""
    from faceinsight.rivals.faces import truth_of
    from faceinsight.rivals.parsing import sentence_parser
    from faceinsight.rivals.reading import predictions_of

    parser = sentence_parser(vocabulary, parameters.get("answers"))
    truth = truth_of(crops, rivals.split, vocabulary)
    return predictions_of(answers, truth, vocabulary, rule_set, rivals, parser)


def measure_rival(
    predictions: DataFrame,
    tally: dict[str, Any],
    asking: dict[str, Any],
    rivals: BaselineSettings,
    prevalence: dict[str, dict[str, float | None]],
    vocabulary: Vocabulary,
    rule_set: RuleSet,
    evaluation: EvaluationSettings,
) -> dict[str, Any]:
    """Our models' metrics, for a rival, with what became of its questions."""
    from faceinsight.rivals.telling import about, rival_metrics

    rival = about(rivals)
    return rival_metrics(
        rival, predictions, tally, asking, prevalence, vocabulary, rule_set, evaluation
    )
