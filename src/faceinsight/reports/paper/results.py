"""Results of any model in one form, so that they can stand in the paper's tables.

A result is one figure of one model on one task. Ours come from `evaluate`, other systems' from
`faceinsight.rivals.tables`, rivals' from wherever they were run; a table of results can also be
read from a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from faceinsight.errors import ParameterError
from faceinsight.reports.paper.numbers import METRICS

COLUMNS = (
    *("model", "setting", "dataset", "task", "metric", "value", "low", "high", "n", "note"),
    "weights",
)
"""Columns of a table of results; values are shares (0 to 1), `n` counts faces, `weights` says what
they are where they are not those of the published model (see `faceinsight.rivals.naming`)."""

SETTINGS = ("trained", "training-free", "fine-tuned", "published")
"""How a model came about: trained here; a general model as it is, or fine-tuned on our training
images; or a system that others trained, scored by its answers."""


def results_of(
    metrics: Mapping[str, Any], model: str, setting: str, note: str = "", weights: str = ""
) -> pd.DataFrame:
    """The results in what `evaluate` returned; tasks without a face are left out.

    Args:
        metrics: from `faceinsight.evaluation.evaluate.evaluate`.
        model: as reports call it.
        setting: one of `SETTINGS`.
        note: what a reader must know beside the figures.
        weights: what they are, empty for the model's own.
    """
    rows = [
        (model, setting, dataset, task, metric, *figure.values(), report["n"], note, weights)
        for dataset, of in metrics["datasets"].items()
        for task, report in of["tasks"].items()
        if report["n"]
        for metric in METRICS
        for figure in [report["metrics"][metric]]
        if figure["value"] is not None
    ]
    return _frame(rows)


def results_of_others(scores: pd.DataFrame) -> pd.DataFrame:
    """The results of other systems by their answers, against the data set's labels.

    Where classes are not told apart the merged score is taken, and the note says of how many.

    Args:
        scores: from `faceinsight.rivals.tables.scoring.score_tables`.
    """
    rows = []
    scores = scores[(scores["labels"] == "data set") & (scores["n"] > 0)]
    for (system, dataset, task), of in scores.groupby(["system", "dataset", "task"], sort=False):
        merged = of[of["scoring"] != "exact"]
        row = (merged if len(merged) else of).iloc[0]
        note = f"{int(row['test'])} of {int(row['n'])} faces in the test part"
        if row["scoring"] != "exact":
            note += f"; {row['scoring']}: {int(row['classes'])} classes, not {_all(of)}"
        for metric in METRICS:
            if not pd.isna(row[metric]):
                ends = (row[f"{metric}_low"], row[f"{metric}_high"])
                rows.append(
                    (
                        system,
                        "published",
                        dataset,
                        task,
                        metric,
                        row[metric],
                        *ends,
                        row["n"],
                        note,
                        "",
                    )
                )
    return _frame(rows)


def read_results(path: Path) -> pd.DataFrame:
    """Read a table of results that was written elsewhere, as CSV or Parquet.

    Raises:
        ParameterError: it is missing, lacks a column, or holds what is no result.
    """
    if not path.is_file():
        raise ParameterError(f"paper.results: there is no table of results {path}")
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    if missing := [column for column in COLUMNS[:6] if column not in frame]:
        raise ParameterError(f"{path} has no column '{missing[0]}', which a table of results needs")
    frame = frame.reindex(columns=list(COLUMNS))
    bad = frame[~frame["value"].between(0, 1) | ~frame["setting"].isin(SETTINGS)]
    if len(bad):
        row = bad.iloc[0]
        raise ParameterError(
            f"{path}, row {bad.index[0] + 1}: a result has a value from 0 to 1 and a setting out "
            f"of {', '.join(SETTINGS)}, but here they are {row['value']} and '{row['setting']}'"
        )
    for name in ("note", "weights"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "")
    return _frame(frame.itertuples(index=False, name=None))


def together(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Several tables of results as one.

    Raises:
        ParameterError: a model has two results for one metric of one task.
    """
    kept = [table for table in tables if len(table)]
    found = pd.concat(kept, ignore_index=True) if kept else _frame([])
    keys = found[["setting", "dataset", "task", "metric"]].assign(model=found["model"].map(key_of))
    twice = keys.duplicated()
    if twice.any():
        row = found[twice.to_numpy()].iloc[0]
        raise ParameterError(
            f"results: {row['model']} ({row['setting']}) has two values of {row['metric']} on "
            f"{row['dataset']}/{row['task']}; keep one of them"
        )
    return found


def weights_by_model(results: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Each model's key and setting to what its weights are, empty where they are its own.

    A model has one name in a figure: where its tasks were run with several kinds of weights, all
    are said, and that it is so on a part of the tasks where the rest has the model's own.
    """
    found: dict[tuple[str, str], dict[str, None]] = {}
    for model, setting, weights in results[["model", "setting", "weights"]].itertuples(index=False):
        said = weights if isinstance(weights, str) else ""
        found.setdefault((key_of(model), setting), {})[said] = None
    return {
        key: ("partly " if "" in kinds and any(kinds) else "") + "; ".join(filter(None, kinds))
        for key, kinds in found.items()
    }


def key_of(model: str) -> str:
    """A model's name without what spellings differ in: capitals, hyphens, dots, blanks."""
    return re.sub(r"[^a-z0-9]", "", model.casefold())


def _all(of: pd.DataFrame) -> int:
    return int(of["classes"].max())


def _frame(rows: Iterable[tuple[Any, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    numbers = dict.fromkeys(("value", "low", "high", "n"), "float64")
    return frame.astype(numbers)
