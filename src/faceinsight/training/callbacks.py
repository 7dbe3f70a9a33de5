"""What happens beside training: stopping early, the progress bar, and counting images."""

from __future__ import annotations

import time
from typing import Any

from tqdm import tqdm
from transformers import TrainerCallback

from faceinsight.common.progress import images_bar


class StopWithoutProgress(TrainerCallback):
    """Stop after `patience` evaluations without a better validation accuracy.

    Reads the log instead of counting, so that a run that goes on stops where it would have stopped;
    Trainer does not bring back the counter of its own callback.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Look at all accuracies so far."""
        values = [entry["eval_accuracy"] for entry in state.log_history if "eval_accuracy" in entry]
        if values and len(values) - 1 - values.index(max(values)) >= self._patience:
            control.should_training_stop = True


class Throughput(TrainerCallback):
    """Images per second of training over all processes.

    The first step, with its compilation and allocation, and the time of evaluations and checkpoints
    do not count; waiting for examples does.
    """

    def __init__(self) -> None:
        self._images = 0
        self._seconds = 0.0
        self._mark: float | None = None

    @property
    def images_per_second(self) -> float:
        """So far; 0 until there were two steps."""
        return self._images / self._seconds if self._seconds else 0.0

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Count a step."""
        now = time.perf_counter()
        if self._mark is not None:
            self._seconds += now - self._mark
            self._images += images_per_update(args)
        self._mark = now

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """What has passed since the step was evaluation."""
        self._mark = time.perf_counter()

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """What has passed since the step was saving."""
        self._mark = time.perf_counter()


class ImagesProgress(TrainerCallback):
    """A progress bar over images, with the newest validation accuracy."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._bar: tqdm | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Open the bar where an interrupted run left it."""
        if state.is_world_process_zero:
            self._bar = images_bar(
                self._label,
                total=state.max_steps * images_per_update(args),
                initial=state.global_step * images_per_update(args),
            )

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Count a batch."""
        if self._bar is not None:
            self._bar.update(images_per_update(args))

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: Any = None, **kwargs: Any
    ) -> None:
        """Show the newest validation accuracy beside the bar."""
        if self._bar is not None and metrics and "eval_accuracy" in metrics:
            self._bar.set_postfix_str(f"val acc {metrics['eval_accuracy']:.3f}", refresh=False)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def images_per_update(args: Any) -> int:
    """Most images that an update of all processes averages over."""
    return args.train_batch_size * args.gradient_accumulation_steps * args.world_size
