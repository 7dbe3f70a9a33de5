"""Accuracy on validation faces, by the code that asks and measures rivals."""

from __future__ import annotations

import logging

import numpy as np

from faceinsight.errors import PhotographError
from faceinsight.evaluation.tasks import task_accuracies
from faceinsight.method.characteristics import Vocabulary
from faceinsight.rivals.finetuning.examples import Sample, TunedTask
from faceinsight.rivals.local import LocalRival
from faceinsight.rivals.reading import Reader

logger = logging.getLogger(__name__)


def validation_accuracy(
    rival: LocalRival,
    task: TunedTask,
    sample: Sample,
    vocabulary: Vocabulary,
    longest_side: int | None,
) -> float:
    """Accuracy on a task, by the likelihood of the possible answers.

    Likelihood needs no generation: all questions about a face cost one pass over it.

    Args:
        rival: scored by likelihood; its model is left in evaluation mode.
        task: the questions.
        sample: n validation faces and their labels [n, k].
        vocabulary: the characteristics.
        longest_side: of a picture, see `RivalsSettings`.

    Returns:
        As `evaluate` measures it on test faces: the share of right classes, or of right labels.
        A face whose photograph cannot be read has no answer, and is wrong in all its labels.
    """
    rival.model.eval()
    reader = Reader(parser=None, unanswered=0.0)
    shape = len(sample.faces), len(vocabulary)
    p, labels = np.zeros(shape, np.float64), np.full(shape, -1, np.int8)
    columns = [vocabulary.index[member] for member in task.members]
    labels[:, columns] = sample.labels
    for row, face in enumerate(sample.faces):
        try:
            picture = face.picture(longest_side)
        except PhotographError as error:
            logger.warning("%s", error)
            # Wrong in every class and attribute; of what is not annotated nothing is counted.
            p[row, columns] = sample.labels[row] == 0
            continue
        answers = rival.ask([picture] * len(task.questions), task.questions)
        for question, answer in zip(task.questions, answers, strict=True):
            given = {
                "dataset": task.dataset,
                "text": answer.text,
                "scores": answer.scores,
                "floor": answer.floor,
                "failed": None,
            }
            of = [vocabulary.index[member] for member in question.members]
            p[row, of] = reader.probabilities(given, question)
    datasets = np.full(len(sample.faces), task.dataset)
    return float(task_accuracies(p, labels, datasets, vocabulary)[str(task)])
