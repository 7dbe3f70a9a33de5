"""The settings that every training shares, as Hugging Face's Trainer takes them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.training.checkpoints import CHECKPOINTS
from faceinsight.training.settings import LoopSettings

if TYPE_CHECKING:
    from transformers import TrainingArguments


def trainer_arguments(
    settings: LoopSettings,
    work: Path,
    examples: int,
    *,
    learning_rate: float,
    device: str,
    evaluates: bool = True,
    processes: int = 1,
    **others: Any,
) -> TrainingArguments:
    """Arguments of a Trainer that validates and saves at the same updates.

    These are as far apart as `evaluations_per_epoch` asks for, to the nearest update.

    Args:
        settings: of the training.
        work: folder in which `CHECKPOINTS` is made.
        examples: of an epoch.
        learning_rate: highest rate of AdamW.
        device: type of it: cpu, cuda or mps.
        evaluates: whether there is anything to validate on.
        processes: that share a batch.
        others: further arguments.
    """
    from transformers import TrainingArguments

    of_an_update = settings.batch_size * settings.gradient_accumulation_steps * processes
    updates = math.ceil(examples / of_an_update)
    every = max(1, round(updates / settings.evaluations_per_epoch))
    arguments = TrainingArguments(
        output_dir=str(work / CHECKPOINTS),
        per_device_train_batch_size=settings.batch_size,
        gradient_accumulation_steps=settings.gradient_accumulation_steps,
        num_train_epochs=settings.epochs,
        learning_rate=learning_rate,
        lr_scheduler_type=settings.schedule,
        warmup_steps=settings.warmup_ratio,
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.max_grad_norm,
        optim="adamw_torch",
        bf16=settings.precision == "bf16",
        use_cpu=device == "cpu",
        seed=settings.seed,
        eval_strategy="steps" if evaluates else "no",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        metric_for_best_model="accuracy",
        greater_is_better=True,
        logging_steps=settings.logging_steps,
        report_to=[],
        dataloader_num_workers=settings.workers,
        dataloader_pin_memory=device == "cuda",
        remove_unused_columns=False,
        label_names=["labels"],
        **others,
    )
    # Else Trainer would split each batch over all visible GPUs within this one process.
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments
