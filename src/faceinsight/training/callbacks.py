"""What happens beside training: stopping early, whole checkpoints, counting, the progress bar."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed
from tqdm import tqdm
from transformers import TrainerCallback

from faceinsight.common.progress import images_bar
from faceinsight.training.checkpoints import drop_old_checkpoints, mark_complete


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


class WholeCheckpoints(TrainerCallback):
    """Say of each checkpoint that it is whole, and then remove those that are not kept.

    Args:
        keep: how many checkpoints stay, the best among them.
    """

    def __init__(self, keep: int) -> None:
        self._keep = keep

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The checkpoint of this step has been written."""
        if args.world_size > 1:  # Each process has written a part of it.
            distributed.barrier()
        if args.should_save:
            folder = Path(args.output_dir)
            mark_complete(folder / f"checkpoint-{state.global_step}")
            best = state.best_model_checkpoint
            drop_old_checkpoints(folder, self._keep, Path(best) if best else None)


class MeanLosses(TrainerCallback):
    """Means of the loss and of its parts over batches and processes.

    A run that goes on takes its sums up where the checkpoint left them, which Trainer's own does
    not do: the learning curve is that of a run that was never interrupted.
    """

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._batches = 0
        self._logged, self._logged_batches = 0.0, 0

    def add(self, losses: Mapping[str, Tensor]) -> None:
        """Count a batch: its loss under the name "loss", and the parts of it."""
        for name, loss in losses.items():
            before = self._sums.get(name)
            self._sums[name] = loss.detach() + (0 if before is None else before)
        self._batches += 1

    def since_last_log(self) -> dict[str, float]:
        """Means by name; the next ones begin here."""
        sums, batches = self._gather(), self._batches
        self._logged += sums["loss"]
        self._logged_batches += batches
        self._sums, self._batches = {}, 0
        return {name: total / batches for name, total in sums.items()}

    def since_start(self) -> float:
        """Mean loss of the whole training."""
        total = self._logged + self._gather().get("loss", 0.0)
        return total / max(self._logged_batches + self._batches, 1)

    def keep(self, state: Any) -> None:
        """Put the sums into a `TrainerState` that is about to be saved."""
        self._gather()
        state.stateful_callbacks[type(self).__name__] = {
            "sums": {name: total.item() for name, total in self._sums.items()},
            "batches": self._batches,
            "logged": self._logged,
            "logged_batches": self._logged_batches,
        }

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take up what a checkpoint holds."""
        kept = state.stateful_callbacks.get(type(self).__name__)
        if kept is not None:
            self._sums = {
                name: torch.tensor(0.0 if args.process_index else total, device=args.device)
                for name, total in kept["sums"].items()
            }
            self._batches = kept["batches"]
            self._logged, self._logged_batches = kept["logged"], kept["logged_batches"]

    def _gather(self) -> dict[str, float]:
        """The sums as means over processes. From now on the first process holds all of them."""
        world = distributed.get_world_size() if distributed.is_initialized() else 1
        if world > 1:
            for total in self._sums.values():
                distributed.all_reduce(total)
        sums = {name: total.item() / world for name, total in self._sums.items()}
        if world > 1 and distributed.get_rank():
            for total in self._sums.values():
                total.zero_()
        return sums


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
