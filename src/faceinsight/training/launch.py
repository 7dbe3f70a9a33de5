"""Training in several processes, started from inside one plain function call.

Each process runs `faceinsight.training.worker`, which imports neither Kedro nor the caller's main
module, and joins the others through torch.distributed (gloo on CPUs, NCCL on GPUs). They meet by
way of a file, so no port is chosen in advance and none can collide. What they train travels as JSON
and plain arrays (`exchange`).

A process ends when its caller does, however that ends: it watches a pipe that closes with the
caller, and it holds the work folder's lock until then.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pandas as pd

from faceinsight.errors import FaceInsightError, ParameterError
from faceinsight.training.exchange import CURVE, log_file, read_failures, write_job
from faceinsight.training.settings import TrainingSettings

if TYPE_CHECKING:
    from faceinsight.training.loop import TrainingJob

FOLDER = "processes"
_POLL_SECONDS = 0.1
# A process that another one's failure tears down says so before it ends, if it is let.
_GRACE_SECONDS = 2.0


class ProcessError(RuntimeError):
    """A training process failed by a defect; the message holds that process's own traceback."""


def with_processes(settings: TrainingSettings) -> TrainingSettings:
    """Settle how many processes train on this machine.

    Args:
        settings: `processes` may be None: one per visible GPU, else one.

    Returns:
        The settings with `processes` a number.

    Raises:
        ParameterError: there are too few GPUs, or the settings contradict each other.
    """
    processes, device = settings.processes, settings.device
    if processes != 1:
        gpus = _gpus(device)
        if processes is None:
            processes = 1 if device not in ("auto", "cuda") else max(1, gpus)
        elif device == "mps":
            raise ParameterError(
                f"training.processes is {processes}, and there is but one mps device: set "
                "training.device to auto, cuda or cpu"
            )
        elif 0 < gpus < processes:
            raise ParameterError(
                f"training.processes is {processes}, and {gpus} GPU(s) are visible: each process "
                "needs one of its own; lower it, or set training.device to cpu"
            )
    if settings.sharding == "full" and processes == 1:
        raise ParameterError(
            "training.sharding is full, and one process trains: set training.processes to 2 or "
            "more, or training.sharding to none"
        )
    return settings.model_copy(update={"processes": processes})


def _gpus(device: str) -> int:
    if device in ("cpu", "mps"):
        return 0
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def train_in_processes(job: TrainingJob, work: Path, out: Path, lock: int) -> pd.DataFrame:
    """Do what `loop.train_in_process` does, in `job.training.processes` processes.

    Args:
        job: what to train; its number of processes is settled.
        work: the work folder.
        out: where the finished model is put.
        lock: descriptor of the work folder's lock, which the processes share.

    Returns:
        The learning curve.

    Raises:
        FaceInsightError: as the process that failed first raised it, or a process was killed.
        ProcessError: a process failed otherwise.
    """
    count = job.training.processes or 1
    exchange = work / FOLDER
    shutil.rmtree(exchange, ignore_errors=True)
    exchange.mkdir()
    level = logging.getLogger("faceinsight").getEffectiveLevel()
    write_job(exchange, job, work=work, out=out, log_level=level)
    logs = [(log_file(exchange, rank)).open("wb") for rank in range(1, count)]
    ranks: list[subprocess.Popen[bytes]] = []
    try:
        for rank in range(count):
            ranks.append(_start(exchange, rank, count, lock, logs[rank - 1] if rank else None))
        _wait(ranks, exchange)
    finally:
        for process in ranks:
            _end(process)
        for log in logs:
            log.close()
    curve = pd.read_parquet(exchange / CURVE)
    shutil.rmtree(exchange)
    return curve


def _start(
    exchange: Path, rank: int, count: int, lock: int, log: IO[bytes] | None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "faceinsight.training.worker", str(exchange)],
        env=os.environ | _environment(rank, count),
        # Closes with this process: that is how the other notices.
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        pass_fds=(lock,),
        # A session of its own: Ctrl-C reaches the caller alone, which ends all in order, and a
        # process can be ended together with the workers that read its data.
        start_new_session=True,
    )


def _environment(rank: int, count: int) -> Mapping[str, str]:
    package = str(Path(__file__).parents[2])
    inherited = os.environ.get("PYTHONPATH")
    # What this process may use, which in a container is less than the machine has.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = max(1, (cores or 1) // count)
    own = {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "PYTHONPATH": os.pathsep.join([package, inherited] if inherited else [package]),
        # DDP warns that all parameters were used where that could not be known before.
        "TORCH_CPP_LOG_LEVEL": os.environ.get("TORCH_CPP_LOG_LEVEL", "ERROR"),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(threads)),
    }
    # All processes are on this machine, so nothing needs to listen on its network.
    if "lo" in (name for _, name in socket.if_nameindex()):
        own["GLOO_SOCKET_IFNAME"] = os.environ.get("GLOO_SOCKET_IFNAME", "lo")
    return own


def _wait(ranks: Sequence[subprocess.Popen[bytes]], exchange: Path) -> None:
    """Until all have ended well; raises what the first to fail has left behind."""
    while any(process.poll() is None for process in ranks):
        # Files first: a process that was killed has ended before the others notice and fail.
        if read_failures(exchange) or _fallen(ranks):
            break
        time.sleep(_POLL_SECONDS)
    else:
        if not _fallen(ranks) and not read_failures(exchange):
            return
    deadline = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < deadline and any(process.poll() is None for process in ranks):
        time.sleep(_POLL_SECONDS)
    raise _failure(ranks, exchange)


def _fallen(ranks: Sequence[subprocess.Popen[bytes]]) -> list[int]:
    """Those that ended, and not well."""
    return [rank for rank, process in enumerate(ranks) if process.poll() not in (None, 0)]


def _failure(ranks: Sequence[subprocess.Popen[bytes]], exchange: Path) -> Exception:
    """What to raise: a process that was killed comes before those that fell over its absence."""
    count = len(ranks)
    for rank, process in enumerate(ranks):
        code = process.poll()
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            told = _tail(log_file(exchange, rank))
            if -code == signal.SIGKILL:
                return FaceInsightError(
                    f"training: process {rank} of {count} was killed ({name}), as the system does "
                    "when memory runs out: lower training.batch_size or training.processes"
                )
            return ProcessError(f"training process {rank} of {count} ended by {name}{told}")
    failures = read_failures(exchange)
    if failures:
        first = failures[0]
        return first.error or ProcessError(
            f"training process {first.rank} of {count} failed:\n{first.traceback}"
        )
    rank = _fallen(ranks)[0]
    return ProcessError(
        f"training process {rank} of {count} ended with status {ranks[rank].poll()}"
        f"{_tail(log_file(exchange, rank))}"
    )


def _tail(log: Path, most: int = 2000) -> str:
    """What a quiet process wrote last, to be appended to a message."""
    text = log.read_text(errors="replace")[-most:].strip() if log.is_file() else ""
    return f":\n{text}" if text else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that still runs, together with the workers that read its data."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
