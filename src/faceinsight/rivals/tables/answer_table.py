"""A table of answers, read, understood and matched to the labelled faces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.errors import ParameterError
from faceinsight.evaluation.bootstrap import resample_weights
from faceinsight.evaluation.scored import Scored
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.evaluation.tasks import Values
from faceinsight.method.characteristics import Task, Vocabulary
from faceinsight.method.labels import UNKNOWN, label_matrix
from faceinsight.rivals.tables.answers import AnswerReader, TaskAnswers
from faceinsight.rivals.tables.matching import match_faces, photograph_names
from faceinsight.rivals.tables.metrics import Scores
from faceinsight.rivals.tables.settings import TableLayout, TablesSettings
from faceinsight.rivals.tables.table import read_table


@dataclass(frozen=True)
class AnswerTable:
    """Answers of one or more systems about N faces.

    Attributes:
        name: in the settings.
        dataset: whose faces they are about.
        photographs: [N], as the table names them; its own text where that fits no pattern.
        match: int64 [N], rows of the data set's label table, -1 where it has no such face.
        systems: system to task to its answers.
        truth: task to the true class that the table itself brings, int64 [N], -1 unknown.
    """

    name: str
    dataset: str
    photographs: NDArray[np.object_]
    match: NDArray[np.int64]
    systems: Mapping[str, Mapping[str, TaskAnswers]]
    truth: Mapping[str, NDArray[np.int64]]

    def __len__(self) -> int:
        return len(self.match)


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
    name: str,
    settings: TableLayout,
    folder: Path,
    labels: pd.DataFrame,
    vocabulary: Vocabulary,
) -> AnswerTable:
    """Read a table of answers and match it to the data set's labelled faces.

    Args:
        name: of the table in the settings.
        settings: columns and words.
        folder: what the table's file is relative to.
        labels: the data set's label table.
        vocabulary: the characteristics.
    """
    path = folder / settings.file
    table = read_table(path, _columns(settings))
    match = match_faces(settings, path, table, labels)
    reader = AnswerReader(name, settings, path, table, vocabulary)
    texts = table[settings.photograph.column]
    return AnswerTable(
        name=name,
        dataset=settings.dataset,
        photographs=photograph_names(settings.photograph, texts).fillna(texts).to_numpy(object),
        match=match,
        systems=reader.answers(),
        truth=reader.truth(),
    )


def _columns(settings: TableLayout) -> Iterator[str]:
    yield settings.photograph.column
    if settings.face is not None:
        yield settings.face
    for tasks in settings.systems.values():
        for column in tasks.values():
            yield from [column] if isinstance(column, str) else column.values()
    yield from settings.truth.values()


def true_classes(labels: NDArray[np.int8]) -> NDArray[np.int64]:
    """The one class labelled present [n] of labels [n, k], -1 where that is not exactly one."""
    present = labels == 1
    return np.where(present.sum(axis=1) == 1, present.argmax(axis=1), -1).astype(np.int64)


def task_labels(
    labels: pd.DataFrame, rows: NDArray[np.int64], task: Task, vocabulary: Vocabulary
) -> NDArray[np.int8]:
    """A task's labels of the faces at these rows, int8 [n, k]; unknown where the row is -1."""
    columns = [vocabulary.index[member] for member in task.members]
    matrix = np.full((len(rows), len(columns)), UNKNOWN, np.int8)
    found = rows >= 0
    if found.any():
        matrix[found] = label_matrix(labels.iloc[rows[found]], vocabulary)[:, columns]
    return matrix


def resampled(
    scores: Sequence[Scores],
    dataset: str,
    photographs: NDArray[np.object_],
    evaluation: EvaluationSettings,
) -> tuple[list[list[Values]], int]:
    """Metrics of the same faces by one or more scores, with photographs drawn anew.

    Args:
        scores: of n faces.
        dataset: they are of.
        photographs: [n], the name of each face's photograph.
        evaluation: resamples and seed.

    Returns:
        Metrics of each of the scores, chunk by chunk of the resamples; and the number of
        photographs.
    """
    number = pd.factorize(photographs, sort=True)[0]
    order = np.argsort(number, kind="stable")
    n = len(order)
    nothing = np.zeros((n, 0))
    scored = Scored(
        faces=pd.DataFrame(
            {"dataset": dataset, "photograph": photographs[order], "face": np.arange(n)}
        ),
        rows={dataset: slice(0, n)},
        probabilities=nothing.astype(np.float32),
        labels=nothing.astype(np.int8),
        decoded=nothing.astype(bool),
        photographs=number[order].astype(np.int64),
    )
    chunks = [
        [one.values(weights.astype(np.float64) @ one.table[order]) for one in scores]
        for weights in resample_weights(scored, evaluation.n_resamples, evaluation.seed)
    ]
    return chunks, len(np.unique(number))
