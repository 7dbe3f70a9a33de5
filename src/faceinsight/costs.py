"""What a run of `--env=paper` costs: download, disk, and GPU hours from measured rates.

Sizes of data sets are those of their published archives where a public listing gives them, and
marked as estimates where none does; MAAD's and UTKFace's numbers of faces are rounded. Rates are
never written here: they come from measurements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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
