"""What is trained and evaluated: which variants, with which seeds.

A run is one training of a variant. The one with the configured seed has the variant's name, a
further one the seed's behind it, e.g. `lgc` and `lgc.s1`; so are its namespace and its artifacts
called. Pipelines are made of the configuration, since it may name variants of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faceinsight.common.messages import no_such
from faceinsight.data.registry import configure_datasets, dataset_names
from faceinsight.errors import ParameterError
from faceinsight.method.variants import LABELS, LGC, in_order


@dataclass(frozen=True)
class Runs:
    """The variants that are configured, and with how many seeds each is trained.

    Attributes:
        variants: names, in the order in which they add up.
        chosen: the one that `train`, `evaluation` and `predict` work on.
        seeds: of the trainings of a variant; the first is the configured one.
        rival: the one that `rivals` and `finetune` work on.
        scored_by: what it is scored by.
    """

    variants: tuple[str, ...] = tuple(LABELS)
    chosen: str = LGC.name
    seeds: tuple[int, ...] = (0,)
    rival: str = "llava_1_5_7b"
    scored_by: str = "text"

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Runs:
        """What the parameters say.

        Raises:
            ParameterError: `variant` names none; a variant is called otherwise than where it
                stands, or like a data set; `seeds` is no number of seeds.
        """
        for name in ("variants", "training"):
            if not isinstance(parameters[name], Mapping) or not parameters[name]:
                raise ParameterError(f"{name}: expected several values by name")
        variants, chosen = parameters["variants"], parameters["variant"]
        if chosen is None:
            raise ParameterError(f"variant: none is named; there are {', '.join(sorted(variants))}")
        if str(chosen) not in variants:
            raise ParameterError(f"variant: {no_such('variant', str(chosen), set(variants))}")
        for key, variant in variants.items():
            if not isinstance(variant, Mapping) or variant.get("name") != key:
                raise ParameterError(f"variants.{key}.name: call it {key}, by where it stands")
            if key in dataset_names():
                raise ParameterError(f"variants.{key}: a data set has that name; take another")
        number, first = parameters["seeds"], parameters["training"].get("seed", 0)
        if type(number) is not int or number < 1:
            raise ParameterError(f"seeds: {number!r} is no number of seeds; give 1 or more")
        seeds = tuple(range(first, first + number)) if isinstance(first, int) else (first,)
        rival = str(parameters["rival"]), str(parameters["scored_by"])
        return cls(tuple(in_order(variants)), str(chosen), seeds, *rival)

    def of_variant(self, variant: str) -> dict[str, int]:
        """Names of a variant's runs, each with its seed."""
        first, *_ = self.seeds
        return {variant if s == first else f"{variant}.s{s}": s for s in self.seeds}

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """What nodes find their seed or data set by: `params:run_seeds.1`, and names alike."""
        return {
            "run_seeds": {str(seed): seed for seed in self.seeds},
            "dataset_names": {name: name for name in dataset_names()},
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all runs, those of a variant together."""
        return tuple(name for variant in self.variants for name in self.of_variant(variant))


_configured = Runs()
_datasets = dataset_names()


def configured() -> Runs:
    """The runs of the session's configuration; the paper's four variants before there is one."""
    return _configured


def configure(parameters: Mapping[str, Any]) -> None:
    """Make pipelines of these parameters from now on."""
    from kedro.framework.project import PACKAGE_NAME, pipelines

    global _configured, _datasets
    configure_datasets(parameters["datasets"])
    now = Runs.of(parameters), dataset_names()
    if now != (_configured, _datasets):
        _configured, _datasets = now
        pipelines.configure(f"{PACKAGE_NAME}.pipeline_registry")
