"""The grid: every point trained once, the best by validation accuracy kept."""

from __future__ import annotations

import gc
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

ADAPTER, POINT, GRID = "adapter", "point.json", "grid.csv"


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

    def sample(self, split: str, most: int | None) -> Sample:
        """At most so many faces of a split, with the task's labels."""
        seed = self.finetuning.seed
        return sample_of(self.task, self.crops, split, self.vocabulary, most, seed)

    def describe(self, point: Point | None) -> str:
        """The rival, its task and a point, for messages."""
        name = f"{name_of(self.rivals)} on {self.task}"
        if point is None:
            return f"{name}, untuned"
        return f"{name}, learning rate {point.learning_rate:g}, image encoder {point.image_encoder}"


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
        ParameterError: transformers has no native class for the rival, there is no such task, or it
            has no faces.
    """
    rival = rivals.rival
    if rival.way != "transformers" or rival.model_class is None:
        raise ParameterError(
            f"{rival.title} cannot be fine-tuned here: transformers has no native class for "
            f"{rival.checkpoint}; choose a rival whose way in is transformers, e.g. "
            "rival=llava_1_5_7b"
        )
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

    Returns:
        A folder with peft's `adapter_model.safetensors` and `adapter_config.json` of the best
        point, `grid.csv` (a row a point: `learning_rate`, `image_encoder`, `validation_accuracy`,
        `best_step`, `steps`, `chosen`), and `tuned.json`: `rival`, `dataset`, `task`, `chosen`
        point, its `validation_accuracy` and that `before` tuning, how many faces and examples,
        settings, provenance.

    Raises:
        ParameterError: the task has no training or no validation faces.
    """
    points = list(job.finetuning.points())
    validation = job.sample("val", job.finetuning.validation_faces)
    before = _reached(job, None, validation, work)[0]["accuracy"]
    found = {point: _reached(job, point, validation, work) for point in points}
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
    rows = [
        {
            **point.model_dump(),
            "validation_accuracy": of["accuracy"],
            "best_step": of["step"],
            "steps": of["steps"],
            "chosen": point == best,
        }
        for point, (of, _) in found.items()
    ]
    described = {
        "rival": job.rivals.chosen,
        "dataset": job.task.dataset,
        "task": job.task.name,
        "chosen": best.model_dump(),
        "validation_accuracy": reached["accuracy"],
        "before": before,
        "best_step": reached["step"],
        "faces": {"train": reached["faces"], "val": len(validation.faces)},
        "examples": reached["examples"],
        **job.rivals.rival.model_dump(include={"title", "checkpoint", "revision", "licence"}),
        "weights": weights_of(job.rivals),
        "settings": job.finetuning.model_dump(mode="json"),
        "provenance": provenance(point=job.key(best)),
    }
    out = WorkFolder(work, "finetuned", digest([job.key(point) for point in points]))
    with out.alone(), write_beside(out.path / "tuned") as beside:
        link_tree(folder / ADAPTER, beside)
        pd.DataFrame(rows).to_csv(beside / GRID, index=False)
        (beside / TUNED).write_text(json.dumps(described, indent=1), encoding="utf-8")
    return out.path / "tuned"


def best_point(accuracies: Mapping[Point, float]) -> Point:
    """The point with the highest validation accuracy; of several, the first of the grid."""
    return max(accuracies, key=accuracies.__getitem__)


def _reached(
    job: TuningJob, point: Point | None, validation: Sample, work: Path
) -> tuple[dict[str, Any], Path]:
    """What a point reached, and its folder; made now unless it is there. None is the rival as it
    is.
    """
    import torch

    folder = WorkFolder(work, "finetuning", job.key(point))
    with folder.alone():
        if folder.is_finished:
            logger.info("%s is measured already.", job.describe(point))
        else:
            # What an interruption between the copy of the adapter and the end left.
            shutil.rmtree(folder.path / ADAPTER, ignore_errors=True)
            reached = _measure(job, point, validation, folder.path)
            gc.collect()  # gives back what model and optimizer held, before the next is loaded
            torch.cuda.empty_cache()
            with write_beside(folder.path / POINT) as path:
                path.write_text(json.dumps(reached, indent=1), encoding="utf-8")
            folder.finish()
            shutil.rmtree(folder.path / "checkpoints", ignore_errors=True)
    return json.loads((folder.path / POINT).read_text(encoding="utf-8")), folder.path


def _measure(
    job: TuningJob, point: Point | None, validation: Sample, folder: Path
) -> dict[str, Any]:
    from faceinsight.rivals.finetuning.collator import AnswerCollator, end_token
    from faceinsight.rivals.finetuning.training import train_point, validation_accuracy
    from faceinsight.rivals.local import LocalRival, load_checkpoint

    settings, rivals = job.finetuning, job.rivals
    local = in_precision(rivals, settings.precision).local
    processor, model = load_checkpoint(rivals.rival, local)
    longest_side = rivals.longest_side

    def accuracy(of_model: Any) -> float:
        rival = LocalRival(rivals.rival, processor, of_model, "likelihood")
        return validation_accuracy(rival, job.task, validation, job.vocabulary, longest_side)

    if point is None:
        return {"accuracy": accuracy(model)}
    sample = job.sample("train", settings.train_faces)
    examples = training_examples(job.task, sample, settings)
    end = end_token(model, processor.tokenizer)
    reached = train_point(
        model,
        point,
        settings,
        examples,
        AnswerCollator(processor, rivals.rival, end, longest_side),
        accuracy,
        folder,
        checkpoint=rivals.local.path or rivals.rival.checkpoint,
        label=job.describe(point),
    )
    return {"faces": len(sample.faces), "examples": len(examples), **reached}
