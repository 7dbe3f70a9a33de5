"""One function in several processes that train together, by PyTorch's elastic launcher.

The launcher starts the processes from inside the call, each a fresh interpreter, and ends all of
them when one fails; what it lacks is added here. A process ends when its caller does, however that
ends, and holds the caller's lock until then. An error for a person arrives as itself. The processes
find each other by files, so no port is chosen that could be taken, and nothing listens on a
network: their own connections are on the loopback interface.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from multiprocessing import reduction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from faceinsight import errors
from faceinsight.common.messages import sentence
from faceinsight.common.work import write_beside

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

_Result = TypeVar("_Result")

# A process that fell over the loss of another one stays for so long, that the other is found first.
_GRACE_SECONDS = 2.0


class ProcessError(RuntimeError):
    """A training process failed by a defect; the message holds that process's own traceback."""


def call_in_processes(
    function: Callable[..., _Result],
    *arguments: Any,
    processes: int,
    backend: Literal["gloo", "nccl"],
    folder: Path,
    lock: int,
) -> _Result:
    """Call a function in several processes, which torch.distributed has joined to one group.

    Args:
        function: of a module, with `arguments` that can be pickled.
        processes: how many; with `nccl` each takes the GPU of its number.
        backend: of their communication.
        folder: for what the processes leave; it is emptied first, and stays where one fails.
        lock: descriptor of a lock's file, which the processes share.

    Returns:
        What the first process returned.

    Raises:
        FaceInsightError: as the process that failed first raised it, or a process was killed.
        ProcessError: a process failed otherwise.
    """
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, Std
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id="training",
        rdzv_backend="c10d",
        rdzv_endpoint=str(folder / "rendezvous"),
        rdzv_configs={"store_type": "file", "keep_alive_interval": 60},
        local_addr="127.0.0.1",
        max_restarts=0,
        # One process speaks; what the others say is kept for the case that one of them fails.
        logs_specs=DefaultLogsSpecs(
            str(folder / "logs"), redirects=dict.fromkeys(range(1, processes), Std.ALL)
        ),
        # An interruption is Python's own here: the launcher ends all processes before it goes on.
        signals_to_handle="",
    )
    level = logging.getLogger("faceinsight").getEffectiveLevel()
    listening, leash = multiprocessing.Pipe(duplex=False)
    with _environment(processes), _quiet_launcher(), listening, leash:
        try:
            results = elastic_launch(config, _take_part)(
                function, arguments, backend, folder, _Inherited(lock), listening, level
            )
        except ChildFailedError as error:
            raise _failure(error, folder, processes) from None
    shutil.rmtree(folder)
    return results[0]


