"""Tags of Kedro's nodes, and what a task of the cluster takes for them."""

from __future__ import annotations

import re
from collections.abc import Iterable

TRAINS = "trains"
"""Of nodes that train a model, in `training.processes` processes."""

SPREADS = "spreads"
"""Of nodes that cut or score faces, which actors of a cluster do, where one is named."""

GPU = "gpu"
"""Of nodes that compute on a GPU, where there is one."""

_TAKES = re.compile(r"(cpus|gpus|memory)-(\d+(?:\.\d+)?)")


def resources(
    tags: Iterable[str], gpus: float, processes: int = 1, elsewhere: bool = False
) -> dict[str, float]:
    """What a task takes, as Ray's options: one core, unless the tags say otherwise.

    Args:
        tags: of a node: `cpus-2`, `gpus-0.5` and `memory-16` (GB) are what they say, `gpu` is one
            GPU where the cluster has any. Others count for nothing.
        gpus: that the cluster has.
        processes: that train one model.
        elsewhere: whether they are tasks of their own, and the node but waits for them.
    """
    tags = set(tags)
    takes = {"num_cpus": 1.0}
    if GPU in tags and gpus:
        takes["num_gpus"] = 1.0
    for what, much in (match.groups() for tag in tags if (match := _TAKES.fullmatch(tag))):
        takes |= {"memory": float(much) * 1e9} if what == "memory" else {f"num_{what}": float(much)}
    if TRAINS in tags and processes > 1:
        return {"num_cpus": 0.0} if elsewhere else {of: n * processes for of, n in takes.items()}
    if SPREADS in tags and elsewhere:
        return {"num_cpus": 0.0}
    return takes
