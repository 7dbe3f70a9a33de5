"""Tags of Kedro's nodes, and what a task of the cluster takes for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

TRAINS = "trains"
"""Of nodes that train a model, in `training.processes` processes."""

SPREADS = "spreads"
"""Of nodes that cut or score faces, which actors of a cluster do, where one is named."""

GPU = "gpu"
"""Of nodes that compute on a GPU, where there is one."""

_KINDS = {"num_cpus": "CPU", "num_gpus": "GPU", "memory": "memory"}
"""Ray's options, and what it calls the same of a machine."""

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


def shortage(
    name: str,
    tags: Iterable[str],
    takes: Mapping[str, float],
    machines: Sequence[Mapping[str, float]],
    processes: int = 1,
) -> str | None:
    """Why the task of a node has room on none of these machines; None where it has.

    Args:
        name: of the node.
        tags: of the node.
        takes: what the task takes, see `resources`.
        machines: what each has in all, as Ray names and counts it.
        processes: that train one model.
    """
    takes = {_KINDS[of]: much for of, much in takes.items()}
    if any(all(machine.get(of, 0) >= much for of, much in takes.items()) for machine in machines):
        return None
    most = {of: max((machine.get(of, 0) for machine in machines), default=0) for of in takes}
    tags = sorted(tags)
    changes = ["lower training.processes"] if TRAINS in tags and processes > 1 else []
    changes += [f"lower or remove its tag {tag}" for tag in tags if _TAKES.fullmatch(tag)]
    return (
        f"{name} takes {_told(takes)}, and no machine of the cluster has so much at once (at most "
        f"{_told(most)}); {', or '.join([*changes, 'take a larger machine'])}"
    )


def _told(amounts: Mapping[str, float]) -> str:
    told = []
    for of, much in amounts.items():
        unit = "GB" if of == "memory" else {"CPU": "core", "GPU": "GPU"}[of] + "s" * (much != 1)
        told.append(f"{round(much / 1e9, 1) if of == 'memory' else much:g} {unit}")
    return " and ".join(told)
