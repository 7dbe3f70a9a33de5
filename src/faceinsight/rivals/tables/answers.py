"""The words of another system as classes and attributes of the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.common.messages import no_such
from faceinsight.data.readers.label_file import printable
from faceinsight.errors import ParameterError
from faceinsight.method.characteristics import ATTRIBUTES, Task, Vocabulary
from faceinsight.rivals.tables.settings import ABSENT, OUTSIDE, PRESENT, REFUSED, TableLayout
from faceinsight.rivals.tables.table import AnswersFileError, row_name


class State(IntEnum):
    """What a cell of a table of answers is."""

    ANSWER = 0
    REFUSED = 1
    OUTSIDE = 2
    UNMAPPED = 3


STATE_NAMES = {
    State.REFUSED: REFUSED,
    State.OUTSIDE: OUTSIDE,
    State.UNMAPPED: "unmapped",
}
"""How results call cells that are no answer."""


@dataclass(frozen=True)
class ClassAnswers:
    """A system's answers to a task with one class of several.

    Attributes:
        task: its k members are the columns.
        may: bool [N, k], the classes that an answer may stand for: one, several where the system
            does not split a class, none where the cell is no answer.
        state: int8 [N], a `State`.
        words: N words as they stand in the table.
    """

    task: Task
    may: NDArray[np.bool_]
    state: NDArray[np.int8]
    words: NDArray[np.object_]


@dataclass(frozen=True)
class AttributeAnswers:
    """A system's answers about single attributes.

    Attributes:
        task: the data set's attributes, of which the system was asked about some.
        ids: the k of them that it was asked about, in vocabulary order.
        present: bool [N, k].
        state: int8 [N, k], a `State`.
        words: [N, k] as they stand in the table.
    """

    task: Task
    ids: tuple[str, ...]
    present: NDArray[np.bool_]
    state: NDArray[np.int8]
    words: NDArray[np.object_]


TaskAnswers = ClassAnswers | AttributeAnswers


def interpret(
    name: str, settings: TableLayout, path: Path, table: pd.DataFrame, vocabulary: Vocabulary
) -> dict[str, dict[str, TaskAnswers]]:
    """What every system of a table answered: system to task to answers.

    Args:
        name: of the table in the settings, for messages.
        settings: columns and words.
        path: the table's file, for messages.
        table: N rows of text, from `read_table`.
        vocabulary: the characteristics.

    Raises:
        ParameterError: the settings name a task, class or attribute that the data set lacks.
        AnswersFileError: a word has no meaning and `unmapped` is `error`.
    """
    tasks = {task.name: task for task in vocabulary.tasks(settings.dataset)}
    answers: dict[str, dict[str, TaskAnswers]] = {}
    for system, columns in settings.systems.items():
        answers[system] = {}
        for task_name, column in columns.items():
            where = f"tables.layouts.{name}.systems.{system}"
            task = _task(tasks, task_name, settings, where)
            if isinstance(column, str) == (task_name == ATTRIBUTES):
                form = "attribute to column" if task_name == ATTRIBUTES else "the name of a column"
                raise ParameterError(f"{where}.{task_name} must be {form}")
            meanings = _meanings(name, settings, task)
            if isinstance(column, str):
                answers[system][task_name] = _classes(
                    task, table[column], meanings, settings, path, column
                )
            else:
                answers[system][task_name] = _attributes(
                    task, table, column, meanings, settings, path, where
                )
    return answers


def own_truth(
    name: str, settings: TableLayout, path: Path, table: pd.DataFrame, vocabulary: Vocabulary
) -> dict[str, NDArray[np.int64]]:
    """The true classes that a table itself brings: task to column of the task [N], -1 unknown.

    Raises:
        ParameterError: the settings name a task that the data set lacks, or one of attributes.
        AnswersFileError: a word stands for no single class.
    """
    tasks = {task.name: task for task in vocabulary.tasks(settings.dataset)}
    truth = {}
    for task_name, column in settings.truth.items():
        where = f"tables.layouts.{name}.truth"
        task = _task(tasks, task_name, settings, where)
        if not task.one_of:
            raise ParameterError(f"{where}.{task_name}: only classes can be given, not attributes")
        found = _classes(
            task, table[column], _meanings(name, settings, task), settings, path, column
        )
        several = np.flatnonzero(found.may.sum(axis=1) > 1)
        if several.size:
            row = int(several[0])
            raise AnswersFileError(
                f"{row_name(path, row)}: {column} is '{printable(found.words[row])}', which stands "
                "for several classes, so it cannot be the truth"
            )
        truth[task_name] = np.where(found.may.any(axis=1), found.may.argmax(axis=1), -1)
    return truth


def _task(tasks: Mapping[str, Task], task_name: str, settings: TableLayout, where: str) -> Task:
    if task_name not in tasks:
        sentence = no_such(f"task of {settings.dataset}", task_name, set(tasks))
        raise ParameterError(f"{where}: {sentence}")
    return tasks[task_name]


def _meanings(name: str, settings: TableLayout, task: Task) -> dict[str, tuple[str, ...]]:
    """Word to what it stands for, checked: ids, or one of the words that are no id."""
    where = f"tables.layouts.{name}.words"
    if task.name not in settings.words:
        raise ParameterError(f"{where}: the meanings of the words for {task.name} are missing")
    allowed = set(task.members) if task.one_of else {PRESENT, ABSENT}
    meanings: dict[str, tuple[str, ...]] = {"": (REFUSED,)}
    for word, given in settings.words[task.name].items():
        stands_for = (given,) if isinstance(given, str) else tuple(given)
        if stands_for not in ((REFUSED,), (OUTSIDE,)):
            for one in stands_for:
                if one not in allowed:
                    sentence = no_such("meaning", one, allowed | {REFUSED, OUTSIDE})
                    raise ParameterError(f"{where}.{task.name}.'{word}': {sentence}")
            if not stands_for or (not task.one_of and len(stands_for) > 1):
                raise ParameterError(f"{where}.{task.name}.'{word}' must have one meaning")
        meanings[word.strip()] = stands_for
    return meanings


def _classes(
    task: Task,
    words: pd.Series,
    meanings: Mapping[str, tuple[str, ...]],
    settings: TableLayout,
    path: Path,
    column: str,
) -> ClassAnswers:
    codes, unique = pd.factorize(words.to_numpy(dtype=object))
    states = _states(unique, codes, meanings, settings, path, column)
    may = np.zeros((len(unique), len(task.members)), bool)
    for i, word in enumerate(unique):
        if states[i] == State.ANSWER:
            may[i, [task.members.index(id_) for id_ in meanings[word]]] = True
    return ClassAnswers(task, may[codes], states[codes], words.to_numpy(dtype=object))


def _attributes(
    task: Task,
    table: pd.DataFrame,
    columns: Mapping[str, str],
    meanings: Mapping[str, tuple[str, ...]],
    settings: TableLayout,
    path: Path,
    where: str,
) -> AttributeAnswers:
    for id_ in columns:
        if id_ not in task.members:
            sentence = no_such(f"attribute of {settings.dataset}", id_, set(task.members))
            raise ParameterError(f"{where}.{task.name}: {sentence}")
    ids = tuple(id_ for id_ in task.members if id_ in columns)
    present = np.zeros((len(table), len(ids)), bool)
    state = np.zeros((len(table), len(ids)), np.int8)
    words = np.empty((len(table), len(ids)), object)
    for i, id_ in enumerate(ids):
        words[:, i] = table[columns[id_]].to_numpy(dtype=object)
        codes, unique = pd.factorize(words[:, i])
        states = _states(unique, codes, meanings, settings, path, columns[id_])
        says = np.array([meanings.get(word) == (PRESENT,) for word in unique], bool)
        present[:, i], state[:, i] = says[codes], states[codes]
    return AttributeAnswers(task, ids, present, state, words)


def _states(
    unique: NDArray[np.object_],
    codes: NDArray[np.integer],
    meanings: Mapping[str, tuple[str, ...]],
    settings: TableLayout,
    path: Path,
    column: str,
) -> NDArray[np.int8]:
    """The state of each distinct word."""
    states = np.zeros(len(unique), np.int8)
    for i, word in enumerate(unique):
        if word not in meanings:
            if settings.unmapped == "error":
                row = int(np.argmax(codes == i))
                raise AnswersFileError(
                    f"{row_name(path, row)}: {column} is '{printable(word)}', which the table's "
                    "words do not explain: add its meaning, or set unmapped to wrong"
                )
            states[i] = State.UNMAPPED
        elif meanings[word] == (REFUSED,):
            states[i] = State.REFUSED
        elif meanings[word] == (OUTSIDE,):
            states[i] = State.OUTSIDE
    return states
