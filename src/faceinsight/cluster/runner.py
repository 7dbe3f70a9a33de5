"""A Kedro runner on Ray: `kedro run --runner=faceinsight.cluster.RayRunner`.

Each node is a task of the cluster, with what its tags say it takes (`faceinsight.cluster.tags`);
what does not wait for another runs side by side: data sets, variants, seeds. Artifacts are loaded
and saved by the process that runs Kedro, by one catalog with one version, and hooks run in it as
well: a run means what it means in one process. What is kept in memory between two nodes stays in
the cluster's object store.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import ray
from kedro.io import MemoryDataset
from kedro.runner.runner import AbstractRunner
from kedro.runner.task import Task
from ray import ObjectRef, cloudpickle
from ray.exceptions import RayError, RayTaskError

from faceinsight.cluster.connection import connect
from faceinsight.cluster.tags import TRAINS, resources, shortage
from faceinsight.cluster.tasks import Kept, call
from faceinsight.errors import FaceInsightError, ParameterError

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

logger = logging.getLogger(__name__)

_READ = {"data", "inputs", "outputs"}
"""Arguments of hooks: what nodes read and give."""


class RayRunner(AbstractRunner):
    """Runs every node of a pipeline as a task of the cluster that `cluster.address` names.

    Where it names none, the one that this process is connected to; without any, one of this
    machine's cores is started for the run.
    """

    @property
    def _logger(self) -> logging.Logger:
        return logger

    def run(self, pipeline: Pipeline, catalog: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """As Kedro's other runners: what is kept in memory at the end is there itself."""
        made = super().run(pipeline, catalog, *args, **kwargs)
        for dataset in made.values():
            if isinstance(dataset, MemoryDataset) and isinstance(kept := dataset.load(), Kept):
                dataset.save(kept.fetch())
        return made

    def _run(
        self, pipeline: Pipeline, catalog: Any, hook_manager: Any = None, run_id: str | None = None
    ) -> None:
        address = _parameter(catalog, "cluster.address")
        is_own = address == "local" or (address is None and not ray.is_initialized())
        if address is not None or is_own:
            connect(address or "local", logs=True)
        self._takes = {
            "gpus": ray.cluster_resources().get("GPU", 0.0),
            "processes": _parameter(catalog, "training.processes") or 1,
            "elsewhere": address is not None,
        }
        self._require_room(pipeline, is_own)
        super()._run(pipeline, catalog, hook_manager, run_id)

    def _require_room(self, pipeline: Pipeline, is_own: bool) -> None:
        """Stop, or warn, where a task would wait for a machine that is not there.

        Args:
            pipeline: whose nodes are the tasks.
            is_own: whether the cluster was started for the run, so that no machine joins it.

        Raises:
            ParameterError: a task would wait for ever.
        """
        machines = [machine["Resources"] for machine in ray.nodes() if machine["Alive"]]
        processes = self._takes["processes"]
        short: dict[frozenset[tuple[str, float]], str] = {}
        for node in pipeline.nodes:
            takes = resources(node.tags, **self._takes)
            if is_own and TRAINS in node.tags and self._takes["elsewhere"]:
                takes = {"num_cpus": processes}  # by Ray Train, on this very machine
            if why := shortage(node.name, node.tags, takes, machines, processes):
                if is_own:
                    raise ParameterError(why)
                short.setdefault(frozenset(takes.items()), why)
        for why in short.values():  # One of many alike is told of.
            logger.warning("%s; it waits for one to join.", why)

    def _get_required_workers_count(self, pipeline: Pipeline) -> int:
        # Of threads, which but wait: what the cluster has not got yet, it may get.
        return len(pipeline.nodes) - len(pipeline.grouped_nodes) + 1

    def _get_executor(self, max_workers: int) -> _Tasks:
        return _Tasks(max_workers, self._takes)


def _parameter(catalog: Any, name: str) -> Any:
    return catalog.load(f"params:{name}") if f"params:{name}" in catalog else None


