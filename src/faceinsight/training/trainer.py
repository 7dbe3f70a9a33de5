"""Hugging Face's Trainer, with what it lacks for this model.

That is: sampling over several data sets, checkpoints that hold only what is trained and are whole
or absent, the parts of the loss in the log, and several processes that train as one would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from accelerate.data_loader import prepare_data_loader
from torch import Tensor, distributed
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerCallback
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from faceinsight.data.sampling import DatasetSampler, RankBatches
from faceinsight.model.conversation import NOT_LEARNT
from faceinsight.training.callbacks import (
    ImagesProgress,
    MeanLosses,
    Throughput,
    WholeCheckpoints,
)

if TYPE_CHECKING:
    from faceinsight.training.answers import SpokenAnswers

LOSS_PARTS = ("bce", "logic", "coherent", "answer")


class FaceTrainer(Trainer):
    """Trainer for `FaceInsightModel`.

    Args:
        train_sampler: decides which examples an epoch sees.
        progress: label of the progress bar.
        keep_checkpoints: how many checkpoints stay, the best among them.
        sharded: whether frozen parts of the model are sharded (`sharding`).
        answers: asks and answers questions about a part of each batch; None where none are learnt.
        kwargs: Trainer's own arguments.
    """

    def __init__(
        self,
        *,
        train_sampler: DatasetSampler,
        progress: str,
        keep_checkpoints: int = 2,
        sharded: bool = False,
        answers: SpokenAnswers | None = None,
        **kwargs: Any,
    ) -> None:
        self._sharded = sharded
        super().__init__(**kwargs)
        self._answers = answers
        self._sampler = train_sampler
        self._losses = MeanLosses()
        self.throughput = Throughput()
        self.remove_callback(PrinterCallback)
        self.remove_callback(ProgressCallback)
        self.add_callback(_SetSamplerEpoch(train_sampler))
        self.add_callback(self._losses)
        self.add_callback(self.throughput)
        self.add_callback(WholeCheckpoints(keep_checkpoints))
        self.add_callback(ImagesProgress(progress))

    def get_train_dataloader(self) -> DataLoader:
        """Batches of this process; with several, each takes its part of the batch of all."""
        args = self.args
        batches = RankBatches(
            self._sampler, args.train_batch_size, args.process_index, args.world_size
        )
        assert self.train_dataset is not None
        loader: DataLoader = DataLoader(
            self.train_dataset,
            batch_sampler=batches,
            collate_fn=self.data_collator,
            num_workers=args.dataloader_num_workers,
            pin_memory=args.dataloader_pin_memory,
            persistent_workers=args.dataloader_persistent_workers,
        )
        # One process as far as accelerate can see: its own way of sharing repeats examples.
        return prepare_data_loader(
            loader,
            device=self.accelerator.device,
            num_processes=1,
            process_index=0,
            put_on_device=True,
        )

    def _move_model_to_device(self, model: torch.nn.Module, device: torch.device) -> None:
        if not self._sharded:  # Else it is there already, as far as it is to be there at all.
            super()._move_model_to_device(model, device)

    def _wrap_model(
        self, model: torch.nn.Module, training: bool = True, dataloader: Any = None
    ) -> torch.nn.Module:
        # accelerate refuses to wrap a model of which anything is sharded.
        if not (self._sharded and training) or model is not self.model:
            return super()._wrap_model(model, training)
        prepared = self.accelerator.prepare_model(model, evaluation_mode=True)
        on_gpu = self.args.device.type == "cuda"
        return DistributedDataParallel(
            prepared,
            device_ids=[self.args.device] if on_gpu else None,
            find_unused_parameters=bool(self.args.ddp_find_unused_parameters),
        )

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """The model's own loss; all but that of answers is averaged over images inside it.

        With several processes, gradients and logs are averaged over processes, not over images:
        the loss is weighted by this process's share of the images, so that each counts the same;
        and likewise each token of an answer.
        """
        step, world = self.state.global_step, self.args.world_size
        images = len(inputs["labels"])
        share = None
        if model.training and world > 1:
            (images,) = self._over_processes(images)
            share = len(inputs["labels"]) * world / images  # 1 but for an epoch's last batch
        answers = self._answers if model.training else None
        if answers is not None and step >= answers.start * self.state.max_steps:
            plain: Any = self.accelerator.unwrap_model(model)
            inputs = answers.add(
                plain, inputs, step, images=images, rank=self.args.process_index, world=world
            )
            if share is not None:
                # The mean over processes of the loss, which is weighted by `share` as a whole, is
                # the mean over all tokens.
                learnt = int((inputs["answer_labels"] != NOT_LEARNT).sum())
                (tokens,) = self._over_processes(learnt)
                inputs["answer_tokens"] = max(tokens, 1) * share / world
        outputs = model(**inputs)
        loss = outputs.loss
        if model.training:
            weight = 1 if share is None else share
            loss = loss * weight
            parts = {part: outputs.get(part) for part in LOSS_PARTS}
            self._losses.add(
                {"loss": loss, **{p: v * weight for p, v in parts.items() if v is not None}}
            )
        return (loss, outputs) if return_outputs else loss

    def _over_processes(self, *numbers: int) -> list[int]:
        """The sum of each number over all processes."""
        totals = torch.tensor(numbers, device=self.args.device)
        distributed.all_reduce(totals)
        return totals.tolist()

    def prediction_step(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        prediction_loss_only: bool,
        ignore_keys: list[str] | None = None,
    ) -> Any:
        """Trainer's own; its loss leaves out the examples that fill up the last batch."""
        result = super().prediction_step(model, inputs, prediction_loss_only, ignore_keys)
        loader = self.accelerator.gradient_state
        if self.args.world_size == 1 or not loader.end_of_dataloader or loader.remainder <= 0:
            return result
        # Filled up is the end of the last batch of all processes. Every process computes again,
        # and be it for one example that is not counted: sharded layers need all of them.
        before = self.args.process_index * self.args.eval_batch_size
        own = min(max(loader.remainder - before, 1), self.args.eval_batch_size)
        real = {name: values[:own] for name, values in inputs.items()}
        return (super().prediction_step(model, real, True, ignore_keys)[0], *result[1:])

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the mean parts of the loss since the last log, and images per second."""
        if "loss" in logs:
            logs |= self._losses.since_last_log()
            logs["images_per_second"] = self.throughput.images_per_second
        if "train_samples_per_second" in logs:
            # Trainer's own counts evaluations, and images of starts before an interruption.
            logs["train_samples_per_second"] = self.throughput.images_per_second
            logs["train_loss"] = self._losses.since_start()
            logs.pop("train_steps_per_second", None)
        super().log(logs, start_time)

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Save what is trained, without the pickle of its arguments that Trainer's own would add.

        A checkpoint begins with this, and then saves the state of training.
        """
        self._losses.keep(self.state)
        if self.args.should_save:
            model: Any = self.model
            model.save_pretrained(output_dir or self.args.output_dir)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        self.accelerator.unwrap_model(model or self.model).load_trained(resume_from_checkpoint)


class _SetSamplerEpoch(TrainerCallback):
    """Tell the sampler the epoch itself: accelerate's wrappers around a resumed epoch do not."""

    def __init__(self, sampler: DatasetSampler) -> None:
        self._sampler = sampler

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._sampler.set_epoch(int((state.epoch or 0) + 1e-6))
