"""How the authors of the data sets spell them."""

from __future__ import annotations

DATASET_NAMES = {
    "celeba": "CelebA",
    "maad": "MAAD",
    "fairface": "FairFace",
    "utkface": "UTKFace",
    "expw": "ExpW",
    "rafdb": "RAF-DB",
}


def dataset_name(dataset: str) -> str:
    """A data set's own spelling."""
    return DATASET_NAMES.get(dataset, dataset)
