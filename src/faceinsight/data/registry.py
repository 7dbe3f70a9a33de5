"""The data sets that the pipelines read."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


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
