"""Other systems scored like a model: the same metrics, intervals and faces.

Three decisions are stated in every row of the result, since a comparison turns on them:

- **Whose labels.** `data set`: the label table's, for the rows that match a labelled face. `own`:
  those that the table of answers brings itself, for all its rows.
- **Classes that a system does not split.** `exact`: an answer is right if it stands for the true
  class and no other, so "Asian" is never right among seven races. `merged`: classes that the system
  does not tell apart are one class, for truth and answer alike. `any`, where such sets overlap:
  right if the true class is among those that the answer may stand for; there is accuracy alone.
- **What is no answer** (a refusal, a word outside the vocabulary, a word without a meaning) is
  wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.common.messages import aligned
from faceinsight.data.splits import PARTS
from faceinsight.evaluation.bootstrap import basic_interval
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Task, Vocabulary
from faceinsight.rivals.tables.answers import (
    STATE_NAMES,
    AnswerTable,
    State,
    TaskAnswers,
    open_tables,
)
from faceinsight.rivals.tables.metrics import (
    AnsweredAttributes,
    AnsweredSets,
    Scores,
    class_scores,
    resampled,
    ways_to_score,
)
from faceinsight.rivals.tables.settings import TablesSettings

METRICS = ("accuracy", "precision", "recall", "f1")
"""The figures of a system's answers, each with the ends of its interval."""

COLUMNS = (
    *("table", "system", "dataset", "task", "labels", "scoring", "n", *PARTS),
    *("rows", "unmatched", "unlabelled", *STATE_NAMES.values(), "classes"),
    *("not_told_apart", "never_answered"),
    *(f"{metric}{end}" for metric in METRICS for end in ("", "_low", "_high")),
    *("majority", "unmatched_first"),
)
"""Columns of the table of scores."""

WORD_COLUMNS = ("table", "system", "task", "word", "meaning", "n", "first")
"""Columns of the table of words that stand for no single class."""


