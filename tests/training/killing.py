"""Training that kills itself at a named point. Run in a process of its own."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from faceinsight.common.work import WorkFolder
from faceinsight.training import checkpoints, loop, trainer
from faceinsight.training.callbacks import ImagesProgress
from faceinsight.training.exchange import read_order
from faceinsight.training.trainer import FaceTrainer


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str, call: int = 1) -> None:
    """Die instead of calling `owner.name` for the `call`-th time."""
    original, calls = getattr(owner, name), []

    def dying(*args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        if len(calls) == call:
            die()
        return original(*args, **kwargs)

    setattr(owner, name, dying)


def weights_half_written() -> None:
    original = FaceTrainer._save

    def dying(self: FaceTrainer, output_dir: str, *args: Any) -> None:
        original(self, output_dir, *args)
        file = Path(output_dir) / "model.safetensors"
        os.truncate(file, file.stat().st_size // 2)
        die()

    FaceTrainer._save = dying


def old_checkpoint_half_removed() -> None:
    def dying(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        die()

    checkpoints.shutil.rmtree = dying


POINTS: dict[str, Callable[[], None]] = {
    "in an update": lambda: before(ImagesProgress, "on_step_end", call=3),
    "weights half written": weights_half_written,
    "optimiser written": lambda: before(FaceTrainer, "_save_rng_state"),
    "all but COMPLETE written": lambda: before(trainer, "mark_complete"),
    "checkpoint whole": lambda: before(trainer, "drop_old_checkpoints", call=2),
    "old checkpoint half removed": old_checkpoint_half_removed,
    "in an evaluation": lambda: before(FaceTrainer, "prediction_step", call=3),
    "model saved": lambda: before(loop, "learning_curve"),
    "model in place": lambda: before(pd.DataFrame, "to_parquet"),
    "learning curve in place": lambda: before(WorkFolder, "finish"),
}


def train_until(point: str | None, order: Path, work: Path) -> None:
    """Train what `exchange.write_job` put into `order`, until `point` or to the end."""
    if point is not None:
        POINTS[point]()
    loop.train(read_order(order).job, work)
