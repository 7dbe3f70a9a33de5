"""How rivals are fine-tuned, as it stands in `parameters_rivals.yml`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator

from faceinsight.common.settings import Settings
from faceinsight.training.settings import LoopSettings

ImageEncoder = Literal["frozen", "trained"]

ALL_TASKS = "all"
"""Value of `task` that stands for every task of every data set."""


class Point(Settings, frozen=True):
    """A point of the grid.

    Attributes:
        learning_rate: highest rate of AdamW.
        image_encoder: `frozen`, or `trained`: it and the projector have LoRA as well.
    """

    learning_rate: float = Field(gt=0)
    image_encoder: ImageEncoder


class FinetuningSettings(LoopSettings, frozen=True):
    """How a rival is fine-tuned; the defaults are LLaVA-1.5's own LoRA recipe.

    With precision bf16, base weights are in bf16 and LoRA's in fp32; the seed is also that of
    LoRA's initial weights.

    Attributes:
        task: `data set/task`, e.g. `fairface/age`, or `all`.
        learning_rates: one axis of the grid.
        image_encoders: the other axis.
        rank: r of LoRA.
        alpha: of LoRA, whose matrices are scaled by alpha / rank.
        dropout: of LoRA's inputs.
        train_faces: most training faces, drawn at random; null uses all.
        validation_faces: most validation faces, drawn at random; null uses all.
        questions_per_face: most questions about one face in an epoch's examples, drawn at random:
            CelebA's 40 attributes are 40 questions. Null asks all.
    """

    task: str = Field(default=ALL_TASKS, pattern=r"^(all|[a-z0-9]+/[a-z0-9_]+)$")
    learning_rates: tuple[float, ...] = Field(default=(2e-5, 1e-4, 2e-4), min_length=1)
    image_encoders: tuple[ImageEncoder, ...] = Field(default=("frozen",), min_length=1)
    rank: int = Field(default=128, ge=1)
    alpha: int = Field(default=256, ge=1)
    dropout: float = Field(default=0.05, ge=0, lt=1)
    batch_size: int = Field(default=16, ge=1)
    gradient_accumulation_steps: int = Field(default=8, ge=1)
    patience: int | None = Field(default=3, ge=1)
    train_faces: int | None = Field(default=None, ge=1)
    validation_faces: int | None = Field(default=1000, ge=1)
    questions_per_face: int | None = Field(default=None, ge=1)

    @field_validator("learning_rates")
    @classmethod
    def _are_rates(cls, rates: tuple[float, ...]) -> tuple[float, ...]:
        if min(rates) <= 0:
            raise ValueError("a learning rate is above 0")
        return rates

    @field_validator("learning_rates", "image_encoders")
    @classmethod
    def _says_none_twice(cls, values: tuple[object, ...]) -> tuple[object, ...]:
        if len(set(values)) < len(values):
            raise ValueError("holds a value twice")
        return values

    def points(self) -> Iterator[Point]:
        """Every point of the grid, in the order in which a tie is decided: the first wins."""
        for encoder in self.image_encoders:
            for rate in self.learning_rates:
                yield Point(learning_rate=rate, image_encoder=encoder)
