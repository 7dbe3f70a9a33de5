"""Parameters that belong to no single part of the science, typed and validated by Kedro."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

DATASETS = ("celeba", "maad", "fairface", "utkface", "expw", "rafdb")
"""The data sets that the pipelines have nodes for; each also has a reader of its own."""


def known_device(name: str) -> str:
    """Pydantic validator: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`."""
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", name):
        raise ValueError(f"'{name}' is no device: auto, cpu, cuda, cuda:N or mps")
    return name


class DatasetSettings(BaseModel):
    """How one data set takes part.

    Attributes:
        name: which data set; its files lie in the folder of this name under `raw`.
        use: whether it takes part at all; one that does not has empty artifacts.
        weight: weight in a training epoch, beside the temperature.
        limit: faces used of each split; null uses all, and a split that is not named as well.
        val_share: share of the training faces that validates, where no official part does.
        test_share: share of all faces that tests, where no official part does.
    """

    model_config = ConfigDict(extra="forbid")

    name: Literal["celeba", "maad", "fairface", "utkface", "expw", "rafdb"]
    use: bool = True
    weight: float = Field(1.0, ge=0)
    limit: dict[str, int | None] | int | None = None
    val_share: float = Field(0.1, gt=0, lt=0.5)
    test_share: float = Field(0.1, gt=0, lt=0.5)


class AuditSettings(BaseModel):
    """How photographs are audited.

    Attributes:
        max_pixels: a larger photograph is skipped and counted.
        workers: photographs looked at side by side.
    """

    model_config = ConfigDict(extra="forbid")

    max_pixels: int = Field(50_000_000, ge=1)
    workers: int = Field(2, ge=1)


class PriorSettings(BaseModel):
    """The correlation prior (Eq. 5 to 7).

    Attributes:
        tau: an edge needs at least this conditional probability.
        omega: share of a characteristic's new features that comes from its neighbours.
        lift: an edge also needs p(j | i) / p(j) of at least this; null asks for nothing beyond tau,
            as the paper.
    """

    model_config = ConfigDict(extra="forbid")

    tau: float = Field(0.4, gt=0, le=1)
    omega: float = Field(0.8, ge=0, le=1)
    lift: float | None = Field(None, ge=0)


class PredictionSettings(BaseModel):
    """How test faces are scored.

    Attributes:
        split: which split is scored.
        batch_size: faces a forward pass.
        device: auto, or a torch device such as cpu.
    """

    model_config = ConfigDict(extra="forbid")

    split: str = Field("test", pattern="^(train|val|test)$")
    batch_size: int = Field(256, ge=1)
    device: str = "auto"

    _device = field_validator("device")(known_device)


class ReportingSettings(BaseModel):
    """What the report shows.

    Attributes:
        show_photographs: whether example faces are shown; on real photographs only for your own
            eyes, since most data sets may not be passed on. Null shows drawn faces and no others.
        faces_per_dataset: example faces of each data set.
    """

    model_config = ConfigDict(extra="forbid")

    show_photographs: bool | None = None
    faces_per_dataset: int = Field(4, ge=0)
