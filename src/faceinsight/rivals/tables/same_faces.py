"""A model beside another system, on the faces that both have answered about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.evaluation.bootstrap import basic_interval
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.evaluation.tasks import ClassScores
from faceinsight.method.characteristics import Vocabulary
from faceinsight.rivals.tables.answers import AnswerTable, open_tables
from faceinsight.rivals.tables.metrics import NO_ANSWER, class_scores, resampled, ways_to_score
from faceinsight.rivals.tables.settings import TablesSettings

SAME_FACES_COLUMNS = (
    *("table", "system", "model", "dataset", "task", "scoring", "rows", "n"),
    *("system_accuracy", "model_accuracy", "difference", "difference_low", "difference_high"),
)
"""Columns of the table of comparisons."""


def compare_on_same_faces(
    settings: TablesSettings,
    labels: Mapping[str, pd.DataFrame],
    predictions: Mapping[str, pd.DataFrame],
    vocabulary: Vocabulary,
    evaluation: EvaluationSettings,
) -> pd.DataFrame:
    """Compare models with other systems, class task by class task.

    Args:
        predictions: model to its predictions: `dataset, photograph, face`, `p_<id>`, and where
            its `readout` is coherent `d_<id>`, which is what such a model says.

    Returns:
        One row a model, system, task and way of scoring (`exact`, and `merged` where the system
        does not split classes; both are scored in the same way): `n` faces with a known class that
        both have answered about, of the table's `rows`; the accuracy of each; the model's lead with
        a paired interval. With no face in common, as where the system's photographs are those that
        the model was trained on, n is 0 and the rest null.
    """
    rows = [
        row
        for table in open_tables(settings, labels, vocabulary)
        for model, scored in predictions.items()
        for row in _compare(table, model, scored, vocabulary, evaluation)
    ]
    return pd.DataFrame(rows, columns=list(SAME_FACES_COLUMNS))


def _compare(
    table: AnswerTable,
    model: str,
    predictions: pd.DataFrame,
    vocabulary: Vocabulary,
    evaluation: EvaluationSettings,
) -> Iterator[dict[str, Any]]:
    scored = _rows_of(table, predictions)
    coherent = "readout" in predictions and (predictions["readout"] == "coherent").any()
    for answers in table.answers:
        if not answers.task.one_of:
            continue
        true = table.classes_of(answers.task, vocabulary)
        common = np.flatnonzero((true >= 0) & (scored >= 0))
        columns = [f"{'d' if coherent else 'p'}_{member}" for member in answers.task.members]
        said = predictions[columns].to_numpy(np.float32)[scored[common]]
        truth = true[common]
        for scoring, (numbers, answer) in ways_to_score(answers.may[common]).items():
            k = int(numbers.max()) + 1
            of_model = np.where(said.any(axis=1), numbers[said.argmax(axis=1)], NO_ANSWER)
            facts = {
                "table": table.name,
                "system": answers.system,
                "model": model,
                "dataset": table.dataset,
                "task": answers.task.name,
                "scoring": scoring,
                "rows": len(table),
                "n": len(common),
            }
            yield facts | _difference(
                class_scores(numbers[truth], answer, k),
                class_scores(numbers[truth], of_model, k),
                table.dataset,
                table.photographs[common],
                evaluation,
            )


def _rows_of(table: AnswerTable, predictions: pd.DataFrame) -> NDArray[np.int64]:
    """The row of the predictions about each row of the table, -1 where there is none."""
    found = np.flatnonzero((predictions["dataset"] == table.dataset).to_numpy(bool))
    keys, types = ["photograph", "face"], {"photograph": object, "face": np.int64}
    of_model = predictions.iloc[found][keys].astype(types)
    matched = table.match >= 0
    faces = table.labels.iloc[table.match[matched]][keys].astype(types)
    position = faces.merge(of_model.assign(position=found), how="left", on=keys)["position"]
    rows = np.full(len(table), -1, np.int64)
    rows[matched] = position.fillna(-1).to_numpy(np.int64)
    return rows


def _difference(
    system: ClassScores,
    model: ClassScores,
    dataset: str,
    photographs: NDArray[np.object_],
    evaluation: EvaluationSettings,
) -> dict[str, float | None]:
    """Accuracies, and the model's lead with its paired interval."""
    if not len(photographs):
        return {}
    both = [scores.values(scores.table.sum(axis=0)[None])["accuracy"] for scores in (system, model)]
    value = float(both[1][0] - both[0][0])
    chunks, n = resampled((system, model), dataset, photographs, evaluation)
    low, high = None, None
    if chunks:
        gaps = np.concatenate([ours["accuracy"] - theirs["accuracy"] for theirs, ours in chunks])
        low, high = basic_interval(value, gaps, evaluation.level, "difference", n)
    return {
        "system_accuracy": float(both[0][0]),
        "model_accuracy": float(both[1][0]),
        "difference": value,
        "difference_low": low,
        "difference_high": high,
    }
