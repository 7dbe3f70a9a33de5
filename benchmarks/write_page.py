"""Writes docs/benchmarks.md from what the benchmarks left in benchmarks/results.

    python benchmarks/write_page.py

Results of `paper_scale.py` are `paper_scale*.json`; what `segmentation.py` printed on a GPU is
`segmentation.json`. Other benchmarks leave a section in Markdown, `*.md`, which is taken as it is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import costs
import paper_scale_page

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results"
PAGE = ROOT / "docs/benchmarks.md"
HEAD = (
    "# Benchmarks\n\n"
    "Written by `benchmarks/write_page.py` from the results of the scripts in `benchmarks/`, each "
    "of which says in its first lines what it claims; do not edit it by hand. Weights are random "
    "where a section says so: speed and memory do not depend on them.\n"
)


def main() -> None:
    PAGE.write_text(page(RESULTS), encoding="utf-8")


def page(folder: Path) -> str:
    """The whole page: full size first, then smaller scales, costs, and the other benchmarks."""
    scales = [_read(path) for path in sorted(folder.glob("paper_scale*.json"))]
    scales.sort(key=lambda results: results["facts"]["scale"] != "7B")
    full = next((r for r in scales if r["facts"]["scale"] == "7B"), None)
    segmentation = folder / "segmentation.json"
    sections = [HEAD]
    if full is None:
        sections.append(
            "The full size was not measured yet: it takes one GPU of 80 GB for ten minutes, and "
            "`python benchmarks/paper_scale.py --out benchmarks/results/paper_scale_gpu.json`.\n"
        )
    sections += [paper_scale_page.section(results) for results in scales]
    sections.append(costs.section(full, _read(segmentation) if segmentation.exists() else None))
    sections += [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))]
    return "\n".join(text.rstrip("\n") + "\n" for text in sections)


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
