"""What processes do that are started for tests: apart from what takes long to import."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import forkserver
from pathlib import Path
from unittest.mock import patch

from faceinsight import errors


@contextmanager
def forked() -> Iterator[None]:
    """Where training starts processes, let the fork server fork them: see its fixture."""
    from torch.distributed.launcher import api

    start = partial(api.LaunchConfig, start_method="forkserver")
    with patch.object(api, "LaunchConfig", start):
        yield


def train_forked(job, work):
    """In a process that was forked itself."""
    from faceinsight.training.loop import train

    # The server is there; this Python would start another one, which has imported nothing.
    forkserver._forkserver.ensure_running = lambda: None
    with forked():
        train(job, work)


def listening(pid):
    """Addresses on which a process waits for connections, in hexadecimal."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            inodes.add(str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]"))
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A" and rest[5] in inodes:
                yield local.partition(":")[0]


def look_around(folder):
    import torch
    from torch import distributed

    rank = int(os.environ["RANK"])
    print("I am", rank, file=sys.stderr, flush=True)
    ranks = torch.tensor(rank + 1)
    distributed.all_reduce(ranks)
    open_files = {os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()}
    return {
        "sum": ranks.item(),
        "threads": os.environ["OMP_NUM_THREADS"],
        "listening": {*listening(os.getpid()), *listening(os.getppid())},
        "has the lock": str(folder / "lock") in open_files,
        "kedro": "kedro" in sys.modules,
    }


def fail_while_the_other_waits(folder):
    rank = os.environ["RANK"]
    write_pid(folder)
    if rank == "0":
        time.sleep(600)
    while not (folder / "pid-0").exists():
        time.sleep(0.01)
    raise errors.PhotographError("missing", "one sentence")


def wait(folder):
    write_pid(folder)
    time.sleep(600)


def write_pid(folder):
    written = folder / f".pid-{os.environ['RANK']}"
    written.write_text(str(os.getpid()))
    written.rename(folder / written.name[1:])


def pid_in(path):
    return int(path.read_text())
