"""The ablation's variants: which of the paper's three additions a model has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, model_validator

LABELS = {"org": "org", "seg": "+seg", "corr": "+corr", "lgc": "+lgc"}
"""How reports call the variants: each adds one thing to the one before, as in the paper."""

_T = TypeVar("_T")

_SWITCHES = {
    (False, False, False): "org",
    (True, False, False): "seg",
    (True, True, False): "corr",
    (True, True, True): "lgc",
}


def label_of(segmentation: bool, correlation: bool, logic: bool) -> str:
    """What reports call a model with these switches; "model" where it is none of the four."""
    return LABELS.get(_SWITCHES.get((segmentation, correlation, logic), ""), "model")


def in_order(variants: Mapping[str, _T]) -> dict[str, _T]:
    """What belongs to each variant, in the order in which they add up; other names come last."""
    names = [name for name in LABELS if name in variants]
    names += [name for name in variants if name not in LABELS]
    return {name: variants[name] for name in names}


class Variant(BaseModel):
    """Three switches with a name.

    Attributes:
        name: names the variant's folder in the catalog.
        segmentation: the label map's tokens stand beside the photograph's.
        correlation: the graph network refines the text features over the correlation prior.
        logic: the expected violation of the rules is part of the loss (Eq. 9).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    segmentation: bool
    correlation: bool
    logic: bool

    @model_validator(mode="after")
    def _name_is_a_folder(self) -> Variant:
        if not self.name.isidentifier():
            raise ValueError(f"'{self.name}' cannot name a folder: use letters, digits and _")
        return self

    @property
    def label(self) -> str:
        """The variant's name in reports."""
        return LABELS.get(self.name, self.name)
