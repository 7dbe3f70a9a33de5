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
from faceinsight.rivals.tables.words import Meanings


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
class TaskAnswers:
    """A system's answers to a task: one class of several (a cell a face), or single attributes.

    Attributes:
        task: of the data set.
        ids: k of its members, all classes or the attributes that the system was asked about.
        may: bool [N, k]. The classes that an answer may stand for: one, several where the system
            does not split a class, none where the cell is no answer. Or which attributes are
            present.
        state: int8 [N], or [N, k] of attributes, a `State`.
        words: as they stand in the table, as many as states.
    """

    task: Task
    ids: tuple[str, ...]
    may: NDArray[np.bool_]
    state: NDArray[np.int8]
    words: NDArray[np.object_]


class AnswerReader:
    """Reads the columns of a table of answers.

    Args:
        name: of the table in the settings, for messages.
        settings: columns and words.
        path: the table's file, for messages.
        table: N rows of text, from `read_table`.
        vocabulary: the characteristics.
    """

    def __init__(
        self,
        name: str,
        settings: TableLayout,
        path: Path,
        table: pd.DataFrame,
        vocabulary: Vocabulary,
    ) -> None:
        self._where = f"tables.layouts.{name}"
        self._settings, self._path, self._table = settings, path, table
        self._tasks = {task.name: task for task in vocabulary.tasks(settings.dataset)}
        self._names = vocabulary.named_by(settings.dataset)

    def answers(self) -> dict[str, dict[str, TaskAnswers]]:
        """What every system of the table answered: system to task to answers.

        Raises:
            ParameterError: the settings name a task, class or attribute that the data set lacks.
            AnswersFileError: a word has no meaning and `unmapped` is `error`.
        """
        return {
            system: {
                task_name: self._answers(f"{self._where}.systems.{system}", task_name, column)
                for task_name, column in columns.items()
            }
            for system, columns in self._settings.systems.items()
        }

    def truth(self) -> dict[str, NDArray[np.int64]]:
        """The true classes that the table itself brings: task to column of the task [N], -1
        unknown.

        Raises:
            ParameterError: the settings name a task that the data set lacks, or one of attributes.
            AnswersFileError: a word stands for no single class.
        """
        truth = {}
        for task_name, column in self._settings.truth.items():
            task = self._task(f"{self._where}.truth", task_name)
            if not task.one_of:
                raise ParameterError(
                    f"{self._where}.truth.{task_name}: only classes can be given, not attributes"
                )
            may, _ = self._read(task, column)
            several = np.flatnonzero(may.sum(axis=1) > 1)
            if several.size:
                row = int(several[0])
                raise AnswersFileError(
                    f"{row_name(self._path, row)}: {column} is "
                    f"'{printable(self._table[column].iloc[row])}', which stands for several "
                    "classes, so it cannot be the truth"
                )
            truth[task_name] = np.where(may.any(axis=1), may.argmax(axis=1), -1)
        return truth

    def _answers(self, where: str, task_name: str, column: str | Mapping[str, str]) -> TaskAnswers:
        task = self._task(where, task_name)
        if isinstance(column, str) == (task_name == ATTRIBUTES):
            form = "attribute to column" if task_name == ATTRIBUTES else "the name of a column"
            raise ParameterError(f"{where}.{task_name} must be {form}")
        if isinstance(column, str):
            words = self._table[column].to_numpy(dtype=object)
            return TaskAnswers(task, task.members, *self._read(task, column), words)
        for id_ in column:
            if id_ not in task.members:
                what = f"attribute of {self._settings.dataset}"
                sentence = no_such(what, id_, set(task.members))
                raise ParameterError(f"{where}.{task_name}: {sentence}")
        ids = tuple(id_ for id_ in task.members if id_ in column)
        columns = [column[id_] for id_ in ids]
        parts = [self._read(task, name) for name in columns]
        return TaskAnswers(
            task,
            ids,
            np.hstack([may for may, _ in parts]),
            np.stack([state for _, state in parts], axis=1),
            self._table[columns].to_numpy(dtype=object),
        )

    def _task(self, where: str, task_name: str) -> Task:
        if task_name not in self._tasks:
            what = f"task of {self._settings.dataset}"
            raise ParameterError(f"{where}: {no_such(what, task_name, set(self._tasks))}")
        return self._tasks[task_name]

    def _read(self, task: Task, column: str) -> tuple[NDArray[np.bool_], NDArray[np.int8]]:
        """What each of a column's words may stand for, [N, k] (of an attribute [N, 1], whether it
        is present), and its state [N].
        """
        meanings = self._meanings(task)
        classes = task.members if task.one_of else (PRESENT,)
        codes, unique = pd.factorize(self._table[column].to_numpy(dtype=object))
        may = np.zeros((len(unique), len(classes)), bool)
        states = np.zeros(len(unique), np.int8)
        for i, word in enumerate(unique):
            stands_for = meanings.get(word)
            if stands_for:
                may[i] = [one in stands_for for one in classes]
                no_answer = {REFUSED: State.REFUSED, OUTSIDE: State.OUTSIDE}
                states[i] = no_answer.get(stands_for[0], State.ANSWER)
            else:
                states[i] = State.UNMAPPED
        self._require_meanings(task, column, codes, unique, states)
        return may[codes], states[codes]

    def _require_meanings(
        self,
        task: Task,
        column: str,
        codes: NDArray[np.intp],
        unique: NDArray[np.object_],
        states: NDArray[np.int8],
    ) -> None:
        """Refuse a column most of which nothing explains, or any of it where that is an error."""
        counts = np.bincount(codes, minlength=len(unique))
        unmapped = [i for i in np.argsort(-counts, kind="stable") if states[i] == State.UNMAPPED]
        n, given = int(counts[unmapped].sum()), int(counts[unique != ""].sum())
        if 2 * n > given:
            listed = ", ".join(f"'{printable(unique[i])}' ({counts[i]:,})" for i in unmapped[:12])
            more = f" and {len(unmapped) - 12:,} more" if len(unmapped) > 12 else ""
            raise AnswersFileError(
                f"{self._path}: {n:,} of the {given:,} answers in column {column} are words that "
                f"nothing explains: {listed}{more}; give their meanings in "
                f"{self._where}.words.{task.name}"
            )
        if unmapped and self._settings.unmapped == "error":
            first = min(unmapped, key=lambda i: int(np.argmax(codes == i)))
            row = int(np.argmax(codes == first))
            raise AnswersFileError(
                f"{row_name(self._path, row)}: {column} is '{printable(unique[first])}', which the "
                "table's words do not explain: add its meaning, or set unmapped to wrong"
            )

    def _meanings(self, task: Task) -> Meanings:
        """Word to what it stands for, checked: ids, or one of the words that are no id."""
        where = f"{self._where}.words"
        if task.name not in self._settings.words:
            raise ParameterError(f"{where}: the meanings of the words for {task.name} are missing")
        allowed = set(task.members) if task.one_of else {PRESENT, ABSENT}
        meanings: dict[str, tuple[str, ...]] = {"": (REFUSED,)}
        for word, given in self._settings.words[task.name].items():
            stands_for = (given,) if isinstance(given, str) else tuple(given)
            if stands_for not in ((REFUSED,), (OUTSIDE,)):
                for one in stands_for:
                    if one not in allowed:
                        sentence = no_such("meaning", one, allowed | {REFUSED, OUTSIDE})
                        raise ParameterError(f"{where}.{task.name}.'{word}': {sentence}")
                if not stands_for or (not task.one_of and len(stands_for) > 1):
                    raise ParameterError(f"{where}.{task.name}.'{word}' must have one meaning")
            meanings[word.strip()] = stands_for
        return Meanings(meanings, {id_: self._names.get(id_, "") for id_ in task.members})
