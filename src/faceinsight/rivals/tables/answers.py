"""A table of answers, read, matched to the labelled faces, and its words understood."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from faceinsight.method.labels import UNKNOWN, label_matrix
from faceinsight.rivals.tables.matching import match_faces, photograph_names
from faceinsight.rivals.tables.settings import (
    ABSENT,
    OUTSIDE,
    PRESENT,
    REFUSED,
    TableLayout,
    TablesSettings,
)
from faceinsight.rivals.tables.table import AnswersFileError, read_table, row_name
from faceinsight.rivals.tables.words import Meanings


class State(IntEnum):
    """What a cell of a table of answers is."""

    ANSWER = 0
    REFUSED = 1
    OUTSIDE = 2
    UNMAPPED = 3


STATE_NAMES = {State.REFUSED: REFUSED, State.OUTSIDE: OUTSIDE, State.UNMAPPED: "unmapped"}
"""How results call cells that are no answer."""

_NO_ANSWER = {REFUSED: State.REFUSED, OUTSIDE: State.OUTSIDE}


@dataclass(frozen=True)
class TaskAnswers:
    """A system's answers to a task: one class of several (a cell a face), or single attributes.

    Attributes:
        system: whose.
        task: of the data set.
        ids: k of its members, all classes or the attributes that the system was asked about.
        may: bool [N, k]. The classes that an answer may stand for: one, several where the system
            does not split a class, none where the cell is no answer. Or which attributes are
            present.
        state: int8 [N], or [N, k] of attributes, a `State`.
        words: as they stand in the table, as many as states.
    """

    system: str
    task: Task
    ids: tuple[str, ...]
    may: NDArray[np.bool_]
    state: NDArray[np.int8]
    words: NDArray[np.object_]


@dataclass(frozen=True)
class AnswerTable:
    """Answers of one or more systems about N faces.

    Attributes:
        name: in the settings.
        dataset: whose faces they are about.
        labels: the data set's label table.
        photographs: [N], as the table names them; its own text where that fits no pattern.
        match: int64 [N], rows of the label table, -1 where it has no such face.
        answers: of every system to every task that it was asked.
        truth: task to the true class that the table itself brings, int64 [N], -1 unknown.
    """

    name: str
    dataset: str
    labels: pd.DataFrame
    photographs: NDArray[np.object_]
    match: NDArray[np.int64]
    answers: list[TaskAnswers]
    truth: Mapping[str, NDArray[np.int64]]

    def __len__(self) -> int:
        return len(self.match)

    def labels_of(self, task: Task, vocabulary: Vocabulary) -> NDArray[np.int8]:
        """A task's labels of the faces, int8 [N, k]; unknown where a row matches none."""
        columns = [vocabulary.index[member] for member in task.members]
        matrix = np.full((len(self), len(columns)), UNKNOWN, np.int8)
        found = self.match >= 0
        if found.any():
            labels = self.labels.iloc[self.match[found]]
            matrix[found] = label_matrix(labels, vocabulary)[:, columns]
        return matrix

    def classes_of(self, task: Task, vocabulary: Vocabulary) -> NDArray[np.int64]:
        """The one class labelled present [N], -1 where that is not exactly one."""
        present = self.labels_of(task, vocabulary) == 1
        return np.where(present.sum(axis=1) == 1, present.argmax(axis=1), -1).astype(np.int64)


def open_tables(
    settings: TablesSettings, labels: Mapping[str, pd.DataFrame], vocabulary: Vocabulary
) -> Iterator[AnswerTable]:
    """Read all tables that are used; none where the settings name no folder.

    Raises:
        ParameterError: there is no such folder, or the settings do not fit the vocabulary.
        AnswersFileError: a table is missing, malformed, or about other faces.
    """
    if settings.folder is None:
        return
    folder = Path(settings.folder)
    if not folder.is_dir():
        raise ParameterError(
            f"tables.folder: there is no folder {folder.absolute()}; name the one that the tables "
            "of answers lie in"
        )
    for name, layout in settings.layouts.items():
        if layout.use:
            if layout.dataset not in labels:
                raise ParameterError(
                    f"tables.layouts.{name}.dataset: {layout.dataset} is none of the configured "
                    f"data sets, {', '.join(labels)}; name one of them, or set the table's use to "
                    "false"
                )
            yield open_table(name, layout, folder, labels[layout.dataset], vocabulary)


