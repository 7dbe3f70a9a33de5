"""Points at which training stops, with what it writes half-written or written and not yet used."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from faceinsight.common.work import WorkFolder
from faceinsight.training import callbacks, checkpoints, loop
from faceinsight.training.callbacks import ImagesProgress
from faceinsight.training.trainer import FaceTrainer

Stop = Callable[[], None]


def before(owner: Any, name: str, call: int = 1) -> Callable[[Any, Stop], None]:
    """Stop instead of calling `owner.name` for the `call`-th time."""

    def arrange(monkeypatch: Any, stop: Stop) -> None:
        original, calls = getattr(owner, name), []

        def stopping(*args: Any, **kwargs: Any) -> Any:
            calls.append(name)
            if len(calls) == call:
                stop()
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, stopping)

    return arrange


def weights_half_written(monkeypatch: Any, stop: Stop) -> None:
    original = FaceTrainer.save_model

    def stopping(self: FaceTrainer, output_dir: str, _internal_call: bool = False) -> None:
        original(self, output_dir, _internal_call)
        file = Path(output_dir) / "model.safetensors"
        with file.open("r+b") as stream:
            stream.truncate(file.stat().st_size // 2)
        stop()

    monkeypatch.setattr(FaceTrainer, "save_model", stopping)


def old_checkpoint_half_removed(monkeypatch: Any, stop: Stop) -> None:
    def stopping(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        stop()

    monkeypatch.setattr(checkpoints.shutil, "rmtree", stopping)


POINTS: dict[str, Callable[[Any, Stop], None]] = {
    "in an update": before(ImagesProgress, "on_step_end", call=3),
    "weights half written": weights_half_written,
    "optimiser written": before(FaceTrainer, "_save_rng_state"),
    "all but COMPLETE written": before(callbacks, "mark_complete"),
    "checkpoint whole": before(callbacks, "drop_old_checkpoints", call=2),
    "between two checkpoints": before(ImagesProgress, "on_step_end", call=6),
    "old checkpoint half removed": old_checkpoint_half_removed,
    "in an evaluation": before(FaceTrainer, "prediction_step", call=3),
    "model saved": before(loop, "learning_curve"),
    "model in place": before(pd.DataFrame, "to_parquet"),
    "learning curve in place": before(WorkFolder, "finish"),
}
