"""What `--env=paper` costs: GPU hours, memory, disk and download of each data set and of all.

    python benchmarks/costs.py benchmarks/results/paper_scale_h100.json --segmentation FILE

prints the table from the rates in the results of `paper_scale.py` at 7B and, if given, of
`segmentation.py` on a GPU; what was not measured says so.

Sizes of data sets are those of their published archives where a public listing gives them, and
marked as estimates where none does; MAAD's and UTKFace's numbers of faces are rounded. Rates are
never written here: they come from measurements.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from paper_scale_page import as_used, machine

ROOT = Path(__file__).parents[1]
UNKNOWN = "not measured"
COLUMNS: tuple[str, ...] = ("data set", "faces", "download", "disk")
COLUMNS += ("GPU memory", "segmentation", "one epoch", "validation", "test", "all")


@dataclass(frozen=True)
class DataSetSize:
    """A data set as it is downloaded.

    Attributes:
        name: the data set.
        train, val, test: faces of each split, official or by the project's default shares.
        download_gb: archives in GB (10^9 bytes).
        estimated: the download's size is an estimate.
        source: where the size is from, or how it was estimated.
    """

    name: str
    train: int
    val: int
    test: int
    download_gb: float
    estimated: bool
    source: str

    @property
    def faces(self) -> int:
        """Of all splits."""
        return self.train + self.val + self.test


def by_shares(faces: int) -> tuple[int, int, int]:
    """Train, val and test of a data set that the project splits itself: 80, 10 and 10 %."""
    return faces - 2 * round(faces / 10), round(faces / 10), round(faces / 10)


def with_test_part(train: int, test: int) -> tuple[int, int, int]:
    """Train, val and test where authors give no validation part: 10 % of theirs for training."""
    return train - round(train / 10), round(train / 10), test


DATA_SETS = (
    DataSetSize(
        "celeba",
        *(162_770, 19_867, 19_962),
        download_gb=1.44,
        estimated=False,
        source="img_align_celeba.zip as listed on the Hugging Face hub (AlexWortega/celeb)",
    ),
    DataSetSize(
        "maad",
        *by_shares(3_300_000),
        download_gb=40.4,
        estimated=False,
        source="VGGFace2's train and test archives, 37.9 and 2.03 GB, as listed on the Hugging "
        "Face hub (ProgramComputer/VGGFace2); MAAD_Face.csv's 0.5 GB is an estimate",
    ),
    DataSetSize(
        "fairface",
        *with_test_part(86_744, 10_954),
        download_gb=0.56,
        estimated=False,
        source="padding 0.25: download_size on the card of HuggingFaceM4/FairFace",
    ),
    DataSetSize(
        "utkface",
        *by_shares(23_700),
        download_gb=0.11,
        estimated=False,
        source="UTKFace.tar.gz as listed on the Hugging Face hub (py97/UTKFace-Cropped)",
    ),
    DataSetSize(
        "expw",
        *by_shares(91_793),
        download_gb=8.0,
        estimated=True,
        source="estimate: about 90 KB for each photograph from the web",
    ),
    DataSetSize(
        "rafdb",
        *with_test_part(12_271, 3_068),
        download_gb=0.04,
        estimated=True,
        source="estimate: 15,339 aligned faces of 100 x 100 pixels at about 2.5 KB",
    ),
)

WEIGHTS_GB = {
    "llava-hf/llava-1.5-7b-hf, three shards": 14.13,
    "FLIP-dataset/FLIP-base-16, float32 (estimated from its shapes)": 0.60,
    "google/vit-base-patch16-224, float32 (estimated from its shapes)": 0.35,
    "pyfacer's detector and parser, float32 (estimated from their shapes)": 0.65,
}
"""Downloads of weights, once for all data sets, in GB."""


@dataclass(frozen=True)
class Rates:
    """Faces a second on one GPU; None where it was not measured.

    Attributes:
        segmentation: detecting and parsing.
        training: forward and backward.
        scoring: forward alone.
    """

    segmentation: float | None = None
    training: float | None = None
    scoring: float | None = None


@dataclass(frozen=True)
class Cost:
    """What a data set costs.

    Attributes:
        faces: of all splits.
        download_gb: archives.
        disk_gb: archives, the photographs in them once more, and label maps.
        segmentation: GPU hours for label maps of all faces; None where the rate is not known.
        training: GPU hours for one epoch over the training split.
        validation: GPU hours for all evaluations in that epoch.
        testing: GPU hours for scoring the test split.
    """

    faces: int
    download_gb: float
    disk_gb: float
    segmentation: float | None
    training: float | None
    validation: float | None
    testing: float | None

    @property
    def hours(self) -> float | None:
        """All GPU hours; None where one of them is not known."""
        parts = [self.segmentation, self.training, self.validation, self.testing]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None


def cost(
    data_sets: Sequence[DataSetSize], rates: Rates, *, map_size: int, evaluations: float
) -> Cost:
    """Work out what some data sets cost together.

    Args:
        data_sets: one or several.
        rates: measured.
        map_size: S, side of the label maps in pixels; a map takes S^2 bytes.
        evaluations: of the whole validation split, in an epoch.
    """
    faces = sum(each.faces for each in data_sets)
    download = sum(each.download_gb for each in data_sets)
    validated = evaluations * sum(each.val for each in data_sets)
    return Cost(
        faces=faces,
        download_gb=download,
        disk_gb=2 * download + faces * map_size**2 / 1e9,
        segmentation=_hours(faces, rates.segmentation),
        training=_hours(sum(each.train for each in data_sets), rates.training),
        validation=_hours(validated, rates.scoring),
        testing=_hours(sum(each.test for each in data_sets), rates.scoring),
    )


def _hours(faces: float, rate: float | None) -> float | None:
    return None if rate is None else faces / rate / 3600


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
