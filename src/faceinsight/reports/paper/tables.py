"""The paper's Tables 1 to 5 with this run's results beside the paper's own.

A row that was not run says so. Nothing is ever filled in from elsewhere.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from faceinsight.reports.paper.numbers import (
    OURS,
    TABLES,
    PaperTable,
    impossible_rows,
    paper_numbers,
)
from faceinsight.reports.paper.results import key_of

RUN, NOT_RUN = "run", "not run"


def paper_table(number: int, results: pd.DataFrame) -> pd.DataFrame:
    """One of the paper's tables beside this run's results.

    Args:
        number: 1 to 5.
        results: from `faceinsight.reports.paper.results`; FaceInsight is the model called so whose
            setting is `trained`.

    Returns:
        One row a data set, task and model, in the paper's order: `table`, `dataset`, `task`,
        `model`, `status` (`run` or `not run`), `n` faces, `note` and `weights` of the run,
        `impossible` (the paper's mean F1 is above what its precision and recall allow), and for
        each metric of the table, in per cent, `<metric>_paper`, `<metric>_run`, `<metric>_low`,
        `<metric>_high` and `<metric>_difference` (run less paper), null where not run.
    """
    table = next(t for t in TABLES if t.number == number)
    printed = paper_numbers()
    printed = printed[printed["table"] == number]
    doubtful = impossible_rows()
    doubtful = doubtful[doubtful["table"] == number]
    rows = []
    for key, cells in printed.groupby(["dataset", "task", "model"], sort=False):
        dataset, task, model = map(str, key)
        found = _found(results, table, dataset, task, model)
        same = (doubtful[["dataset", "task", "model"]] == [dataset, task, model]).all(axis=1)
        row: dict[str, Any] = {
            "table": number,
            "dataset": dataset,
            "task": task,
            "model": model,
            "status": RUN if len(found) else NOT_RUN,
            "n": found["n"].max() if len(found) else None,
            "note": found["note"].iloc[0] if len(found) else "",
            "weights": found["weights"].iloc[0] if len(found) else "",
            "impossible": bool(same.any()),
        }
        for metric in table.metrics:
            paper = float(cells.loc[cells["metric"] == metric, "value"].item())
            row[f"{metric}_paper"] = paper
            run = found[found["metric"] == metric]
            value, low, high = (
                100 * run[name].iloc[0] if len(run) and not pd.isna(run[name].iloc[0]) else None
                for name in ("value", "low", "high")
            )
            row |= {
                f"{metric}_run": value,
                f"{metric}_low": low,
                f"{metric}_high": high,
                f"{metric}_difference": None if value is None else value - paper,
            }
        rows.append(row)
    frame = pd.DataFrame(rows)
    figures = [name for name in frame if str(name).rsplit("_", 1)[0] in table.metrics]
    return frame.astype(dict.fromkeys([*figures, "n"], "float64"))


def _found(
    results: pd.DataFrame, table: PaperTable, dataset: str, task: str, model: str
) -> pd.DataFrame:
    setting = "trained" if model == OURS else table.setting
    return results[
        (results["dataset"] == dataset)
        & (results["task"] == task)
        & (results["setting"] == setting)
        & (results["model"].map(key_of) == key_of(model))
    ]