@contextmanager
def _environment(processes: int) -> Iterator[None]:
    """What processes must find in their environment when they start; what is set already counts."""
    # What this process may use, which in a container is less than the machine has.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    own = {
        "OMP_NUM_THREADS": str(max(1, (cores or 1) // processes)),
        # DDP warns that all parameters were used where that could not be known before.
        "TORCH_CPP_LOG_LEVEL": "ERROR",
        # Else the launcher listens on all interfaces, for processes that meet by way of it.
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
    }
    if "lo" in (name for _, name in socket.if_nameindex()):
        own |= {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"}
    before = dict(os.environ)
    os.environ.update(own | before)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]


@contextmanager
def _quiet_launcher() -> Iterator[None]:
    """Keep the launcher's own account of a failure off the screen: an exception tells it."""
    loggers = [
        logging.getLogger(name) for name in ("torch.distributed.elastic", "torch.multiprocessing")
    ]
    before = [logger.propagate for logger in loggers]
    nowhere = logging.NullHandler()
    for logger in loggers:
        logger.propagate = False
        logger.addHandler(nowhere)
    try:
        yield
    finally:
        for logger, propagate in zip(loggers, before, strict=True):
            logger.propagate = propagate
            logger.removeHandler(nowhere)


class _Inherited:
    """A file descriptor that a process takes over from the one that starts it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __reduce__(self) -> tuple[Callable[[Any], int], tuple[Any]]:
        return _take_over, (reduction.DupFd(self._descriptor),)


def _take_over(descriptor: Any) -> int:
    return descriptor.detach()


def _take_part(
    function: Callable[..., _Result],
    arguments: tuple[Any, ...],
    backend: str,
    folder: Path,
    lock: int,
    leash: Connection,
    level: int,
) -> _Result | None:
    """What each process does; `lock` is open in it as long as it lives."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The caller hears it as well, and ends all.
    threading.Thread(target=_end_with_caller, args=(leash,), daemon=True).start()
    rank = int(os.environ["RANK"])
    logging.basicConfig(format="%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("faceinsight").setLevel(logging.WARNING if rank else level)
    # Of a 1 x 1 convolution on channels-last pictures; it costs nothing here.
    warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
    try:
        _join(rank, backend, folder)
        result = function(*arguments)
        from torch import distributed

        distributed.destroy_process_group()
    except Exception as error:
        _record(error, rank)
        if not isinstance(error, errors.FaceInsightError):
            time.sleep(_GRACE_SECONDS)
        _leave()
    return None if rank else result


def _end_with_caller(leash: Connection) -> None:
    """End at once when the caller does: its end of the pipe closes, even if it is killed."""
    with suppress(EOFError, OSError):
        leash.recv_bytes()
    os.kill(os.getpid(), signal.SIGKILL)


def _join(rank: int, backend: str, folder: Path) -> None:
    """Join the other processes."""
    import torch
    from torch import distributed

    if backend == "nccl":
        torch.cuda.set_device(rank)
    distributed.init_process_group(
        backend,
        init_method=f"file://{(folder / 'group').absolute()}",
        rank=rank,
        world_size=int(os.environ["WORLD_SIZE"]),
        # Reading a model of many GB from a cold disk may take one process long.
        timeout=timedelta(hours=1),
    )


def _record(error: Exception, rank: int) -> None:
    """Leave an error where the launcher looks for it."""
    ours = isinstance(error, errors.FaceInsightError)
    told = str(error) if ours else sentence(error)
    content = {
        "timestamp": time.time(),
        "message": "".join(traceback.format_exception(error)),
        "rank": rank,
        "class": None if told is None else type(error).__name__ if ours else "FaceInsightError",
        "text": told,
        "attributes": vars(error) if ours else {},
    }
    with write_beside(Path(os.environ["TORCHELASTIC_ERROR_FILE"])) as path:
        path.write_text(json.dumps(content, default=str), encoding="utf-8")


def _leave() -> None:
    """End with the workers that read data.

    No interpreter shutdown: after a failure a library's exit handlers may wait for a process that
    is no more.
    """
    for reader in multiprocessing.active_children():
        reader.kill()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def _failure(error: ChildFailedError, folder: Path, count: int) -> Exception:
    """What to raise: the cause, not what other processes said when they fell over it."""
    rank, failure = error.get_first_failure()
    if failure.exitcode == -signal.SIGKILL:
        return errors.FaceInsightError(
            f"training: process {rank} of {count} was killed (SIGKILL), as the system does when "
            "memory runs out: lower training.batch_size or training.processes"
        )
    recorded = [json.loads(path.read_text("utf-8")) for path in folder.rglob("error.json")]
    if any(record["rank"] == rank for record in recorded):
        first = min(recorded, key=lambda record: record["timestamp"])
        return _restored(first) or ProcessError(
            f"training process {first['rank']} of {count} failed:\n{first['message']}"
        )
    end = failure.signal_name() if failure.exitcode < 0 else f"with status {failure.exitcode}"
    by = "by " if failure.exitcode < 0 else ""
    return ProcessError(
        f"training process {rank} of {count} ended {by}{end}{_last_words(folder, rank)}"
    )


def _restored(record: dict[str, Any]) -> errors.FaceInsightError | None:
    """The error again, made without its class's own arguments, which are not known here."""
    if record["class"] is None:
        return None
    kind = getattr(errors, record["class"], errors.FaceInsightError)
    error: errors.FaceInsightError = kind.__new__(kind, record["text"])
    error.__dict__.update(record["attributes"])
    return error


def _last_words(folder: Path, rank: int, most: int = 2000) -> str:
    """What a quiet process wrote last, to be appended to a message."""
    logs = sorted(folder.rglob(f"{rank}/std*.log"))
    text = "".join(log.read_text(errors="replace") for log in logs)[-most:].strip()
    return f":\n{text}" if text else ""
