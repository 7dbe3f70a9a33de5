"""Train one variant: a plain function from inputs on disk to a finished model folder.

It imports neither Kedro nor pyfacer, so it runs on a machine that has only PyTorch and
transformers. It takes and gives paths and plain values, so that it can run in a process of its own.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from faceinsight.characteristics import Vocabulary
from faceinsight.errors import ParameterError
from faceinsight.evaluation.tasks import task_accuracies
from faceinsight.frames import Frames
from faceinsight.logic.compiler import RuleSet
from faceinsight.model.settings import ModelSettings
from faceinsight.provenance import provenance
from faceinsight.training.checkpoints import last_complete_checkpoint
from faceinsight.training.data import FaceDataset, keep_batch
from faceinsight.training.sampling import DatasetSampler
from faceinsight.training.settings import TrainingSettings
from faceinsight.variants import Variant
from faceinsight.work import WorkFolder, digest, source_digest, write_beside

logger = logging.getLogger(__name__)

MODEL = "model"
LEARNING_CURVE = "learning_curve.parquet"
_SOURCE = (
    "model",
    "training",
    "logic",
    "evaluation/tasks",
    "losses",
    "geometry",
    "photographs",
    "frames",
    "characteristics",
)
_PACKAGES = ("torch", "transformers", "torch-geometric")


@dataclass(frozen=True)
class TrainingJob:
    """Everything that decides how a model turns out.

    Attributes:
        variant: switches of the ablation.
        model: parts and sizes of the model.
        training: how it is trained.
        vocabulary: the characteristics.
        rule_set: compiled rules; their loss counts where the variant's `logic` is on.
        adjacency: C_hat, float [K, K]; used where the variant's `correlation` is on.
        text_features: T_p^0 of a pretrained text encoder, float32 [K, d]; None where learned.
        frames: data set name to its folder of frames; data sets without examples are passed over.
        weights: data set name to its weight in an epoch, 1 where it is not named.
    """

    variant: Variant
    model: ModelSettings
    training: TrainingSettings
    vocabulary: Vocabulary
    rule_set: RuleSet
    adjacency: np.ndarray
    text_features: np.ndarray | None
    frames: Mapping[str, Path]
    weights: Mapping[str, float]

    def key(self) -> str:
        """Digest of configuration, inputs and source: the name of the job's work folder."""
        return digest(
            self.variant,
            self.model,
            self.training,
            self.vocabulary,
            self.rule_set,
            self.adjacency,
            self.text_features,
            {name: Frames.open(Path(f)).header["digest"] for name, f in self.frames.items()},
            dict(self.weights),
            source_digest(*_SOURCE),
            [version(package) for package in _PACKAGES],
            _checkpoints(self.model),
        )


def _checkpoints(model: ModelSettings) -> list[tuple[str, int, int]]:
    """Names, sizes and times of the files of checkpoints that lie in folders."""
    parts = (model.image_encoder, model.segmentation_encoder, model.language_model)
    folders = {Path(p.pretrained) for p in parts if p.pretrained and Path(p.pretrained).is_dir()}
    return [
        (str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns)
        for folder in sorted(folders)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    ]


def train(job: TrainingJob, work_root: Path) -> tuple[Path, pd.DataFrame]:
    """Train a variant, or go on with, or simply find, what an earlier start left.

    Args:
        job: what to train.
        work_root: the folder of work folders.

    Returns:
        The finished model's folder, and its learning curve with columns step, epoch, name, value.

    Raises:
        ParameterError: no data set has training examples.
    """
    work = WorkFolder(work_root, "training", job.key())
    with work.alone():
        if work.is_finished:
            logger.info("%s is trained already; it is taken from %s", job.variant.label, work.path)
        else:
            with write_beside(work.path / MODEL) as beside:
                curve = _train(job, work.path, beside)
            with write_beside(work.path / LEARNING_CURVE) as path:
                curve.to_parquet(path, index=False)
            work.finish()
    return work.path / MODEL, pd.read_parquet(work.path / LEARNING_CURVE)


def _train(job: TrainingJob, work: Path, out: Path) -> pd.DataFrame:
    from transformers import set_seed
    from transformers.utils import logging as transformers_logging

    from faceinsight.model.building import build_model
    from faceinsight.training.trainer import FaceTrainer, StopWithoutProgress

    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    # A bar for every shard that is written would stand between the bars of training.
    transformers_logging.disable_progress_bar()
    try:
        settings = job.training
        train_set, val_set = _datasets(job)
        set_seed(settings.seed)
        model = build_model(
            job.model.model_copy(update=job.variant.model_dump(exclude={"name"})),
            job.vocabulary,
            adjacency=job.adjacency,
            ruleset=job.rule_set,
            text_features=job.text_features,
            seed=settings.seed,
        )
        model.config.frames = _frames_of(job)
        if settings.gradient_checkpointing:
            model.gradient_checkpointing_enable()
        sampler = DatasetSampler(
            train_set.sizes,
            [job.weights.get(name, 1.0) for name in train_set.names],
            settings.temperature,
            settings.seed,
        )
        trainer = FaceTrainer(
            model=model,
            args=_arguments(job, work, len(sampler), evaluates=len(val_set) > 0),
            train_sampler=sampler,
            progress=f"training {job.variant.label}",
            train_dataset=train_set,
            eval_dataset=val_set if len(val_set) else None,
            data_collator=keep_batch,
            compute_metrics=_accuracy_of(val_set, job.vocabulary),
        )
        if settings.patience is not None and len(val_set):
            trainer.add_callback(StopWithoutProgress(settings.patience))
        checkpoint = last_complete_checkpoint(work / "checkpoints")
        if checkpoint is not None:
            logger.info("%s goes on from %s", job.variant.label, checkpoint.name)
        result = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        model.save_pretrained(out)
        history = pd.DataFrame(_curve(trainer.state.log_history))
        _write_facts(job, out, trainer.state, result.metrics)
    finally:
        transformers_logging.set_verbosity(verbosity)
        transformers_logging.enable_progress_bar()
    return history


