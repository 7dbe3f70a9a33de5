"""Nodes: rivals asked as they are, fine-tuned, or known by tables of answers; FaceXBench."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.inference.settings import PhotoSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.rivals.finetuning.settings import FinetuningSettings
from faceinsight.rivals.settings import FaceXBenchSettings, RivalsSettings
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
    from faceinsight.answers.lexicon import Lexicon
    from faceinsight.answers.parser import AnswerParser
    from faceinsight.rivals.faces import truth_of
    from faceinsight.rivals.reading import predictions_of

    parser = AnswerParser(Lexicon.from_config(parameters.get("answers", {}), vocabulary))
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
    from faceinsight.rivals.record import about, rival_text

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
    from faceinsight.rivals.tables.scoring import scores_text

    scores, words = score(tables, labels, vocabulary, evaluation)
    if tables.folder is not None:
        logger.info("\n%s\n", scores_text(scores))
    else:
        logger.info("No table of answers is read: tables.folder names no folder that they lie in.")
    return scores, words


def answer_facexbench(
    model: Path, facexbench: FaceXBenchSettings, predict: PhotoSettings, work: str
) -> dict[str, Any]:
    """Scores of a model's answers to FaceXBench's questions, or of replies that another gave."""
    from faceinsight.rivals.facexbench.answers import answer_questions, probabilities_of
    from faceinsight.rivals.facexbench.questions import FaceXBenchError, files_in, read_file
    from faceinsight.rivals.facexbench.scoring import score, score_text

    if facexbench.replies is not None:
        files = files_in(Path(facexbench.replies))
        questions = [question for path in files for question in read_file(path)]
    elif facexbench.folder is None:
        raise FaceXBenchError(
            "name FaceXBench's folder `benchmark` with --params facexbench.folder=FOLDER"
        )
    else:
        from faceinsight.common.work import WorkFolder, digest
        from faceinsight.inference.loading import loaded

        folder = WorkFolder(Path(work), "facexbench", digest(model, predict))
        loaded_model = loaded(model, settings=predict)
        with folder.alone():
            questions = answer_questions(
                Path(facexbench.folder),
                folder.path,
                probabilities_of(loaded_model),
                loaded_model.vocabulary,
            )
    scores = score(questions)
    logger.info("\n%s\n", score_text(scores))
    return scores
