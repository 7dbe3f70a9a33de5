"""Work of one kind on all cores or GPUs of a cluster, by Ray Data.

An actor a core, or a GPU, holds what is loaded once; pieces of work go to whoever is free. An actor
that dies costs the pieces it had, which are done again while actors are begun again, ten times each
at most: what a piece writes has to be the same however often it is done.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from faceinsight.common.messages import sentence
from faceinsight.errors import FaceInsightError, ParameterError

_Piece = TypeVar("_Piece")
_Result = TypeVar("_Result")

Worker = Callable[[_Piece], _Result]
"""What an actor holds."""


_LIMITS: dict[str, Any] = {"max_restarts": 10, "max_task_retries": -1}
"""Of an actor, and of a piece. Ray Data's own are both without end, and what kills its process
would be tried for ever. A piece is tried as long as its actor is begun again: each call of a node
that is lost would count, and there are many before the cluster knows."""


@dataclass(frozen=True)
class _Fault:
    """What an actor could not do, as a sentence. (Ray would make a list of a tuple.)"""

    message: str


class Pool(Generic[_Piece, _Result]):
    """Actors, as many as the cluster has cores or GPUs. This process has to be connected.

    Args:
        device: a torch device, or auto: then GPUs are taken where the cluster has some.

    Attributes:
        size: how many actors there are at most.

    Raises:
        ParameterError: a GPU is asked for, and the cluster has none.
    """

    def __init__(self, device: str) -> None:
        import ray

        has = ray.cluster_resources()
        gpus = 0 if device == "cpu" else int(has.get("GPU", 0))
        if device.startswith("cuda") and not gpus:
            raise ParameterError(
                f"device: {device} is asked for, and no node of the cluster has a GPU; take cpu"
            )
        self._cpus: float | None = None if gpus else 1.0
        self._gpus: float | None = 1.0 if gpus else None
        self.size = gpus or max(1, math.floor(has.get("CPU", 1)))

    def map(
        self,
        worker: Callable[..., Worker[_Piece, _Result]],
        arguments: Mapping[str, Any],
        pieces: Sequence[_Piece],
    ) -> Iterator[_Result]:
        """What becomes of each piece, as it is done, in no order.

        Args:
            worker: a class; each actor makes one of it.
            arguments: what it is made with.
            pieces: each is given to one of them.

        Raises:
            FaceInsightError: a worker's own, in its words; or no actor could do it.
        """
        if not pieces:
            return
        import ray
        from ray.data import ActorPoolStrategy, DataContext, from_items
        from ray.exceptions import RayError

        logging.getLogger("ray.data").setLevel(logging.ERROR)
        DataContext.get_current().enable_progress_bars = False
        size = min(self.size, len(pieces))
        results = from_items(
            [{"piece": piece} for piece in pieces], override_num_blocks=len(pieces)
        ).map_batches(
            _Actor,
            fn_constructor_kwargs={"worker": worker, "arguments": dict(arguments)},
            batch_size=1,
            # One piece waits with each actor: the next one is a fifth of a second away.
            compute=ActorPoolStrategy(
                min_size=1, max_size=size, initial_size=size, max_tasks_in_flight_per_actor=2
            ),
            num_cpus=self._cpus,
            num_gpus=self._gpus,
            **_LIMITS,
        )
        try:
            for row in results.iter_rows():
                if isinstance(row["result"], _Fault):
                    raise FaceInsightError(row["result"].message)
                yield row["result"]
        except RayError as error:
            if isinstance(error, ray.exceptions.RayTaskError):  # a defect: its traceback is needed
                raise
            said = str(error).partition("\n")[0]
            raise FaceInsightError(
                f"the cluster could not go on ({said}); what it did is kept: see to its nodes and "
                "start again"
            ) from error


class _Actor:
    """A worker, whose faults are results: Ray keeps of an error its text alone."""

    def __init__(self, worker: Callable[..., Any], arguments: dict[str, Any]) -> None:
        self._fault: _Fault | None = None
        try:
            self._worker = worker(**arguments)
        except Exception as error:
            self._fault = _fault(error)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        if self._fault is not None:
            return {"result": [self._fault]}
        try:
            (piece,) = batch["piece"]
            return {"result": [self._worker(piece)]}
        except Exception as error:
            return {"result": [_fault(error)]}


def _fault(error: Exception) -> _Fault:
    """An error as a result.

    Raises:
        Exception: it is a defect of ours.
    """
    if (told := sentence(error)) is None:
        raise error
    return _Fault(told)
