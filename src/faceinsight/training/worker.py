"""One of several training processes: `python -m faceinsight.training.worker FOLDER`.

Started by `processes`, which says by environment variables which one this is.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
import warnings
from datetime import timedelta
from pathlib import Path

from faceinsight.common.devices import find_device
from faceinsight.training.exchange import CURVE, MEETING, read_order, write_failure
from faceinsight.training.settings import TrainingSettings


def main(folder: Path) -> int:
    """Train as `folder` says, together with the other processes; returns the exit status."""
    rank = int(os.environ["RANK"])
    threading.Thread(target=_end_with_caller, daemon=True).start()
    try:
        _train(folder, rank)
    except Exception as error:
        write_failure(folder, rank, error)
        return 1
    return 0


def _train(folder: Path, rank: int) -> None:
    gc.disable()  # what these imports make stays; to look through it takes seconds
    from faceinsight.training.loop import train_in_process

    gc.enable()
    order = read_order(folder)
    logging.basicConfig(format="%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("faceinsight").setLevel(logging.WARNING if rank else order.log_level)
    # Of a 1 x 1 convolution on channels-last pictures; it costs nothing here.
    warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
    _meet(folder, rank, order.job.training)
    curve = train_in_process(order.job, order.work, order.out)
    if rank == 0:
        curve.to_parquet(folder / CURVE, index=False)
    from torch import distributed

    distributed.destroy_process_group()


def _meet(folder: Path, rank: int, settings: TrainingSettings) -> None:
    """Join the other processes."""
    import torch
    from torch import distributed

    on_gpu = find_device(settings.device, "training.device").type == "cuda"
    if on_gpu:
        torch.cuda.set_device(rank)
    distributed.init_process_group(
        "nccl" if on_gpu else "gloo",
        init_method=f"file://{(folder / MEETING).absolute()}",
        rank=rank,
        world_size=int(os.environ["WORLD_SIZE"]),
        # Reading a model of many GB from a cold disk may take one process long.
        timeout=timedelta(hours=1),
    )


def _end_with_caller() -> None:
    """End at once when the caller does: its end of the pipe closes, even if it is killed."""
    while sys.stdin.buffer.read(1024):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    status = main(Path(sys.argv[1]))
    sys.stdout.flush()
    sys.stderr.flush()
    for reader in multiprocessing.active_children():
        reader.kill()
    # No interpreter shutdown: after a failure a library's exit handlers may wait for a process
    # that is no more.
    os._exit(status)