class _Ended(Exception):
    """The run ends, and with it a task that could have gone on."""


class _Tasks(ThreadPoolExecutor):
    """Threads of which each waits for a task; where one fails, all others are ended."""

    def __init__(self, most: int, takes: dict[str, Any]) -> None:
        from kedro.framework.project import LOGGING

        super().__init__(most)
        self._takes = takes
        self._place = str(Path.cwd()), dict(LOGGING)
        self._lock, self._is_ended = Lock(), False
        self._at_work: set[ObjectRef] = set()

    def submit(self, task: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Kedro's task."""
        assert isinstance(task, Task)
        return super().submit(_NodeTask(task, self))

    def __exit__(self, kind: Any, *error: Any) -> None:
        if kind is not None:
            with self._lock:
                self._is_ended = True
                at_work = list(self._at_work)
            for done in at_work:
                ray.cancel(done, force=True)
        self.shutdown(wait=True, cancel_futures=kind is not None)

    def call(self, node: Node, inputs: dict[str, Any]) -> dict[str, Kept]:
        """Run a node in the cluster, and wait for it.

        Raises:
            FaceInsightError: the node's own, or its process was lost again and again.
            RuntimeError: a defect; its text is the traceback.
            _Ended: the run ends.
        """
        sent = [of.ref if isinstance(of, Kept) else cloudpickle.dumps(of) for of in inputs.values()]
        task = call.options(
            name=node.name, num_returns=1 + len(node.outputs), **resources(node.tags, **self._takes)
        )
        with self._lock:
            if self._is_ended:
                raise _Ended
            refs = task.remote(*self._place, cloudpickle.dumps(node), list(inputs), *sent)
            done, *outputs = refs if isinstance(refs, list) else [refs]
            self._at_work.add(done)
        try:
            ray.get(done)
        except RayError as error:
            if self._is_ended:
                raise _Ended from None
            if isinstance(error, RayTaskError):
                raise error.cause from None
            said = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise FaceInsightError(
                f"{node.name}: the cluster lost the process that ran it, and others in which it "
                f"was begun again ({said}): see that its memory suffices"
            ) from None
        finally:
            self._at_work.discard(done)
        return dict(zip(node.outputs, map(Kept, outputs), strict=True))


class _NodeTask(Task):
    """Kedro's task, whose function runs elsewhere: loading, saving and hooks stay here."""

    def __init__(self, task: Task, tasks: _Tasks) -> None:
        super().__init__(task.node, task.catalog, task.is_async, task.hook_manager, task.run_id)
        self._tasks = tasks

    def _call_node_run(  # type: ignore[override]  # Kedro's own needs no state
        self,
        node: Node,
        catalog: Any,
        inputs: dict[str, Any],
        is_async: bool,
        hook_manager: Any,
        run_id: str | None = None,
    ) -> dict[str, Any]:
        told = {"node": node, "catalog": catalog, "inputs": inputs}
        told |= {"is_async": is_async, "run_id": run_id}
        try:
            kept = self._tasks.call(node, inputs)
        except _Ended:
            raise
        except Exception as error:
            hook_manager.hook.on_node_error(error=error, **told)
            raise
        fetches = inspect.isgeneratorfunction(node.func) or _is_read(hook_manager)
        outputs = {
            name: of.fetch() if fetches or not isinstance(catalog.get(name), MemoryDataset) else of
            for name, of in kept.items()
        }
        hook_manager.hook.after_node_run(outputs=outputs, **told)
        return outputs


def _is_read(hook_manager: Any) -> bool:
    """Whether a hook asks for what passes between nodes, which has to be brought here then."""
    if not hasattr(type(hook_manager), "get_plugins"):  # There is none.
        return False
    calls = [getattr(hook_manager.hook, name) for name in vars(hook_manager.hook)]
    return any(_READ & {*hook.argnames} for of in calls for hook in of.get_hookimpls())
