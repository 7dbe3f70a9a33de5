"""Variants: which of the paper's three additions a model has, and how it is taught and read.

Who heeds a switch: `segmentation` the input (`FaceInsightModel.embed`, with an encoder made or
not), `correlation` the text features (`FaceInsightModel.characteristic_tokens`), `logic` and `loss`
the loss alone (`FaceInsightModel.forward`), `readout` what is handed out (`model.labels`). Labels
are made consistent for every variant alike. Beside the model, `segmentation` decides whether label
maps are made and read at all: `model.building.resolve`, `training.loop`,
`inference.cropper.crop_settings`, `inference.split_scores`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeVar

from pydantic import model_validator

from faceinsight.common.settings import Settings

Loss = Literal["paper", "coherent"]
Readout = Literal["independent", "coherent"]

_T = TypeVar("_T")


class Variant(Settings, frozen=True):
    """Three switches, a loss and a readout, with a name.

    Attributes:
        name: names the variant's folder in the catalog.
        segmentation: the label map's tokens stand beside the photograph's.
        correlation: the graph network refines the text features over the correlation prior.
        logic: the expected violation of the rules is part of the loss (Eq. 9).
        loss: `paper` is Eq. 3, and Eq. 9 where `logic` is on; `coherent` is the likelihood of the
            annotation under a distribution over labels that break no rule, in place of both
            (`method.coherent`).
        readout: `independent` reads each probability from its own logit, as a sigmoid; `coherent`
            reads marginals and labels of that distribution.
    """

    name: str
    segmentation: bool
    correlation: bool
    logic: bool
    loss: Loss = "paper"
    readout: Readout = "independent"

    @model_validator(mode="after")
    def _name_is_a_folder(self) -> Variant:
        if not self.name.isidentifier():
            raise ValueError(f"'{self.name}' cannot name a folder: use letters, digits and _")
        return self

    @model_validator(mode="after")
    def _rules_once(self) -> Variant:
        if self.logic and self.loss == "coherent":
            raise ValueError("loss: coherent has the rules in it already: set logic to false")
        return self

    @property
    def label(self) -> str:
        """The variant's name in reports."""
        return LABELS.get(self.name, self.name)


ORG = Variant(name="org", segmentation=False, correlation=False, logic=False)
SEG = Variant(name="seg", segmentation=True, correlation=False, logic=False)
CORR = Variant(name="corr", segmentation=True, correlation=True, logic=False)
LGC = Variant(name="lgc", segmentation=True, correlation=True, logic=True)

COH = CORR.model_copy(update={"name": "coh", "loss": "coherent", "readout": "coherent"})

PAPER = (ORG, SEG, CORR, LGC)
"""The paper's four variants: each adds one thing to the one before."""

LABELS = {v.name: v.name if v == ORG else f"+{v.name}" for v in (*PAPER, COH)}
"""How reports call the paper's four variants, and the one beyond them, in this order."""


def of_switches(segmentation: bool, correlation: bool, logic: bool) -> Variant:
    """The variant of the paper that has these switches; one called "model" where there is none."""
    variant = Variant(name="model", segmentation=segmentation, correlation=correlation, logic=logic)
    same = (v for v in PAPER if v == variant.model_copy(update={"name": v.name}))
    return next(same, variant)


def by_variant(runs: Mapping[str, _T]) -> dict[str, list[_T]]:
    """What belongs to each variant's runs, a run a seed: `lgc.s1` is a further one of `lgc`."""
    found: dict[str, list[_T]] = {}
    for name, of in runs.items():
        found.setdefault(name.partition(".")[0], []).append(of)
    return found


def in_order(variants: Mapping[str, _T]) -> dict[str, _T]:
    """What belongs to each variant, in the order in which they add up; other names come last."""
    names = [name for name in LABELS if name in variants]
    names += [name for name in variants if name not in LABELS]
    return {name: variants[name] for name in names}
