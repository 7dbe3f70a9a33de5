"""What `--env=paper` costs: GPU hours, memory, disk and download of each data set and of all.

    python benchmarks/costs.py benchmarks/results/paper_scale_h100.json --segmentation FILE

prints the table from the rates in the results of `paper_scale.py` at 7B and, if given, of
`segmentation.py` on a GPU; what was not measured says so.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from faceinsight.costs import DATA_SETS, WEIGHTS_GB, Cost, Rates, cost
from paper_scale_page import as_used, machine

ROOT = Path(__file__).parents[1]
UNKNOWN = "not measured"
COLUMNS: tuple[str, ...] = ("data set", "faces", "download", "disk")
COLUMNS += ("GPU memory", "segmentation", "one epoch", "validation", "test", "all")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, nargs="?", help="of paper_scale.py at 7B")
    parser.add_argument("--segmentation", type=Path, help="what segmentation.py printed on a GPU")
    given = parser.parse_args()
    print(section(read(given.results), read(given.segmentation)))


def read(path: Path | None) -> dict[str, Any] | None:
    return None if path is None else json.loads(path.read_text(encoding="utf-8"))


def section(results: Mapping[str, Any] | None, segmentation: Mapping[str, Any] | None) -> str:
    """Markdown: the table, and where each number is from."""
    size, evaluations = _configured()
    rates, notes = measured_rates(results, segmentation)
    memory = _memory(results)
    lines = [
        "## What `--env=paper` costs",
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|---" * len(COLUMNS) + "|",
    ]
    for name, some in [(each.name, [each]) for each in DATA_SETS] + [("all six", [*DATA_SETS])]:
        costs = cost(some, rates, map_size=size, evaluations=evaluations)
        lines.append(_row(name, costs, memory))
    lines += ["", *_explained(size, evaluations), *notes, ""]
    lines += ["Where the sizes of the downloads are from:", ""]
    lines += [f"- {each.name}: {each.source}." for each in DATA_SETS]
    return "\n".join(lines) + "\n"


def measured_rates(
    results: Mapping[str, Any] | None, segmentation: Mapping[str, Any] | None
) -> tuple[Rates, list[str]]:
    """Rates of a full-size run, and a line for each that says where it was measured."""
    notes = []
    training = scoring = parsing = None
    if results is not None and results["facts"]["scale"] == "7B":
        rows, facts = results["measurements"], results["facts"]
        for kind in ("train", "score"):
            if row := as_used(rows, kind):
                words = "training" if kind == "train" else "validation and test"
                notes.append(
                    f"- {words}: {row['images_per_second']:.1f} images/s on {facts['device']} "
                    f"(batch {row['batch']})."
                )
        training, scoring = (_rate(as_used(rows, kind)) for kind in ("train", "score"))
        parsing = _rate(rows.get("parser network"))
        if parsing is not None:
            notes.append(
                f"- segmentation: {parsing:.0f} images/s of the parser's network alone, with "
                f"random weights, on {facts['device']}: the least that it can take."
            )
        notes.append(f"- Measured with: {machine(facts)}")
    if segmentation is not None:
        parsing = float(segmentation["in batches, images/s"])
        notes = [note for note in notes if "segmentation" not in note]
        notes.append(
            f"- segmentation: {parsing:.1f} images/s, {segmentation['machine']}, device "
            f"{segmentation['device']}, reading and storing included."
        )
    missing = {"segmentation": parsing, "training": training, "validation and test": scoring}
    notes += [f"- {name}: {UNKNOWN}." for name, rate in missing.items() if rate is None]
    return Rates(segmentation=parsing, training=training, scoring=scoring), notes


def _memory(results: Mapping[str, Any] | None) -> str:
    """The GPU's memory that training takes; the same for every data set."""
    if results is None or results["facts"]["scale"] != "7B":
        return UNKNOWN
    peak = (as_used(results["measurements"], "train") or {}).get("peak_gib")
    return UNKNOWN if peak is None else f"{peak:.0f} GiB"


def _rate(row: Mapping[str, Any] | None) -> float | None:
    return None if row is None else row.get("images_per_second")


def _configured() -> tuple[int, float]:
    """Side of the maps, and evaluations an epoch, as `conf/paper` has them."""

    def conf(name: str) -> Any:
        return yaml.safe_load((ROOT / "conf/paper" / name).read_text(encoding="utf-8"))

    training = conf("parameters_training.yml")["training"]
    return conf("globals.yml")["image_size"], training["evaluations_per_epoch"]


def _row(name: str, costs: Cost, memory: str) -> str:
    hours = (costs.segmentation, costs.training, costs.validation, costs.testing, costs.hours)
    cells = [name, f"{costs.faces:,}", _gigabytes(costs.download_gb), _gigabytes(costs.disk_gb)]
    cells.append(memory)
    cells += [UNKNOWN if h is None else f"{h:.3g} h" for h in hours]
    return f"| {' | '.join(cells)} |"


def _explained(size: int, evaluations: float) -> Iterator[str]:
    weights = sum(WEIGHTS_GB.values())
    listed = "; ".join(f"{name}: {gb:.2f} GB" for name, gb in WEIGHTS_GB.items())
    yield (
        "GPU hours of one GPU. Disk holds the archives, the photographs in them once more, and "
        f"label maps of {size} x {size} bytes; photographs are read from their files. Weights are "
        f"downloaded once for all, {weights:.1f} GB ({listed}). Checkpoints and the trained model "
        "take about 3 GB. Of the host's memory, labels take 0.1 GB a million faces. One epoch is "
        "over the training split; validation is the whole "
        f"validation split {evaluations:g} times in it; test scores the test split once."
    )
    yield ""


def _gigabytes(value: float) -> str:
    return f"{value:.2f} GB" if value < 10 else f"{value:,.0f} GB"


if __name__ == "__main__":
    main()