def open_table(
    name: str, layout: TableLayout, folder: Path, labels: pd.DataFrame, vocabulary: Vocabulary
) -> AnswerTable:
    """Read a table of answers and match it to the data set's label table.

    Raises:
        ParameterError: the settings name a task, class or attribute that the data set lacks, or
            one of attributes as classes.
        AnswersFileError: as `open_tables`; or a word has no meaning and `unmapped` is `error`, or
            one for the true class stands for no single one.
    """
    path = folder / layout.file
    table = read_table(path, layout.columns())
    match = match_faces(layout, path, table, labels)
    reader = _Reader(f"tables.layouts.{name}", layout, path, table, vocabulary)
    texts = table[layout.photograph.column]
    return AnswerTable(
        name=name,
        dataset=layout.dataset,
        labels=labels,
        photographs=photograph_names(layout.photograph, texts).fillna(texts).to_numpy(object),
        match=match,
        answers=[
            reader.answers(system, task, column)
            for system, columns in layout.systems.items()
            for task, column in columns.items()
        ],
        truth={task: reader.truth(task, column) for task, column in layout.truth.items()},
    )


class _Reader:
    """Reads the columns of a table of answers; `where` its layout stands is for messages."""

    def __init__(
        self,
        where: str,
        layout: TableLayout,
        path: Path,
        table: pd.DataFrame,
        vocabulary: Vocabulary,
    ) -> None:
        self._where, self._layout, self._path, self._table = where, layout, path, table
        self._tasks = {task.name: task for task in vocabulary.tasks(layout.dataset)}
        self._names = vocabulary.named_by(layout.dataset)

    def answers(self, system: str, task_name: str, column: str | Mapping[str, str]) -> TaskAnswers:
        """A system's answers to a task; `column` is one of attribute to column for attributes."""
        where = f"{self._where}.systems.{system}"
        task = self._task(where, task_name)
        if isinstance(column, str) == (task_name == ATTRIBUTES):
            form = "attribute to column" if task_name == ATTRIBUTES else "the name of a column"
            raise ParameterError(f"{where}.{task_name} must be {form}")
        if isinstance(column, str):
            of_cells = self._table[column].to_numpy(dtype=object)
            return TaskAnswers(system, task, task.members, *self._read(task, column), of_cells)
        for id_ in column:
            if id_ not in task.members:
                what = f"attribute of {self._layout.dataset}"
                sentence = no_such(what, id_, set(task.members))
                raise ParameterError(f"{where}.{task_name}: {sentence}")
        ids = tuple(id_ for id_ in task.members if id_ in column)
        columns = [column[id_] for id_ in ids]
        mays, states = zip(*(self._read(task, name) for name in columns), strict=True)
        words = self._table[columns].to_numpy(dtype=object)
        return TaskAnswers(system, task, ids, np.hstack(mays), np.stack(states, axis=1), words)

    def truth(self, task_name: str, column: str) -> NDArray[np.int64]:
        """The true classes of a task that the table itself brings, [N], -1 unknown."""
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
        return np.where(may.any(axis=1), may.argmax(axis=1), -1)

    def _task(self, where: str, task_name: str) -> Task:
        if task_name not in self._tasks:
            what = f"task of {self._layout.dataset}"
            raise ParameterError(f"{where}: {no_such(what, task_name, set(self._tasks))}")
        return self._tasks[task_name]

    def _read(self, task: Task, column: str) -> tuple[NDArray[np.bool_], NDArray[np.int8]]:
        """What each of a column's words may stand for, [N, k] (of an attribute [N, 1], whether it
        is present), and its state [N].
        """
        meanings = self._meanings(task)
        classes = task.members if task.one_of else (PRESENT,)
        codes, unique = pd.factorize(self._table[column].to_numpy(dtype=object))
        found = [meanings.get(word) or () for word in unique]
        may = np.array([[one in ids for one in classes] for ids in found], bool)
        states = np.array(
            [_NO_ANSWER.get(ids[0], State.ANSWER) if ids else State.UNMAPPED for ids in found],
            np.int8,
        )
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
        if unmapped and self._layout.unmapped == "error":
            first = min(unmapped, key=lambda i: int(np.argmax(codes == i)))
            row = int(np.argmax(codes == first))
            raise AnswersFileError(
                f"{row_name(self._path, row)}: {column} is '{printable(unique[first])}', which the "
                "table's words do not explain: add its meaning, or set unmapped to wrong"
            )

    def _meanings(self, task: Task) -> Meanings:
        """Word to what it stands for, checked: ids, or one of the words that are no id."""
        where = f"{self._where}.words"
        if task.name not in self._layout.words:
            raise ParameterError(f"{where}: the meanings of the words for {task.name} are missing")
        allowed = set(task.members) if task.one_of else {PRESENT, ABSENT}
        meanings: dict[str, tuple[str, ...]] = {"": (REFUSED,)}
        for word, given in self._layout.words[task.name].items():
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
