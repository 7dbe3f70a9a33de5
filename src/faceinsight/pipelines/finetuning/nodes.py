"""Nodes: a rival fine-tuned, asked and measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.rivals.finetuning.settings import FinetuningSettings
from faceinsight.rivals.settings import BaselineSettings

if TYPE_CHECKING:
    from pandas import DataFrame

    from faceinsight.method.rules.compiler import RuleSet
else:  # Kedro resolves these hints, and pandas would slow down every `kedro` command.
    DataFrame = RuleSet = Any


def tune_rival(
    rivals: BaselineSettings,
    finetuning: FinetuningSettings,
    vocabulary: Vocabulary,
    work: str,
    **crops: Path,
) -> tuple[Path, DataFrame]:
    """An adapter for each task, and what each point of the grid reached on validation faces."""
    from faceinsight.rivals.finetuning.grid import tune_tasks

    return tune_tasks(rivals, finetuning, vocabulary, crops, Path(work))


def ask_tuned_rival(
    adapters: Path,
    rivals: BaselineSettings,
    finetuning: FinetuningSettings,
    vocabulary: Vocabulary,
    work: str,
    **crops: Path,
) -> tuple[DataFrame, dict[str, Any]]:
    """The tuned rival's answer to every question of its tasks, and an account of the asking."""
    from faceinsight.rivals.finetuning.testing import ask_tuned

    return ask_tuned(adapters, rivals, finetuning, vocabulary, crops, Path(work))


def read_tuned_answers(
    answers: DataFrame,
    adapters: Path,
    rivals: BaselineSettings,
    vocabulary: Vocabulary,
    rule_set: RuleSet,
    parameters: dict[str, Any],
    **crops: Path,
) -> tuple[DataFrame, dict[str, Any]]:
    """Answers to predictions, with the labels of the tasks that the rival was tuned for."""
    from faceinsight.rivals.faces import truth_of
    from faceinsight.rivals.finetuning.testing import truth_of_tuned
    from faceinsight.rivals.parsing import sentence_parser
    from faceinsight.rivals.reading import predictions_of

    truth = truth_of_tuned(adapters, truth_of(crops, rivals.split, vocabulary), vocabulary)
    parser = sentence_parser(vocabulary, parameters.get("answers"))
    return predictions_of(answers, truth, vocabulary, rule_set, rivals, parser)


def measure_tuned_rival(
    predictions: DataFrame,
    tally: dict[str, Any],
    asking: dict[str, Any],
    adapters: Path,
    rivals: BaselineSettings,
    prevalence: dict[str, dict[str, float | None]],
    vocabulary: Vocabulary,
    rule_set: RuleSet,
    evaluation: EvaluationSettings,
) -> dict[str, Any]:
    """The training-free rivals' metrics, of the tuned one, with how it was tuned."""
    from faceinsight.rivals.finetuning.telling import about_tuned
    from faceinsight.rivals.telling import rival_metrics

    rival = about_tuned(rivals, adapters)
    return rival_metrics(
        rival, predictions, tally, asking, prevalence, vocabulary, rule_set, evaluation
    )