def _datasets(job: TrainingJob) -> tuple[FaceDataset, FaceDataset]:
    opened = {name: Frames.open(Path(folder)) for name, folder in job.frames.items()}
    frames = {name: f for name, f in opened.items() if len(f)}
    if not frames:
        raise ParameterError(
            "training: no data set has examples; check `raw` and `datasets.*.use`, and see the "
            "audits of photographs for what was skipped"
        )
    for name, f in frames.items():
        if f.size != job.model.image_size:
            raise ParameterError(
                f"model.image_size is {job.model.image_size}, but the frames of {name} have side "
                f"{f.size}; set segmentation.size to the same value"
            )
        if job.variant.segmentation and not f.header["maps"]:
            raise ParameterError(
                f"variant {job.variant.name} reads label maps, but the frames of {name} have none; "
                "set segmentation.maps to parsed or provided, or train variant org"
            )
    maps, vocabulary = job.variant.segmentation, job.vocabulary
    train_set = FaceDataset(frames, vocabulary, "train", maps, job.training.augmentation)
    if not len(train_set):
        raise ParameterError("training: no data set has examples in its training split")
    return train_set, FaceDataset(frames, vocabulary, "val", maps)


def _frames_of(job: TrainingJob) -> dict[str, Any]:
    """How frames and maps of all data sets were made, which must be one and the same way."""
    made: dict[str, dict[str, Any]] = {}
    for name, folder in job.frames.items():
        frames = Frames.open(Path(folder))
        if len(frames):
            made[name] = frames.header.get("settings", {})
    first = next(iter(made))
    for name, settings in made.items():
        if settings != made[first]:
            raise ParameterError(
                f"the frames of {first} and {name} were made with different settings, "
                f"{made[first]} and {settings}; run the segmentation pipeline again"
            )
    return made[first]


def _arguments(job: TrainingJob, work: Path, examples: int, evaluates: bool) -> Any:
    from transformers import TrainingArguments

    settings = job.training
    updates = math.ceil(examples / (settings.batch_size * settings.gradient_accumulation_steps))
    every = max(1, round(updates / settings.evaluations_per_epoch))
    import torch

    on_gpu = torch.cuda.is_available() and settings.device != "cpu"
    return TrainingArguments(
        output_dir=str(work / "checkpoints"),
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=settings.eval_batch_size,
        gradient_accumulation_steps=settings.gradient_accumulation_steps,
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.schedule,
        warmup_steps=settings.warmup_ratio,
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.max_grad_norm,
        optim="adamw_torch",
        bf16=settings.precision == "bf16",
        use_cpu=not on_gpu,
        torch_compile=settings.compile,
        seed=settings.seed,
        eval_strategy="steps" if evaluates else "no",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=max(2, settings.keep_checkpoints),
        load_best_model_at_end=evaluates,
        metric_for_best_model="accuracy",
        greater_is_better=True,
        logging_steps=settings.logging_steps,
        logging_nan_inf_filter=False,
        report_to=["tensorboard"],
        dataloader_num_workers=settings.workers,
        dataloader_pin_memory=on_gpu,
        dataloader_persistent_workers=settings.workers > 0,
        remove_unused_columns=False,
        label_names=["labels"],
    )


def _accuracy_of(val_set: FaceDataset, vocabulary: Vocabulary) -> Any:
    """ "Validation accuracy": the mean over data sets and tasks."""
    datasets = np.array(val_set.names)[val_set.dataset_numbers]

    def compute(prediction: Any) -> dict[str, float]:
        logits = np.asarray(prediction.predictions, dtype=np.float32)
        # Any increasing function of the logits answers alike; 0 is the threshold P = 0.5.
        accuracies = task_accuracies(
            logits, np.asarray(prediction.label_ids), datasets, vocabulary, threshold=0.0
        )
        return {"accuracy": float(np.mean(list(accuracies.values()))), **accuracies}

    return compute


def _curve(history: list[dict[str, float]]) -> list[dict[str, Any]]:
    """Trainer's log as rows of step, epoch, name, value; run times left out."""
    skipped = ("runtime", "per_second", "flos")
    return [
        {"step": entry["step"], "epoch": entry["epoch"], "name": name, "value": float(value)}
        for entry in history
        # Sorted: what came through a checkpoint is in another order.
        for name, value in sorted(entry.items())
        if name not in ("step", "epoch") and not any(word in name for word in skipped)
    ]


def _write_facts(job: TrainingJob, out: Path, state: Any, metrics: Mapping[str, float]) -> None:
    """Put beside the weights where they came from and how training went."""
    seconds = metrics.get("train_runtime")
    steps = state.global_step
    facts = provenance(job=job.key(), vocabulary=digest(job.vocabulary), rules=digest(job.rule_set))
    facts["variant"] = job.variant.model_dump()
    facts["training"] = {
        "settings": job.training.model_dump(mode="json"),
        "steps": steps,
        "epochs": state.epoch,
        "best_validation_accuracy": state.best_metric,
        "best_step": state.best_global_step,
        "seconds_of_last_start": seconds,
        "images_per_second": metrics.get("train_samples_per_second"),
        "datasets": sorted(job.frames),
    }
    with write_beside(out / "provenance.json") as path:
        path.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
