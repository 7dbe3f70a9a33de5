"""Hugging Face's Trainer, with what it lacks for this model.

That is: sampling over several data sets, checkpoints that hold only what is trained and are whole
or absent, the parts of the loss in the log, and progress in images per second.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm
from transformers import Trainer, TrainerCallback
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from faceinsight.progress import images_bar
from faceinsight.training.checkpoints import mark_complete
from faceinsight.training.sampling import DatasetSampler

LOSS_PARTS = ("bce", "logic")


class FaceTrainer(Trainer):
    """Trainer for `FaceInsightModel`.

    Args:
        train_sampler: decides which examples an epoch sees.
        progress: label of the progress bar.
        kwargs: Trainer's own arguments.
    """

    def __init__(self, *, train_sampler: DatasetSampler, progress: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._sampler = train_sampler
        self._parts: dict[str, torch.Tensor] = defaultdict(lambda: torch.zeros(()))
        self._part_count = 0
        self.remove_callback(PrinterCallback)
        self.remove_callback(ProgressCallback)
        self.add_callback(_SetSamplerEpoch(train_sampler))
        self.add_callback(ImagesProgress(progress))

    def _get_train_sampler(self, train_dataset: Any = None) -> DatasetSampler:
        return self._sampler

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """The model's own loss; Eq. 3 and Eq. 9 are averaged over images inside it."""
        outputs = model(**inputs)
        if model.training:
            for part in LOSS_PARTS:
                if (value := outputs.get(part)) is not None:
                    self._parts[part] = self._parts[part].to(value.device) + value.detach()
            self._part_count += 1
        return (outputs.loss, outputs) if return_outputs else outputs.loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the mean parts of the loss since the last log."""
        if "loss" in logs and self._part_count:
            for part, total in self._parts.items():
                logs[part] = total.item() / self._part_count
            self._parts.clear()
            self._part_count = 0
        super().log(logs, start_time)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        # Trainer's own would add a pickle of its arguments.
        self.accelerator.unwrap_model(self.model).save_pretrained(
            output_dir or self.args.output_dir, state_dict=state_dict
        )

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        if self.args.should_save:
            mark_complete(Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}")

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        self.accelerator.unwrap_model(model or self.model).load_trained(resume_from_checkpoint)

    def _load_best_model(self) -> None:
        self._load_from_checkpoint(str(self.state.best_model_checkpoint))


class _SetSamplerEpoch(TrainerCallback):
    """Tell the sampler the epoch itself: accelerate's wrappers around a resumed epoch do not."""

    def __init__(self, sampler: DatasetSampler) -> None:
        self._sampler = sampler

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._sampler.set_epoch(int((state.epoch or 0) + 1e-6))


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


class ImagesProgress(TrainerCallback):
    """A progress bar over images, with the newest validation accuracy."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._bar: tqdm | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Open the bar where an interrupted run left it."""
        self._batch = args.train_batch_size * args.gradient_accumulation_steps * args.world_size
        if state.is_world_process_zero:
            self._bar = images_bar(
                self._label,
                total=state.max_steps * self._batch,
                initial=state.global_step * self._batch,
            )

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Count a batch."""
        if self._bar is not None:
            self._bar.update(self._batch)

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
