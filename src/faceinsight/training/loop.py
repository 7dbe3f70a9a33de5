"""Train one variant: a plain function from inputs on disk to a finished model folder.

It imports neither Kedro nor pyfacer, so it runs on a machine that has only PyTorch and
transformers. It takes and gives paths and plain values, so that it can run in a process of its own.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit

from faceinsight.common.devices import find_device
from faceinsight.common.memory import keep_freed_memory
from faceinsight.common.work import WorkFolder, write_beside
from faceinsight.data.dataset import FaceDataset, keep_batch
from faceinsight.data.sampling import DatasetSampler
from faceinsight.data.store import StoredCrops
from faceinsight.errors import ParameterError
from faceinsight.evaluation.tasks import task_accuracies
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.coherent import Noise
from faceinsight.model.labels import answers
from faceinsight.training.arguments import trainer_arguments
from faceinsight.training.checkpoints import CHECKPOINTS, last_complete_checkpoint
from faceinsight.training.job import TrainingJob, with_processes
from faceinsight.training.launch import call_in_processes
from faceinsight.training.records import documents, learning_curve

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, TrainerCallback

    from faceinsight.model.modeling import FaceInsightModel
    from faceinsight.training.answers import SpokenAnswers
    from faceinsight.training.trainer import FaceTrainer

logger = logging.getLogger(__name__)

MODEL = "model"
LEARNING_CURVE = "learning_curve.parquet"
TENSORBOARD = "tensorboard"
PROCESSES = "processes"
"""Folder in which several training processes find each other, in the work folder."""


Launcher = Callable[[TrainingJob, Path, Path], pd.DataFrame]
"""Trains a job in several processes elsewhere: as `train_in_process`, which it calls in each."""


def train(
    job: TrainingJob, work_root: Path, launcher: Launcher | None = None
) -> tuple[Path, pd.DataFrame]:
    """Train a variant, or go on with, or simply find, what an earlier start left.

    Args:
        job: what to train.
        work_root: the folder of work folders.
        launcher: starts several processes, where one trains several; by default on this machine.

    Returns:
        The finished model's folder, and its learning curve with columns step, epoch, name, value.

    Raises:
        ParameterError: no data set has training examples, or devices that are not there.
        ProcessError: one of several training processes failed by a defect.
    """
    here = launcher is None or (job.training.processes or 1) == 1
    job = replace(job, training=with_processes(job.training, here))
    device = find_device(job.training.device, "training.device") if here else None
    work = WorkFolder(work_root, "training", job.key())
    with work.alone() as lock:
        if work.is_finished:
            logger.info("%s is trained already; it is taken from %s", job.variant.label, work.path)
        else:
            _sweep(work.path)
            logger.info(
                "TensorBoard: tensorboard --logdir %s", (work.path / TENSORBOARD).absolute()
            )
            with write_beside(work.path / MODEL) as beside:
                if job.training.processes == 1:
                    curve = train_in_process(job, work.path, beside)
                elif launcher is not None:
                    curve = launcher(job, work.path, beside)
                else:
                    curve = call_in_processes(
                        train_in_process,
                        *(job, work.path, beside),
                        processes=job.training.processes or 1,
                        backend="nccl" if device and device.type == "cuda" else "gloo",
                        folder=work.path / PROCESSES,
                        lock=lock,
                    )
            with write_beside(work.path / LEARNING_CURVE) as path:
                curve.to_parquet(path, index=False)
            work.finish()
    return work.path / MODEL, pd.read_parquet(work.path / LEARNING_CURVE)


def _sweep(work: Path) -> None:
    """Remove what an earlier start that was killed left half-written."""
    last_complete_checkpoint(work / CHECKPOINTS)
    for name in (MODEL, LEARNING_CURVE):
        for leftover in work.glob(f".{Path(name).stem}.*"):
            if leftover.is_dir():
                shutil.rmtree(leftover)
            else:
                leftover.unlink()


def train_in_process(
    job: TrainingJob, work: Path, out: Path, *callbacks: TrainerCallback
) -> pd.DataFrame:
    """Train in this process, alone or, where torch.distributed is set up, as one of several.

    Args:
        job: what to train; its number of processes is settled.
        work: the work folder.
        out: where the finished model is put, by the first process.
        callbacks: what else happens beside training.

    Returns:
        The learning curve.
    """
    from transformers import set_seed
    from transformers.utils import logging as transformers_logging

    from faceinsight.model.building import default_tokenizer
    from faceinsight.training.callbacks import StopWithoutProgress
    from faceinsight.training.sharding import prepare_for_processes
    from faceinsight.training.speed import Speed
    from faceinsight.training.trainer import FaceTrainer

    settings = job.training
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    # A bar for every shard that is written would stand between the bars of training.
    transformers_logging.disable_progress_bar()
    try:
        tokenizer = default_tokenizer(job.model, job.vocabulary, job.lexicon)
        train_set, val_set, calibration_set = _datasets(job)
        arguments = _arguments(job, work, len(train_set), evaluates=len(val_set) > 0)
        if arguments.device.type == "cpu":
            keep_freed_memory()
        # Each process has random numbers of its own; one alone has those of the seed.
        set_seed(settings.seed + arguments.process_index)
        model = _model(job, tokenizer, train_set)
        speed = Speed.of(model, settings, arguments.device)
        if arguments.world_size > 1:
            prepare_for_processes(model, arguments.device, settings)
        sampler = DatasetSampler(
            train_set.sizes,
            [job.weights.get(name, 1.0) for name in train_set.names],
            settings.temperature,
            settings.seed,
        )
        trainer = FaceTrainer(
            model=model,
            args=arguments,
            train_sampler=sampler,
            progress=f"training {job.variant.label}",
            keep_checkpoints=max(2, settings.keep_checkpoints),
            sharded=settings.sharding == "full",
            answers=_answers(job, tokenizer),
            train_dataset=train_set,
            eval_dataset=val_set if len(val_set) else None,
            data_collator=keep_batch,
            compute_metrics=_accuracy_of(model, val_set, job.vocabulary),
        )
        if settings.patience is not None and len(val_set):
            trainer.add_callback(StopWithoutProgress(settings.patience))
        if trainer.is_world_process_zero():
            trainer.add_callback(_tensorboard(work))
        for callback in callbacks:
            trainer.add_callback(callback)
        checkpoint = last_complete_checkpoint(work / CHECKPOINTS)
        if checkpoint is not None:
            logger.info("%s goes on from %s", job.variant.label, checkpoint.name)
        result = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        state = trainer.state
        if state.best_global_step:
            model.load_trained(work / CHECKPOINTS / f"checkpoint-{state.best_global_step}")
        if calibration_set is not None and len(calibration_set):
            _calibrate(model, trainer, train_set, calibration_set)
        if trainer.is_world_process_zero():
            rates = speed.rates(trainer.throughput.images_per_second)
            logger.info("%s: %s", job.variant.label, rates)
            model.documents = documents(job, model, state, result.metrics, train_set, rates)
            model.save_pretrained(out)
    finally:
        transformers_logging.set_verbosity(verbosity)
        transformers_logging.enable_progress_bar()
    return pd.DataFrame(learning_curve(state.log_history))


def _model(
    job: TrainingJob, tokenizer: PreTrainedTokenizerBase, train_set: FaceDataset
) -> FaceInsightModel:
    """A new model, which knows how its crops were made and what it will be taught."""
    from faceinsight.model.building import build_model
    from faceinsight.model.compiling import compile_layers

    faces = zip(train_set.names, train_set.sizes, strict=True)
    seen = [name for name, size in faces if size]
    taught = {id_ for name in seen for id_ in job.vocabulary.annotated_by(name)}
    model = build_model(
        job.model,
        job.vocabulary,
        tokenizer,
        variant=job.variant,
        adjacency=job.adjacency,
        ruleset=job.rule_set,
        lexicon=job.lexicon,
        text_features=job.text_features,
        learnt=[id_ for id_ in job.vocabulary.ids if id_ in taught],
        noise=_noise(train_set.labels, job),
        seed=job.training.seed,
    )
    model.config.crops = _crops_of(job)
    if job.training.gradient_checkpointing:
        # transformers 5.23 calls it by the first name, 5.17 by the second.
        enable = "activation_checkpointing_enable", "gradient_checkpointing_enable"
        next(getattr(model, name) for name in enable if hasattr(model, name))()
    if job.training.compile:
        compile_layers(model.language_model)
    return model


def _noise(labels: np.ndarray, job: TrainingJob) -> Noise:
    """How often annotations are wrong, at most, by how rare the training has what they say."""
    known = (labels >= 0).sum(axis=0)
    seen = np.where(known, (labels == 1).sum(axis=0) / np.maximum(known, 1), np.nan)
    index = job.vocabulary.index
    groups = [[index[m] for m in members] for members in job.vocabulary.groups.values()]
    return Noise.of_prevalence(seen.tolist(), groups, job.model.annotation_noise)


def _calibrate(
    model: FaceInsightModel, trainer: FaceTrainer, train_set: FaceDataset, faces: FaceDataset
) -> None:
    """Fit what says how sure the model may be, on faces that it was not chosen by."""
    from faceinsight.model.calibration import fit_calibration, mean_years

    vocabulary, layer = model.vocabulary, model.coherent
    assert layer is not None
    trainer.compute_metrics = None  # it measures the faces that training stops on
    logits = np.asarray(trainer.predict(faces).predictions)
    ages = vocabulary.group_of_task("age")
    columns = [vocabulary.index[id_] for id_ in ages]
    found = fit_calibration(
        layer,
        logits,
        faces.labels,
        faces.dataset_numbers,
        vocabulary,
        years=faces.years,
        years_of=mean_years(ages, train_set.labels[:, columns], train_set.years),
    )
    model.config.calibration = asdict(found)


def _datasets(job: TrainingJob) -> tuple[FaceDataset, FaceDataset, FaceDataset | None]:
    """Faces to train, to stop and to calibrate on; the last for a coherent readout alone."""
    opened = {name: StoredCrops.open(Path(folder)) for name, folder in job.crops.items()}
    crops = {name: f for name, f in opened.items() if len(f)}
    if not crops:
        raise ParameterError(
            "training: no data set has examples; check `raw` and `datasets.*.use`, and see the "
            "audits of photographs for what was skipped"
        )
    for name, f in crops.items():
        if f.size != job.model.image_size:
            raise ParameterError(
                f"model.image_size is {job.model.image_size}, but the crops of {name} have side "
                f"{f.size}; set segmentation.size to the same value"
            )
        if job.variant.segmentation and not f.header["maps"]:
            raise ParameterError(
                f"variant {job.variant.name} reads label maps, but the crops of {name} have none; "
                "set segmentation.maps to parsed or provided, or train variant org"
            )
    maps, vocabulary = job.variant.segmentation, job.vocabulary
    train_set = FaceDataset(crops, vocabulary, "train", maps, job.training.augmentation)
    if not len(train_set):
        raise ParameterError("training: no data set has examples in its training split")
    if job.variant.readout == "independent":
        return train_set, FaceDataset(crops, vocabulary, "val", maps), None
    return (
        train_set,
        FaceDataset(crops, vocabulary, "val", maps, fold="stopping"),
        FaceDataset(crops, vocabulary, "val", maps, fold="calibration"),
    )


def _crops_of(job: TrainingJob) -> dict[str, Any]:
    """How crops and maps of all data sets were made, which must be one and the same way."""
    made: dict[str, dict[str, Any]] = {}
    for name, folder in job.crops.items():
        crops = StoredCrops.open(Path(folder))
        if len(crops):
            made[name] = crops.header.get("settings", {})
    first = next(iter(made))
    for name, settings in made.items():
        if settings != made[first]:
            raise ParameterError(
                f"the crops of {first} and {name} were made with different settings, "
                f"{made[first]} and {settings}; run the segmentation pipeline again"
            )
    return made[first]


def _answers(job: TrainingJob, tokenizer: Any) -> SpokenAnswers | None:
    """What writes the answers that are learnt; None where none are."""
    if not job.model.answer_weight:
        return None
    if job.lexicon is None:
        raise ParameterError(
            "model.answer_weight is above 0, and no characteristic has words to answer in: set it "
            "to 0, or add `words` to vocabulary.characteristics"
        )
    from faceinsight.training.answers import AnswerWriter, SpokenAnswers

    settings = job.training
    writer = AnswerWriter(job.lexicon, tokenizer, settings.answer_turns)
    return SpokenAnswers(writer, settings.answer_share, settings.answer_start, settings.seed)


def _arguments(job: TrainingJob, work: Path, examples: int, evaluates: bool) -> Any:
    settings = job.training
    processes = settings.processes or 1
    device = find_device(settings.device, "training.device").type
    return trainer_arguments(
        settings,
        work,
        examples,
        learning_rate=settings.learning_rate,
        device=device,
        evaluates=evaluates,
        processes=processes,
        per_device_eval_batch_size=settings.eval_batch_size,
        logging_nan_inf_filter=False,
        dataloader_persistent_workers=settings.workers > 0,
        ddp_backend=None if processes == 1 else "nccl" if device == "cuda" else "gloo",
        # Of an encoder that is trained, what its tokens do not depend on gets no gradient.
        ddp_find_unused_parameters=not {"image_encoder", "segmentation_encoder"}
        <= set(job.model.frozen),
    )


def _tensorboard(work: Path) -> Any:
    """Logs in one place, also of a run that was interrupted."""
    from torch.utils.tensorboard import SummaryWriter
    from transformers.integrations import TensorBoardCallback

    return TensorBoardCallback(SummaryWriter(log_dir=str(work / TENSORBOARD)))


def _accuracy_of(model: FaceInsightModel, val_set: FaceDataset, vocabulary: Vocabulary) -> Any:
    """ "Validation accuracy": the mean over data sets and tasks, of what the model hands out."""
    datasets = np.array(val_set.names)[val_set.dataset_numbers]

    def compute(prediction: Any) -> dict[str, float]:
        # In double precision no probability is 0, which would mean that nothing is answered.
        logits = np.asarray(prediction.predictions, dtype=np.float64)
        said = answers(model, logits) if model.config.readout == "coherent" else None
        labels = np.asarray(prediction.label_ids)
        accuracies = task_accuracies(expit(logits), labels, datasets, vocabulary, said)
        return {"accuracy": float(np.mean(list(accuracies.values()))), **accuracies}

    return compute
