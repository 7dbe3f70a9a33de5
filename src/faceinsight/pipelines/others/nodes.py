"""Nodes: tables of other systems' answers to scores."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.rivals.tables.settings import OthersSettings

if TYPE_CHECKING:
    from pandas import DataFrame
else:  # Kedro resolves these hints, and pandas would slow down every `kedro` command.
    DataFrame = Any

logger = logging.getLogger(__name__)


def score_others(
    others: OthersSettings,
    vocabulary: Vocabulary,
    evaluation: EvaluationSettings,
    **labels: DataFrame,
) -> tuple[DataFrame, DataFrame]:
    """Scores of every other system, and the words that stand for no single class."""
    from faceinsight.rivals.tables.score import score_others as score
    from faceinsight.rivals.tables.text import scores_text

    scores, words = score(others, labels, vocabulary, evaluation)
    if others.folder is not None:
        logger.info("\n%s\n", scores_text(scores))
    return scores, words
