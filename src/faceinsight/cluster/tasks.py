"""What a process of the cluster does for one of Kedro's nodes: its function, and nothing else.

Kedro is imported with the node, in the project's folder, where it finds how to log.
"""

from __future__ import annotations

import inspect
import logging.config
import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray import ObjectRef, cloudpickle

from faceinsight.cluster.nodes import enter
from faceinsight.common.messages import sentence
from faceinsight.errors import FaceInsightError


@dataclass(frozen=True, eq=False)
class Kept:
    """Something in the object store; whoever fetches it has a copy of their own.

    It lies there pickled, not as arrays that all readers share and none may change.
    """

    ref: ObjectRef

    def fetch(self) -> Any:
        """The thing itself."""
        return cloudpickle.loads(ray.get(self.ref))

    def __copy__(self) -> Kept:
        return self

    def __deepcopy__(self, memo: Any) -> Kept:
        return self  # `MemoryDataset` copies what nodes could change


@ray.remote
def call(
    folder: str, log: dict[str, Any], node: bytes, names: list[str], *inputs: bytes
) -> tuple[Any, ...]:
    """Run a node.

    Args:
        folder: where relative paths begin.
        log: configuration of logging.
        node: the node, pickled.
        names: of its inputs.
        inputs: each of them, pickled.

    Returns:
        Nothing, and then each output, pickled; what is yielded as a list.

    Raises:
        FaceInsightError: the sentence of an error that has one.
        RuntimeError: a defect; its text is the traceback.
    """
    try:
        enter(Path(folder))
        of: Any = cloudpickle.loads(node)
        logging.config.dictConfig(log)
        _take_cores()
        outputs = of.run(dict(zip(names, map(cloudpickle.loads, inputs), strict=True)))
        if inspect.isgeneratorfunction(of.func):
            outputs = {name: list(chunks) for name, chunks in outputs.items()}
        if nothing := [name for name in of.outputs if outputs[name] is None]:
            raise ValueError(f"{of.name}: its output {nothing[0]} is None, which cannot be saved")
        return None, *(cloudpickle.dumps(outputs[name]) for name in of.outputs)
    except Exception as error:
        # What an error came from, and a class with arguments of its own, would not arrive.
        if said := sentence(error):
            raise FaceInsightError(said) from None
        raise RuntimeError("\n" + "".join(traceback.format_exception(error))) from None


def _take_cores() -> None:
    """As many threads as the task has cores, also where a former task had others."""
    cores = max(1, int(ray.get_runtime_context().get_assigned_resources().get("CPU", 1)))
    os.environ["OMP_NUM_THREADS"] = str(cores)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(cores)
