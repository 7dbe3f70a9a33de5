"""Results made up for tests."""

import pandas as pd

from faceinsight.reports.paper.results import COLUMNS


def result(model, setting, dataset, task, note="", n=100, weights="", **metrics):
    """Rows of one model on one task; a metric is a value, or a value with its interval."""
    rows = []
    for metric, figure in metrics.items():
        value, low, high = figure if isinstance(figure, tuple) else (figure, None, None)
        rows.append((model, setting, dataset, task, metric, value, low, high, n, note, weights))
    numbers = dict.fromkeys(("value", "low", "high", "n"), "float64")
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(numbers)
