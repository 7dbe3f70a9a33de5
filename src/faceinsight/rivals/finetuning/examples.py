"""Training faces, the questions about each, and the answers that are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from faceinsight.common.messages import no_such
from faceinsight.errors import ParameterError
from faceinsight.method.labels import UNKNOWN
from faceinsight.rivals.faces import Face, faces_of, truth_of
from faceinsight.rivals.finetuning.settings import ALL_TASKS, FinetuningSettings
from faceinsight.rivals.questions import Question, questions_of
from faceinsight.rivals.settings import QuestionSettings

if TYPE_CHECKING:
    from faceinsight.method.characteristics import Vocabulary


@dataclass(frozen=True)
class TunedTask:
    """What one adapter is trained for.

    Attributes:
        dataset: name of the data set.
        name: of its task.
        questions: that the task asks about a face.
    """

    dataset: str
    name: str
    questions: tuple[Question, ...]

    @property
    def members(self) -> tuple[str, ...]:
        """Ids that the questions decide, in their order."""
        return tuple(member for question in self.questions for member in question.members)

    def __str__(self) -> str:
        return f"{self.dataset}/{self.name}"


@dataclass(frozen=True)
class Example:
    """A face, a question about it, and the answer that is right."""

    face: Face
    question: Question
    answer: str


@dataclass(frozen=True)
class Sample:
    """Faces of a split with their labels.

    Attributes:
        faces: n of them.
        labels: int8 [n, k] of the task's members; -1 unknown.
    """

    faces: list[Face]
    labels: np.ndarray


def tasks_of(
    vocabulary: Vocabulary, crops: Mapping[str, Path], task: str, settings: QuestionSettings
) -> list[TunedTask]:
    """The tasks to fine-tune for.

    Args:
        task: `data set/task`, or `all`: those of every data set that has training faces.

    Raises:
        ParameterError: there is no such task, or questions ask for lists.
    """
    if settings.attributes == "list":
        raise ParameterError(
            "finetuning needs rivals.questions.attributes: each, since validation accuracy is "
            "measured by likelihood, and a list has no one token that answers"
        )
    found = {
        f"{dataset}/{of.name}": TunedTask(
            dataset,
            of.name,
            tuple(q for q in questions_of(vocabulary, dataset, settings) if q.task == of.name),
        )
        for dataset in crops
        for of in vocabulary.tasks(dataset)
    }
    if task != ALL_TASKS and task not in found:
        raise ParameterError(f"finetuning.task: {no_such('task', task, set(found))}")
    if task != ALL_TASKS:
        return [found[task]]
    trained = {face.dataset for face in faces_of(crops, "train")}
    chosen = [of for of in found.values() if of.dataset in trained]
    if not chosen:
        raise ParameterError("finetuning: no data set has examples in its training split")
    return chosen


def sample_of(
    task: TunedTask,
    crops: Mapping[str, Path],
    split: str,
    vocabulary: Vocabulary,
    most: int | None,
    seed: int,
) -> Sample:
    """Faces of a split with a known answer to one of the task's questions.

    Args:
        most: a larger part is reduced to so many faces, drawn at random without replacement; the
            faces stay in their order.

    Raises:
        ParameterError: there is none.
    """
    of_one = {task.dataset: crops[task.dataset]}
    faces = faces_of(of_one, split)
    truth = truth_of(of_one, split, vocabulary)[[f"y_{member}" for member in task.members]]
    labels = truth.astype("Int8").fillna(UNKNOWN).to_numpy(dtype=np.int8)
    rows = np.array([i for i, row in enumerate(labels) if any(right_answers(task, row))], np.int64)
    if not len(rows):
        raise ParameterError(
            f"finetuning: {task} has no face with a known label in the {split} part of its data set"
        )
    if most is not None and len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    return Sample([faces[row] for row in rows], labels[rows])


def training_examples(
    task: TunedTask, sample: Sample, settings: FinetuningSettings
) -> list[Example]:
    """Each face with the questions whose answer is known; `questions_per_face` at most."""
    rng = np.random.default_rng(settings.seed)
    most = settings.questions_per_face
    examples = []
    for face, row in zip(sample.faces, sample.labels, strict=True):
        answers = zip(task.questions, right_answers(task, row), strict=True)
        known = [Example(face, question, answer) for question, answer in answers if answer]
        if most is not None and len(known) > most:
            known = [known[i] for i in np.sort(rng.choice(len(known), most, replace=False))]
        examples += known
    return examples


def right_answer(question: Question, labels: Sequence[int]) -> str | None:
    """The templated answer, in the form that the question asks for; None where it is unknown.

    Args:
        question: of kind `each` or `choice`.
        labels: of its members, 1 present, 0 absent, -1 unknown.

    Returns:
        "Yes" or "No", or the letter of the one member that is present.
    """
    if question.kind == "each":
        said = dict(zip((1, 0), question.options, strict=True)).get(int(labels[0]))
        return None if said is None else said.capitalize()
    present = [option for option, y in zip(question.options, labels, strict=True) if y == 1]
    return present[0] if len(present) == 1 else None


def right_answers(task: TunedTask, labels: np.ndarray) -> list[str | None]:
    """The right answer to each of a task's questions, from the labels [k] of its members."""
    ends = np.cumsum([len(question.members) for question in task.questions])
    of_each = np.split(labels, ends[:-1])
    return [right_answer(q, of.tolist()) for q, of in zip(task.questions, of_each, strict=True)]
