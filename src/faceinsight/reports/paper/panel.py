"""The paper's Figure 7: what models say of a few faces, errors and contradictions marked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from faceinsight.errors import ParameterError
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.rules.compiler import RuleSet
from faceinsight.reports.charts import (
    FAINT,
    INK,
    characteristic_name,
    plain,
    style,
    variant_name,
)
from faceinsight.reports.settings import PaperSettings
from faceinsight.rivals.naming import shown_name

COLUMNS = ("face", "model", "characteristic", "said", "truth")
"""Columns of a plain table of answers: a row a statement; `said` and `truth` are 1 or 0, and
`truth` is null where the data set does not say. An answer without any statement is one row whose
characteristic is empty. A table that is read from a file may also have `weights`, as a table of
results has (see `faceinsight.reports.paper.results`)."""

_MARKS = {"right": ("✓", "#00795a"), "wrong": ("✕", "#c4210f"), "open": ("–", FAINT)}
_CONTRADICTION = "⚡"
MARKS = {
    "✓": "right",
    "✕": "wrong",
    "–": "not annotated",
    _CONTRADICTION: "cannot hold together with another statement of the same answer",
}
"""Signs of statements, with what they mean."""

_FACE_WIDTH = 16
"""Most characters of a line of the column of faces: a table of Plotly clips what is wider."""


def mark_answers(answers: pd.DataFrame, rule_set: RuleSet) -> pd.DataFrame:
    """Compare statements with the truth and with each other.

    Args:
        answers: with the columns of `COLUMNS`; `said` may be missing, and is 1 then.
        rule_set: says what cannot hold together.

    Returns:
        The same rows with `mark` (`right`, `wrong`, `open` where the truth is not known, or
        `nothing` where nothing was said) and
        `contradicts`: the first rule that the statement and others of the same answer break, by
        what they say alone; empty where there is none. What an answer leaves out breaks no rule.

    Raises:
        ParameterError: a column is missing, or a statement is about no characteristic.
    """
    needed = [column for column in COLUMNS if column != "said"]
    if missing := [column for column in needed if column not in answers]:
        raise ParameterError(f"answers: the column '{missing[0]}' is missing")
    marked = answers.reset_index(drop=True).copy()
    if "said" not in marked:
        marked["said"] = 1
    marked["characteristic"] = marked["characteristic"].astype(object).fillna("")
    nothing = (marked["characteristic"] == "").to_numpy(bool)
    index = {id_: i for i, id_ in enumerate(rule_set.ids)}
    columns = marked["characteristic"].map(index)
    if (unknown := columns.isna().to_numpy() & ~nothing).any():
        name = marked.loc[unknown, "characteristic"].iloc[0]
        raise ParameterError(f"answers: there is no characteristic '{name}'")
    said = marked["said"].to_numpy(np.int8)
    truth = marked["truth"].to_numpy(dtype=np.float64, na_value=np.nan)
    marked["mark"] = np.where(
        np.isnan(truth), "open", np.where(said == np.nan_to_num(truth, nan=-1), "right", "wrong")
    )
    marked.loc[nothing, "mark"] = "nothing"
    marked["contradicts"] = ""
    for _, rows in marked[~nothing].groupby(["face", "model"], sort=False):
        labels = np.full((1, len(rule_set.ids)), -1, np.int8)
        places = columns.loc[rows.index].to_numpy(np.int64)
        labels[0, places] = said[rows.index]
        for number in np.flatnonzero(rule_set.truth(labels)[0] == 0):
            rule = rule_set.rules[number]
            of_rule = rows.index[np.isin(places, rule.columns)]
            empty = of_rule[(marked.loc[of_rule, "contradicts"] == "").to_numpy()]
            marked.loc[empty, "contradicts"] = rule.text
    return marked


def answers_of(
    predictions: pd.DataFrame,
    vocabulary: Vocabulary,
    model: str,
    dataset: str,
    faces: Sequence[str],
    *,
    decoded: bool,
    evaluation: EvaluationSettings | None = None,
) -> pd.DataFrame:
    """What a model says of faces: every characteristic of their data set that it gives as present.

    Args:
        predictions: as `evaluate` takes them.
        vocabulary: the characteristics.
        model: as the figure calls it.
        dataset: whose faces they are.
        faces: photographs.
        decoded: the labels that contradict no rule; else every one from its threshold on.
        evaluation: thresholds.

    Returns:
        A plain table of answers.
    """
    rows: list[tuple[str, str, str, int, int | None]] = []
    evaluation = evaluation or EvaluationSettings()
    ids = [member for task in vocabulary.tasks(dataset) for member in task.members]
    of_dataset = predictions[predictions["dataset"] == dataset]
    for face in faces:
        found = of_dataset[of_dataset["photograph"] == face]
        if found.empty:
            continue
        row = found.iloc[0]
        for id_ in ids:
            threshold = evaluation.thresholds.get(id_, evaluation.threshold)
            present = row[f"d_{id_}"] == 1 if decoded else row[f"p_{id_}"] >= threshold
            if present:
                truth = row[f"y_{id_}"]
                rows.append((face, model, id_, 1, None if pd.isna(truth) else int(truth)))
        if not rows or rows[-1][0] != face:
            rows.append((face, model, "", 0, None))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"truth": "float64"})


def example_answers(
    predictions: Mapping[str, pd.DataFrame],
    vocabulary: Vocabulary,
    rule_set: RuleSet,
    evaluation: EvaluationSettings,
    settings: PaperSettings,
) -> pd.DataFrame:
    """Marked answers about faces picked at random, not by how well they were recognised.

    The first and the last variant are shown as they are thresholded, the last also decoded; then
    whoever answered about the same faces in the table that `settings.answers` names, or, where that
    is given, about its own faces.

    Args:
        predictions: variant to its predictions, in order.
        vocabulary: the characteristics.
        rule_set: says what cannot hold together.
        evaluation: thresholds.
        settings: data set, number of faces, seed, and the table of further answers.

    Raises:
        ParameterError: the table of further answers is missing or is none.
    """
    names = list(predictions)
    first, last = predictions[names[0]], predictions[names[-1]]
    photographs = sorted(set(last.loc[last["dataset"] == settings.ablation_dataset, "photograph"]))
    order = np.random.default_rng(settings.seed).permutation(len(photographs))[: settings.faces]
    faces = [photographs[i] for i in order]
    further = None
    if settings.answers is not None:
        further = _read_answers(Path(settings.answers))
        faces = list(dict.fromkeys(further["face"]))[: settings.faces] or faces
    shown = [
        (f"{variant_name(names[0])}, thresholded", first, False),
        (f"{variant_name(names[-1])}, thresholded", last, False),
        (f"{variant_name(names[-1])}, decoded", last, True),
    ]
    dataset = settings.ablation_dataset
    parts = [
        answers_of(frame, vocabulary, name, dataset, faces, decoded=decoded, evaluation=evaluation)
        for name, frame, decoded in shown
    ]
    if further is not None:
        parts.append(further[further["face"].isin(faces)])
    kept = [part for part in parts if len(part)] or parts[:1]
    return mark_answers(pd.concat(kept, ignore_index=True), rule_set)


def _read_answers(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise ParameterError(f"paper.answers: there is no table of answers {path}")
    answers = pd.read_csv(path)
    if missing := [c for c in COLUMNS if c != "said" and c not in answers]:
        raise ParameterError(f"{path}: the column '{missing[0]}' is missing")
    answers = answers if "said" in answers else answers.assign(said=1)
    if "weights" in answers:
        pairs = zip(answers["model"], answers["weights"], strict=True)
        answers["model"] = [shown_name(model, weights) for model, weights in pairs]
    return answers[list(COLUMNS)].astype({"truth": "float64"})


def answer_panel(marked: pd.DataFrame) -> go.Figure:
    """A row a face, a column a model: each statement with its mark, and the counts.

    Args:
        marked: from `mark_answers`; an empty text may have come back from CSV as null.
    """
    marked = marked.assign(contradicts=marked["contradicts"].astype(object).fillna(""))
    faces = list(dict.fromkeys(marked["face"]))
    models = list(dict.fromkeys(marked["model"]))
    named = {face: _folded(str(face)) for face in faces}
    cells = [["<br>".join(map(plain, named[face])) for face in faces]]
    lines_of = {face: len(lines) for face, lines in named.items()}
    for model in models:
        column = []
        for face in faces:
            rows = marked[(marked["model"] == model) & (marked["face"] == face)]
            said = rows[rows["mark"] != "nothing"]
            lines = [_line({str(k): v for k, v in row.items()}) for row in said.to_dict("records")]
            lines.append(_counts(rows))
            lines_of[face] = max(lines_of[face], len(lines))
            column.append("<br>".join(lines))
        cells.append(column)
    figure = go.Figure(
        go.Table(
            columnwidth=[1.5, *[2.0] * len(models)],
            header={
                "values": [f"<b>{plain(name)}</b>" for name in ["face", *models]],
                "align": "left",
                "fill_color": "#f6f7f9",
                "font": {"size": 13, "color": INK},
            },
            cells={
                "values": cells,
                "align": "left",
                "height": 22,
                "fill_color": "white",
                "line_color": "#dfe3e8",
                "font": {"size": 12, "color": INK},
            },
        )
    )
    height = 140 + sum(16 + 16 * lines for lines in lines_of.values())
    style(figure, "Statements by face and model", height)
    used = {_MARKS[mark][0] for mark in marked["mark"] if mark in _MARKS}
    if (marked["contradicts"] != "").any():
        used.add(_CONTRADICTION)
    # For the page, which explains these alone.
    figure.update_layout(
        meta={
            "alt": "",
            "marks": [sign for sign in MARKS if sign in used],
            "min_width": 150 * (1 + len(models)),
        }
    )
    return figure.update_layout(margin={"l": 4, "r": 4, "b": 10})


def _folded(name: str) -> list[str]:
    """A file's name, whole, in short lines; broken behind `/`, `_` and `-` where that will do."""
    lines = [""]
    for part in re.findall(r"[^/_-]+[/_-]*|[/_-]+", name):
        pieces = [part[i : i + _FACE_WIDTH] for i in range(0, len(part), _FACE_WIDTH)]
        if len(lines[-1]) + len(pieces[0]) <= _FACE_WIDTH:
            lines[-1] += pieces.pop(0)
        lines += pieces
    return lines


def _line(row: dict[str, object]) -> str:
    sign, colour = _MARKS[str(row["mark"])]
    name = characteristic_name(str(row["characteristic"])).split(" (of ")[0]
    text = name if row["said"] else f"not {name}"
    if row["contradicts"]:
        text += f" {_CONTRADICTION}"
    return f'<span style="color:{colour}">{sign} {plain(text)}</span>'


def _counts(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "no answer"
    marks = rows["mark"].value_counts()
    if "nothing" in marks:
        return "<i>nothing said</i>"
    broken = int((rows["contradicts"] != "").sum())
    counts = f"{marks.get('right', 0)} right, {marks.get('wrong', 0)} wrong"
    if broken:
        counts += f", {broken} in contradiction"
    return f"<i>{counts}</i>"