def score_tables(
    settings: TablesSettings,
    labels: Mapping[str, pd.DataFrame],
    vocabulary: Vocabulary,
    evaluation: EvaluationSettings,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score all tables of answers.

    Args:
        settings: which tables there are; none are read where it names no folder.
        labels: data set to its label table.

    Returns:
        One row a system, task, source of labels and way of scoring (`COLUMNS`): `n` faces scored,
        of them in each part of the data set (null with `own` labels); of the table's `rows` those
        that are `unmatched` or `unlabelled`; of the scored cells those without an answer, by
        reason; how many `classes` (or attributes) are compared, which of them are not told apart
        and which the system never answered; metrics with intervals; the share of the `majority`
        class.
        And one row a word that does not stand for one class (`WORD_COLUMNS`).

    Raises:
        AnswersFileError: a table is missing, malformed, or about other faces.
        ParameterError: there is no such folder, or the settings do not fit the vocabulary.
    """
    scores: list[dict[str, Any]] = []
    words: list[dict[str, Any]] = []
    for table in open_tables(settings, labels, vocabulary):
        for answers in table.answers:
            scores += _scores(table, answers, vocabulary, evaluation)
            words += _words(table, answers)
    return (
        pd.DataFrame(scores, columns=list(COLUMNS)),
        pd.DataFrame(words, columns=list(WORD_COLUMNS)),
    )


def scores_text(scores: pd.DataFrame) -> str:
    """Scores for the end of a run in a terminal: a line a system, task and way of scoring."""
    rows = [["system", "data set", "task", "scoring", "faces", "accuracy [95 %]", "left out"]]
    for row in scores.to_dict("records"):
        own = " own" if row["labels"] == "own" else ""
        accuracy = "-"
        if not pd.isna(row["accuracy"]):
            accuracy = f"{100 * row['accuracy']:.2f}"
            if not pd.isna(row["accuracy_low"]):
                low, high = 100 * row["accuracy_low"], 100 * row["accuracy_high"]
                accuracy += f" [{low:.1f}, {high:.1f}]"
        left_out = row["unlabelled"] + (0 if own else row["unmatched"])
        way = f"{row['scoring']}, {row['classes']}{own}"
        named = [row["system"], row["dataset"], row["task"], way]
        rows.append([*named, f"{row['n']:,}", accuracy, f"{left_out:,}"])
    return "\n".join(aligned(rows))


def _scores(
    table: AnswerTable,
    answers: TaskAnswers,
    vocabulary: Vocabulary,
    evaluation: EvaluationSettings,
) -> Iterator[dict[str, Any]]:
    task = answers.task
    unmatched = table.photographs[table.match < 0]
    facts = {
        "table": table.name,
        "system": answers.system,
        "dataset": table.dataset,
        "task": task.name,
        "rows": len(table),
        "unmatched": len(unmatched),
        "unmatched_first": ", ".join([*unmatched[:3], *["…"][: len(unmatched) > 3]]),
    }
    if not task.one_of:
        columns = [task.members.index(id_) for id_ in answers.ids]
        labels = table.labels_of(task, vocabulary)[:, columns]
        parts = _parts(table, np.any(labels >= 0, axis=1))
        yield facts | parts | _score_attributes(table, answers, labels, evaluation)
        return
    true = table.classes_of(task, vocabulary)
    if (true >= 0).any():
        unlabelled = int(((true < 0) & (table.match >= 0)).sum())
        about = {"labels": "data set", "unlabelled": unlabelled, **_parts(table, true >= 0)}
        for scored in _score_classes(table, answers, true, evaluation):
            yield facts | about | scored
    if (own := table.truth.get(task.name)) is not None:
        about = {"labels": "own", "unlabelled": int((own < 0).sum())}
        for scored in _score_classes(table, answers, own, evaluation):
            yield facts | about | scored


def _words(table: AnswerTable, answers: TaskAnswers) -> Iterator[dict[str, Any]]:
    """Words that stand for no class or for several, with how often they occur."""
    unclear = answers.state != State.ANSWER
    if answers.task.one_of:
        unclear |= answers.may.sum(axis=1) > 1
    unclear, words, states = unclear.ravel(), answers.words.ravel(), answers.state.ravel()
    at = np.flatnonzero(unclear)
    for word, group in pd.Series(at).groupby(words[at]):
        first = int(group.iloc[0])
        state = State(int(states[first]))
        meaning = STATE_NAMES.get(state, "")
        if state == State.ANSWER:
            meaning = " or ".join(np.array(answers.task.members)[answers.may[first]])
        photograph = table.photographs[first // (len(words) // len(table))]
        named = {"table": table.name, "system": answers.system, "task": answers.task.name}
        yield named | {"word": word, "meaning": meaning, "n": len(group), "first": photograph}


def _intervals(
    scores: Scores, dataset: str, photographs: NDArray[np.object_], evaluation: EvaluationSettings
) -> dict[str, float | None]:
    """Metrics with intervals of n scored faces, photographs resampled."""
    point = scores.values(scores.table.sum(axis=0)[None])
    chunks, n = resampled((scores,), dataset, photographs, evaluation)
    found: dict[str, float | None] = {}
    for metric in METRICS:
        value = float(point[metric][0])
        low, high = None, None
        if chunks and not np.isnan(value):
            drawn = np.concatenate([values[metric] for (values,) in chunks])
            low, high = basic_interval(value, drawn, evaluation.level, photographs=n)
        found |= {
            metric: None if np.isnan(value) else value,
            f"{metric}_low": low,
            f"{metric}_high": high,
        }
    return found


def _score_classes(
    table: AnswerTable,
    answers: TaskAnswers,
    true: NDArray[np.int64],
    evaluation: EvaluationSettings,
) -> Iterator[dict[str, Any]]:
    rows = np.flatnonzero(true >= 0)
    may, photographs, truth = answers.may[rows], table.photographs[rows], true[rows]
    facts = {
        "n": len(rows),
        **_states(answers.state[rows]),
        "never_answered": ", ".join(np.array(answers.task.members)[~may.any(axis=0)]),
    }
    ways: list[tuple[str, Scores, NDArray[np.int64]]] = [
        (scoring, class_scores(numbers[truth], answer, int(numbers.max()) + 1), numbers)
        for scoring, (numbers, answer) in ways_to_score(may).items()
    ]
    if (may.sum(axis=1) > 1).any() and len(ways) == 1:
        ways.append(("any", AnsweredSets(truth, may), np.arange(may.shape[1])))
    for scoring, scores, numbers in ways:
        true_class = np.bincount(numbers[truth], minlength=1)
        yield facts | {
            "scoring": scoring,
            "classes": int(numbers.max()) + 1,
            "not_told_apart": _not_told_apart(answers.task, may),
            "majority": float(true_class.max() / len(rows)) if len(rows) else None,
            **_intervals(scores, table.dataset, photographs, evaluation),
        }


def _score_attributes(
    table: AnswerTable,
    answers: TaskAnswers,
    labels: NDArray[np.int8],
    evaluation: EvaluationSettings,
) -> dict[str, Any]:
    rows = np.flatnonzero((labels >= 0).any(axis=1))
    scores = AnsweredAttributes(
        labels[rows], answers.may[rows], answers.state[rows] == State.ANSWER
    )
    known = labels[rows] >= 0
    present = (labels[rows] == 1).sum(axis=0)
    n = known.sum(axis=0)
    return {
        "labels": "data set",
        "scoring": "exact",
        "n": len(rows),
        "unlabelled": int((table.match >= 0).sum()) - len(rows),
        **_states(answers.state[rows][known]),
        "classes": len(answers.ids),
        "not_told_apart": "",
        "never_answered": "",
        "majority": float(np.maximum(present, n - present).sum() / n.sum()) if n.any() else None,
        **_intervals(scores, table.dataset, table.photographs[rows], evaluation),
    }


def _states(state: NDArray[np.int8]) -> dict[str, int]:
    return {name: int((state == number).sum()) for number, name in STATE_NAMES.items()}


def _parts(table: AnswerTable, scored: NDArray[np.bool_]) -> dict[str, int]:
    """Scored faces in each part of the data set."""
    split = table.labels["split"].iloc[table.match[scored & (table.match >= 0)]]
    return {part: int((split == part).sum()) for part in PARTS}


def _not_told_apart(task: Task, may: NDArray[np.bool_]) -> str:
    """The classes of each answer that stands for several, as text."""
    sets = np.unique(may[may.sum(axis=1) > 1], axis=0)[::-1]
    return "; ".join(" or ".join(np.array(task.members)[row]) for row in sets)
