"""Rivals' results, wherever runs of `rivals` and `finetune` have left their metrics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from faceinsight.reports.paper.results import results_of, together


def rivals_results(reports: Path, scored_by: str, note: str = "") -> pd.DataFrame:
    """The results of every rival, training-free and fine-tuned, each in its newest version.

    Args:
        reports: folder of reports, with `<rival>_<scored by>/metrics.json` and
            `<rival>_<scored by>_tuned/metrics.json`, a folder of versions each.
        scored_by: of a rival that was scored by text and by likelihood in one setting, the one that
            counts; one that was scored in one way alone counts anyhow.
        note: what is to be known of all of them.

    Returns:
        A table of results (see `faceinsight.reports.paper.results`), empty without rivals.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for metrics in _metrics_in(reports):
        rival = metrics["rival"]
        key = rival["title"], rival["setting"]
        if key not in found or rival["scored_by"] == scored_by:
            found[key] = metrics
    return together(
        results_of(
            metrics,
            title,
            setting,
            _note(metrics["rival"], note),
            metrics["rival"].get("weights") or "",
        )
        for (title, setting), metrics in found.items()
    )


def _metrics_in(reports: Path) -> Iterator[dict[str, Any]]:
    """Newest version of each rival's metrics, by the folder's name."""
    for folder in sorted(reports.glob("*/metrics.json")):
        versions = sorted(path for path in folder.glob("*/metrics.json") if path.is_file())
        if versions:
            metrics = json.loads(versions[-1].read_text(encoding="utf-8"))
            # Versions before rivals were fine-tuned do not say how they came about.
            if "setting" in metrics.get("rival", {}):
                yield metrics


def _note(rival: dict[str, Any], note: str) -> str:
    parts = [note, f"scored by {rival['scored_by']}"]
    if rival["folder"] is not None:
        parts.append(f"weights of the folder '{rival['folder']}', not of {rival['checkpoint']}")
    return "; ".join(part for part in parts if part)
