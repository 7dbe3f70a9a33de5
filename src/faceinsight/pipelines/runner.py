"""The runner of `kedro run`: what trains several models trains them side by side.

A pipeline that trains one model, or none, runs node after node in this process. One that trains
several runs in as many processes, at most one a core, with a share of the cores' threads each: tiny
models gain nothing from a second thread. A process that fails, or Ctrl-C, ends them all; what they
had done is found when the same command is given again.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import active_children, get_context, parent_process
from types import SimpleNamespace
from typing import Any

from kedro.framework.project import LOGGING
from kedro.io import MemoryDataset
from kedro.pipeline import Pipeline
from kedro.runner import ParallelRunner
from kedro.runner.parallel_runner import ParallelRunnerManager
from kedro.runner.runner import AbstractRunner

from faceinsight.cluster.tags import TRAINS
from faceinsight.common.devices import cores
from faceinsight.common.progress import at_work
from faceinsight.errors import FaceInsightError
from faceinsight.pipelines.duration import expected
from faceinsight.pipelines.messages import sentence

logger = logging.getLogger(__name__)


class SideBySide(ParallelRunner):
    """Runs the nodes of a pipeline that trains several models in several processes.

    Args:
        at_once: how many processes there are at most; by default one a core.
        is_async: as of any of Kedro's runners.
    """

    def __init__(self, at_once: int | None = None, is_async: bool = False) -> None:
        AbstractRunner.__init__(self, is_async=is_async)
        self._at_once = at_once or cores()
        self._manager: Any = None

    @property
    def _logger(self) -> logging.Logger:
        return logging.getLogger("kedro.runner")

    def __del__(self) -> None:
        if isinstance(self._manager, ParallelRunnerManager):
            self._manager.shutdown()

    def _get_required_workers_count(self, pipeline: Pipeline) -> int:
        return max(1, min(self._at_once, len(pipeline.only_nodes_with_tags(TRAINS).nodes)))

    # The base of all runners takes None for one process, ParallelRunner never gives it.
    def _get_executor(self, max_workers: int) -> Executor | None:  # type: ignore[override]
        return None if max_workers == 1 else _Processes(max_workers)

    def _run(
        self, pipeline: Pipeline, catalog: Any, hook_manager: Any = None, run_id: str | None = None
    ) -> None:
        if models := len(pipeline.only_nodes_with_tags(TRAINS).nodes):
            training = catalog.load("params:training")
            if training.device != "cpu" or (training.processes or 1) > 1:
                self._at_once = 1  # a training takes all devices that there are
            at_once = self._get_required_workers_count(pipeline)
            logger.info("%s", expected(models, at_once, catalog.load("parameters")))
        alone = self._get_required_workers_count(pipeline) == 1
        if alone:  # What is kept in memory stays in this process.
            self._manager = SimpleNamespace(MemoryDataset=MemoryDataset)
        else:
            at_work(None)  # from here on the processes tell of themselves
            self._manager = ParallelRunnerManager()
            self._manager.start()
        # A manager of hooks cannot be sent to another process, which makes its own.
        AbstractRunner._run(self, pipeline, catalog, hook_manager if alone else None, run_id)


class _Processes(ProcessPoolExecutor):
    """Fresh processes that know Kedro's project, and end at once where one of them fails."""

    def __init__(self, count: int) -> None:
        context = get_context("spawn")
        threads = max(1, cores() // count)
        given = (threads, dict(LOGGING), context.Value("i", 0), context.RLock())
        super().__init__(count, context, _prepare, given)

    def submit(self, task: Callable[[], Any], /, *args: Any, **kwargs: Any) -> Future:
        """Kedro's task, with an error that another process can read."""
        return super().submit(_call, task, *args, **kwargs)

    def __exit__(self, kind: Any, *error: Any) -> None:
        if kind is not None:
            for process in list((self._processes or {}).values()):
                process.terminate()
        self.shutdown(wait=True, cancel_futures=kind is not None)


def _prepare(threads: int, told: dict[str, Any], count: Any, bars: Any) -> None:
    """Make a fresh process one of this run's."""
    from kedro.framework.project import LOGGING, settings
    from tqdm import tqdm

    from faceinsight.common.progress import at_work, stand_at

    at_work("starting a process", most=60)  # which may have nothing to do after that
    # The caller decides: Ctrl-C reaches every process of a terminal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_end_with_caller, daemon=True).start()
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    tqdm.set_lock(bars)
    with count.get_lock():
        stand_at(count.value)
        count.value += 1
    # Not the whole project: Kedro's tasks would then configure logging by itself, without end.
    LOGGING.configure(told)
    settings.configure("faceinsight.settings")


def _end(*_: Any) -> None:
    """End at once, together with processes that this one has started."""
    for child in active_children():
        child.kill()
    os._exit(1)


def _end_with_caller() -> None:
    if (caller := parent_process()) is not None:
        caller.join()
        _end()


def _call(task: Callable[[], Any]) -> Any:
    try:
        return task()
    except Exception as error:
        at_work(None)
        # What an error came from, and a class with arguments of its own, would not arrive.
        if told := sentence(error):
            raise FaceInsightError(told) from None
        raise RuntimeError("\n" + "".join(traceback.format_exception(error))) from None
