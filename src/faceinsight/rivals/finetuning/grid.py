"""The grid: every point trained once, the best by validation accuracy kept."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from faceinsight.common.provenance import provenance
from faceinsight.common.recipes import recipe
from faceinsight.common.work import WorkFolder, digest, link_tree, write_beside
from faceinsight.data.store import StoredCrops
from faceinsight.errors import ParameterError
from faceinsight.rivals.finetuning.examples import (
    Sample,
    TunedTask,
    sample_of,
    tasks_of,
    training_examples,
)
from faceinsight.rivals.finetuning.settings import FinetuningSettings, Point
from faceinsight.rivals.finetuning.tuned import TUNED, in_precision
from faceinsight.rivals.inference import stamp
from faceinsight.rivals.naming import name_of, weights_of
from faceinsight.rivals.settings import RivalsSettings

if TYPE_CHECKING:
    from faceinsight.method.characteristics import Vocabulary

logger = logging.getLogger(__name__)

ADAPTER, POINT = "adapter", "point.json"
GRID = "grid.csv"


@dataclass(frozen=True)
class TuningJob:
    """Everything that decides how an adapter turns out, but the point of the grid.

    Attributes:
        rivals: which rival, what it is asked, where its checkpoint is.
        finetuning: the recipe.
        vocabulary: the characteristics.
        crops: data set to its folder of crops.
        task: what the adapter is for.
    """

    rivals: RivalsSettings
    finetuning: FinetuningSettings
    vocabulary: Vocabulary
    crops: Mapping[str, Path]
    task: TunedTask

    def key(self, point: Point | None) -> str:
        """Digest of a point's inputs and settings, or of the untuned rival's validation.

        Neither the rest of the grid counts nor what does not change a result, so a point is found
        again when the grid grows.
        """
        rival, local = self.rivals.rival, self.rivals.local
        # How it will be trained does not change the rival as it is.
        settings = (
            self.finetuning.model_dump(include={"validation_faces", "seed", "precision"})
            if point is None
            else self.finetuning.model_dump(
                exclude={"task", "learning_rates", "image_encoders", "workers", "logging_steps"}
            )
        )
        crops = StoredCrops.open(Path(self.crops[self.task.dataset]))
        return digest(
            rival.model_dump(include={"checkpoint", "revision", "prompt"}),
            None if local.path is None else stamp(Path(local.path)),
            local.attention,
            self.rivals.longest_side,
            settings,
            point,
            str(self.task),
            [(q.text, q.members, q.options) for q in self.task.questions],
            crops.header.get("digest"),
            crops.examples,
            recipe("finetuning"),
        )


def refuse_what_cannot_be_trained(rivals: RivalsSettings) -> None:
    """Say so where a rival is not reached through a native class of transformers.

    Raises:
        ParameterError: it is not.
    """
    rival = rivals.rival
    if rival.way != "transformers" or rival.model_class is None:
        raise ParameterError(
            f"{rival.title} cannot be fine-tuned here: transformers has no native class for "
            f"{rival.checkpoint}; choose a rival whose way in is transformers, e.g. "
            "rival=llava_1_5_7b"
        )


def tune_tasks(
    rivals: RivalsSettings,
    finetuning: FinetuningSettings,
    vocabulary: Vocabulary,
    crops: Mapping[str, Path],
    work: Path,
) -> tuple[Path, pd.DataFrame]:
    """Fine-tune a rival for each task that is asked for, each by a grid of its own.

    Returns:
        A folder with a folder for each task, `<data set>_<task>` (see `tune`), and all grids as one
        table, with `dataset` and `task`.

    Raises:
        ParameterError: the rival cannot be trained, there is no such task, or it has no faces.
    """
    refuse_what_cannot_be_trained(rivals)
    tasks = tasks_of(vocabulary, crops, finetuning.task, rivals.questions)
    tuned = {
        task: tune(TuningJob(rivals, finetuning, vocabulary, crops, task), work) for task in tasks
    }
    out = WorkFolder(work, "finetuned", digest([folder.parent.name for folder in tuned.values()]))
    with out.alone(), write_beside(out.path / "adapters") as beside:
        beside.mkdir()
        for task, folder in tuned.items():
            link_tree(folder, beside / f"{task.dataset}_{task.name}")
    tables = [
        pd.read_csv(folder / GRID).assign(dataset=task.dataset, task=task.name)
        for task, folder in tuned.items()
    ]
    table = pd.concat(tables, ignore_index=True)
    first = ["dataset", "task"]
    return out.path / "adapters", table[[*first, *table.columns.drop(first)]]


def tune(job: TuningJob, work: Path) -> Path:
    """Search the grid for one task; what an earlier start finished is not done again.

    Args:
        job: what to train.
        work: folder of all work folders.

    Returns:
        A folder with peft's `adapter_model.safetensors` and `adapter_config.json` of the best
        point, `grid.csv` (a row a point, see `_table`), and `tuned.json`: `rival`, `dataset`,
        `task`, `chosen` point, its validation `accuracy` and that `before` tuning, how many faces
        and examples, settings, provenance.

    Raises:
        ParameterError: the task has no training or no validation faces.
    """
    settings = job.finetuning
    places = (job.crops, "val", job.vocabulary, settings.validation_faces, settings.seed)
    validation = sample_of(job.task, *places)
    before = _before(job, validation, work)
    found = {point: _trained(job, point, validation, work) for point in settings.points()}
    best = best_point({point: reached["accuracy"] for point, (reached, _) in found.items()})
    reached, folder = found[best]
    logger.info(
        "%s on %s: validation accuracy %.4f before, %.4f after tuning, with learning rate %g and "
        "its image encoder %s",
        name_of(job.rivals),
        job.task,
        before,
        reached["accuracy"],
        best.learning_rate,
        best.image_encoder,
    )
    out = WorkFolder(work, "finetuned", digest([job.key(point) for point in settings.points()]))
    with out.alone(), write_beside(out.path / "tuned") as beside:
        link_tree(folder / ADAPTER, beside)
        table = _table({point: of for point, (of, _) in found.items()}, best)
        table.to_csv(beside / GRID, index=False)
        described = _described(job, best, reached, before, len(validation.faces))
        (beside / TUNED).write_text(json.dumps(described, indent=1), encoding="utf-8")
    return out.path / "tuned"


def best_point(accuracies: Mapping[Point, float]) -> Point:
    """The point with the highest validation accuracy; of several, the first of the grid."""
    return max(accuracies, key=accuracies.__getitem__)


def _trained(
    job: TuningJob, point: Point, validation: Sample, work: Path
) -> tuple[dict[str, Any], Path]:
    """What a point reached, and its folder; trained now unless it is there."""
    folder = WorkFolder(work, "finetuning", job.key(point))
    label = (
        f"{name_of(job.rivals)} on {job.task}, learning rate {point.learning_rate:g}, image "
        f"encoder {point.image_encoder}"
    )
    with folder.alone():
        if folder.is_finished:
            logger.info("%s is trained already.", label)
        else:
            # What an interruption between the copy of the adapter and the end left.
            shutil.rmtree(folder.path / ADAPTER, ignore_errors=True)
            reached = _train(job, point, validation, folder.path, label)
            _release()
            with write_beside(folder.path / POINT) as path:
                path.write_text(json.dumps(reached, indent=1), encoding="utf-8")
            folder.finish()
            shutil.rmtree(folder.path / "checkpoints", ignore_errors=True)
    return json.loads((folder.path / POINT).read_text(encoding="utf-8")), folder.path


def _train(
    job: TuningJob, point: Point, validation: Sample, folder: Path, label: str
) -> dict[str, Any]:
    from faceinsight.rivals.finetuning.collator import AnswerCollator, end_token
    from faceinsight.rivals.finetuning.training import train_point
    from faceinsight.rivals.local import load_checkpoint

    settings, rival = job.finetuning, job.rivals.rival
    places = (job.crops, "train", job.vocabulary, settings.train_faces, settings.seed)
    sample = sample_of(job.task, *places)
    examples = training_examples(job.task, sample, settings)
    processor, model = load_checkpoint(rival, in_precision(job.rivals, settings.precision).local)
    end = end_token(model, processor.tokenizer)
    reached = train_point(
        model,
        point,
        settings,
        examples,
        AnswerCollator(processor, rival, end, job.rivals.longest_side),
        lambda tuned: _accuracy(job, tuned, processor, validation),
        folder,
        checkpoint=job.rivals.local.path or rival.checkpoint,
        label=label,
    )
    return {"faces": len(sample.faces), "examples": len(examples), **reached}


def _release() -> None:
    """Give back what a trained model and its optimizer held, before the next is loaded."""
    import gc

    import torch

    gc.collect()
    torch.cuda.empty_cache()


def _before(job: TuningJob, validation: Sample, work: Path) -> float:
    """Validation accuracy of the rival as it is."""
    from faceinsight.rivals.local import load_checkpoint

    folder = WorkFolder(work, "finetuning", job.key(None))
    path = folder.path / "before.json"
    with folder.alone():
        if not path.is_file():
            local = in_precision(job.rivals, job.finetuning.precision).local
            processor, model = load_checkpoint(job.rivals.rival, local)
            accuracy = _accuracy(job, model, processor, validation)
            with write_beside(path) as beside:
                beside.write_text(json.dumps({"accuracy": accuracy}), encoding="utf-8")
        return float(json.loads(path.read_text(encoding="utf-8"))["accuracy"])


def _accuracy(job: TuningJob, model: Any, processor: Any, validation: Sample) -> float:
    from faceinsight.rivals.finetuning.validation import validation_accuracy

    return validation_accuracy(
        model,
        processor,
        job.rivals.rival,
        job.task,
        validation,
        job.vocabulary,
        job.rivals.longest_side,
    )


def _table(found: Mapping[Point, Mapping[str, Any]], best: Point) -> pd.DataFrame:
    """One row a point: `learning_rate`, `image_encoder`, `validation_accuracy`, `best_step`,
    `steps`, `chosen`.
    """
    return pd.DataFrame(
        {
            "learning_rate": [point.learning_rate for point in found],
            "image_encoder": [point.image_encoder for point in found],
            "validation_accuracy": [of["accuracy"] for of in found.values()],
            "best_step": [of["step"] for of in found.values()],
            "steps": [of["steps"] for of in found.values()],
            "chosen": [point == best for point in found],
        }
    )


def _described(
    job: TuningJob, best: Point, reached: Mapping[str, Any], before: float, validation: int
) -> dict[str, Any]:
    rival = job.rivals.rival
    return {
        "rival": job.rivals.chosen,
        "dataset": job.task.dataset,
        "task": job.task.name,
        "chosen": best.model_dump(),
        "validation_accuracy": reached["accuracy"],
        "before": before,
        "best_step": reached["step"],
        "faces": {"train": reached["faces"], "val": validation},
        "examples": reached["examples"],
        **rival.model_dump(include={"title", "checkpoint", "revision", "licence"}),
        "weights": weights_of(job.rivals),
        "settings": job.finetuning.model_dump(mode="json"),
        "provenance": provenance(point=job.key(best)),
    }
