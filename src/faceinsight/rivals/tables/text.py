"""Scores of other systems as plain text, for the end of a run in a terminal."""

from __future__ import annotations

import pandas as pd


def scores_text(scores: pd.DataFrame) -> str:
    """One line a system, task and way of scoring.

    Args:
        scores: from `faceinsight.rivals.tables.scoring.score_tables`.
    """
    rows = [("system", "data set", "task", "scoring", "faces", "accuracy [95 %]", "left out")]
    for row in scores.to_dict("records"):
        labels = " own" if row["labels"] == "own" else ""
        accuracy = "-"
        if not pd.isna(row["accuracy"]):
            accuracy = f"{100 * row['accuracy']:.2f}"
            if not pd.isna(row["accuracy_low"]):
                low, high = 100 * row["accuracy_low"], 100 * row["accuracy_high"]
                accuracy += f" [{low:.1f}, {high:.1f}]"
        left_out = row["unlabelled"] + (0 if labels else row["unmatched"])
        rows.append(
            (
                row["system"],
                row["dataset"],
                row["task"],
                f"{row['scoring']}, {row['classes']}{labels}",
                f"{row['n']:,}",
                accuracy,
                f"{left_out:,}",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
