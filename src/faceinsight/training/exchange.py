"""What training processes and their caller tell each other, as files in one folder.

The job goes as JSON and plain arrays. Nothing is pickled: whoever could write into the folder
could at most change parameters, never run code.
"""

from __future__ import annotations

import json
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from faceinsight import errors
from faceinsight.answers.lexicon import Lexicon
from faceinsight.common.work import write_beside
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.rules.compiler import RuleSet
from faceinsight.method.variants import Variant
from faceinsight.model.settings import ModelSettings
from faceinsight.training.settings import TrainingSettings

if TYPE_CHECKING:
    from faceinsight.training.loop import TrainingJob

CURVE = "learning_curve.parquet"
MEETING = "meeting"
_JOB, _ARRAYS = "job.json", "arrays.npz"


@dataclass(frozen=True)
class Order:
    """What a training process is told.

    Attributes:
        job: what to train.
        work: the work folder.
        out: where the finished model is put.
        log_level: of this package's messages from the first process.
    """

    job: TrainingJob
    work: Path
    out: Path
    log_level: int


@dataclass(frozen=True)
class Failure:
    """How a training process failed.

    Attributes:
        time: when, in seconds since the epoch.
        rank: which process.
        error: the error itself where it is one for a person to read.
        traceback: of the process.
    """

    time: float
    rank: int
    error: errors.FaceInsightError | None
    traceback: str


def write_job(folder: Path, job: TrainingJob, *, work: Path, out: Path, log_level: int) -> None:
    """Put a job where `read_order` finds it."""
    content = {
        "variant": job.variant.model_dump(mode="json"),
        "model": job.model.model_dump(mode="json"),
        "training": job.training.model_dump(mode="json"),
        "vocabulary": job.vocabulary.to_config(),
        "rule_set": job.rule_set.to_config(),
        "lexicon": None if job.lexicon is None else job.lexicon.to_config(),
        "crops": {name: str(path) for name, path in job.crops.items()},
        "weights": dict(job.weights),
        "work": str(work),
        "out": str(out),
        "log_level": log_level,
    }
    (folder / _JOB).write_text(json.dumps(content), encoding="utf-8")
    features = np.empty(0) if job.text_features is None else job.text_features
    np.savez(folder / _ARRAYS, adjacency=job.adjacency, text_features=features)


def read_order(folder: Path) -> Order:
    """Read what `write_job` wrote; the job has the same digest."""
    from faceinsight.training.loop import TrainingJob

    content: dict[str, Any] = json.loads((folder / _JOB).read_text(encoding="utf-8"))
    with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
        adjacency, features = arrays["adjacency"], arrays["text_features"]
    vocabulary, lexicon = Vocabulary.from_config(content["vocabulary"]), content["lexicon"]
    job = TrainingJob(
        variant=Variant.model_validate(content["variant"]),
        model=ModelSettings.model_validate(content["model"]),
        training=TrainingSettings.model_validate(content["training"]),
        vocabulary=vocabulary,
        rule_set=RuleSet.from_config(content["rule_set"]),
        adjacency=adjacency,
        text_features=features if features.size else None,
        crops={name: Path(path) for name, path in content["crops"].items()},
        weights=content["weights"],
        lexicon=None if lexicon is None else Lexicon.from_config(lexicon, vocabulary),
    )
    return Order(job, Path(content["work"]), Path(content["out"]), content["log_level"])


def log_file(folder: Path, rank: int) -> Path:
    """Where the messages of a process other than the first go."""
    return folder / f"process-{rank}.log"


def write_failure(folder: Path, rank: int, error: Exception) -> None:
    """Leave an error for the caller."""
    of_ours = isinstance(error, errors.FaceInsightError)
    content = {
        "time": time.time(),
        "rank": rank,
        "class": type(error).__name__ if of_ours else None,
        "message": str(error),
        "attributes": vars(error) if of_ours else {},
        "traceback": "".join(traceback.format_exception(error)),
    }
    with write_beside(folder / f"failure-{rank}.json") as path:
        path.write_text(json.dumps(content, default=str), encoding="utf-8")


def read_failures(folder: Path) -> list[Failure]:
    """What processes have left, the earliest first."""
    found = []
    for path in folder.glob("failure-*.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        found.append(
            Failure(content["time"], content["rank"], _error(content), content["traceback"])
        )
    return sorted(found, key=lambda failure: failure.time)


def _error(content: dict[str, Any]) -> errors.FaceInsightError | None:
    """The error again, made without its class's own arguments, which are not known here."""
    name = content["class"]
    if name is None:
        return None
    error_class = getattr(errors, name, errors.FaceInsightError)
    error: errors.FaceInsightError = error_class.__new__(error_class, content["message"])
    error.__dict__.update(content["attributes"])
    return error
