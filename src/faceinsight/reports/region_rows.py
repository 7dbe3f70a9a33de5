"""On which regions of the face characteristics hang: the rows of the page's table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from faceinsight.reports.charts import characteristic_name

_MARKS = ("elsewhere", "expected", "close", "open", "unsure")

_SHOWN = 3
"""Regions of a characteristic that are shown."""


def region_rows(measured: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Of each characteristic `name`, `present` and `absent`, `gap`, `regions`, `expected`, `mark`.

    Those that hang on another region than expected come first, those of which nothing is sure last;
    within these the ones that are told best.

    Args:
        measured: see `evaluation.regions.measure_regions`; empty or None gives no rows.
    """
    found = (measured or {}).get("characteristics", {})
    order = sorted(found, key=lambda id_: (_rank(found[id_]), -found[id_]["gap"]))
    return [
        {
            "name": characteristic_name(id_),
            "present": f"{of['present']:,}",
            "absent": f"{of['absent']:,}",
            "gap": f"{of['gap']:.1f}",
            "regions": [
                {"name": region, "part": f"{part:+.1f}"}
                for region, part in list(of["parts"].items())[:_SHOWN]
            ],
            "expected": ", ".join(of["expected"] or ()),
            "mark": _MARKS[_rank(of)],
        }
        for id_, of in ((id_, found[id_]) for id_ in order)
    ]


def _rank(of: Mapping[str, Any]) -> int:
    if not of["sure"]:
        return 4
    if of["expected"] is None:
        return 3
    if of["elsewhere"]:
        return 0
    return 1 if next(iter(of["parts"])) in of["expected"] else 2
