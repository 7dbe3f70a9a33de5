"""Nodes: rivals asked as they are, fine-tuned, or known by tables of their answers."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.rivals.finetuning.settings import FinetuningSettings
from faceinsight.rivals.settings import RivalsSettings
from faceinsight.rivals.tables.settings import TablesSettings

if TYPE_CHECKING:
    from pandas import DataFrame

    from faceinsight.method.rules.compiler import RuleSet
else:  # Kedro resolves these hints, and pandas would slow down every `kedro` command.
    DataFrame = RuleSet = Any

logger = logging.getLogger(__name__)


def tune_rival(
    rivals: RivalsSettings,
    finetuning: FinetuningSettings,
    vocabulary: Vocabulary,
    work: str,
    **crops: Path,
) -> tuple[Path, DataFrame]:
    """An adapter for each task, and what each point of the grid reached on validation faces."""
    from faceinsight.rivals.finetuning.grid import tune_tasks

    return tune_tasks(rivals, finetuning, vocabulary, crops, Path(work))


def ask_rival(
    rivals: RivalsSettings,
    vocabulary: Vocabulary,
    work: str,
    adapters: Path | None = None,
    **crops: Path,
) -> tuple[DataFrame, dict[str, Any]]:
    """The rival's answer to every question about every test face, and an account of the asking.

    With adapters, the answers to the questions of their tasks.
    """
    from faceinsight.rivals.finetuning.tuned import ask_tuned
    from faceinsight.rivals.inference import ask

    if adapters is None:
        return ask(rivals, vocabulary, crops, Path(work))
    return ask_tuned(adapters, rivals, vocabulary, crops, Path(work))


def read_answers(
    answers: DataFrame,
    rivals: RivalsSettings,
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
    rivals: RivalsSettings,
    prevalence: dict[str, dict[str, float | None]],
    vocabulary: Vocabulary,
    rule_set: RuleSet,
    evaluation: EvaluationSettings,
    adapters: Path | None = None,
) -> dict[str, Any]:
    """Our models' metrics, for a rival, with what became of its questions."""
    from faceinsight.evaluation.evaluate import evaluate
    from faceinsight.rivals.record import about
    from faceinsight.rivals.text import rival_text

    metrics = evaluate(predictions, vocabulary, rule_set, prevalence, evaluation)
    metrics |= {"rival": about(rivals, adapters), "questions": tally, "asking": asking}
    logger.info("\n%s\n", rival_text(metrics))
    return metrics


def score_tables(
    tables: TablesSettings,
    vocabulary: Vocabulary,
    evaluation: EvaluationSettings,
    **labels: DataFrame,
) -> tuple[DataFrame, DataFrame]:
    """Scores of every system that a table is of, and the words that stand for no single class."""
    from faceinsight.rivals.tables.scoring import score_tables as score
    from faceinsight.rivals.tables.text import scores_text

    scores, words = score(tables, labels, vocabulary, evaluation)
    if tables.folder is not None:
        logger.info("\n%s\n", scores_text(scores))
    return scores, words
