"""Training in several processes of a cluster: Ray Train around what a local process runs.

Sampler, losses and batch norms are those of a local start; so are checkpoints, which lie in the
work folder and hence where every machine of the cluster reaches them. A process that is lost costs
the updates since the last one: all begin again from there, three times at most.
"""

from __future__ import annotations

import logging
import shutil
import time
import warnings
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ray
import ray.train
from ray import cloudpickle
from ray.train import Checkpoint, CheckpointUploadMode, FailureConfig, RunConfig, ScalingConfig
from ray.train.torch import TorchConfig, TorchTrainer
from transformers import TrainerCallback

from faceinsight.cluster.connection import connect
from faceinsight.cluster.nodes import enter, require_folder
from faceinsight.common.messages import causes, sentence
from faceinsight.common.work import WorkFolder, write_beside
from faceinsight.errors import FaceInsightError
from faceinsight.training.checkpoints import CHECKPOINTS
from faceinsight.training.launch import ProcessError
from faceinsight.training.loop import PROCESSES, train_in_process

if TYPE_CHECKING:
    import pandas as pd

    from faceinsight.training.job import TrainingJob

logger = logging.getLogger(__name__)

_ERROR = "error.{}"
"""What ended a process, by its rank, and would end it again: in the folder of processes."""

_GRACE_SECONDS = 5.0
"""For so long a process that fails waits for the others to fail alike."""


def train_in_cluster(address: str, job: TrainingJob, work: Path, out: Path) -> pd.DataFrame:
    """Train a job in as many processes of a cluster as its settings name.

    Each has one GPU where the device is `cuda`, or `auto` and the cluster has so many; else a core.

    Args:
        address: of the cluster, see `ClusterSettings.address`.
        job: what to train.
        work: the work folder, which all machines of the cluster reach by the same path.
        out: where the finished model is put.

    Returns:
        The learning curve.

    Raises:
        FaceInsightError: as a process raised it; or processes were lost again and again.
        ProcessError: a process failed by a defect.
    """
    connect(address, logs=True)
    processes, device = job.training.processes or 1, job.training.device
    has = ray.cluster_resources()
    on_gpu = device == "cuda" or (device == "auto" and has.get("GPU", 0) >= processes)
    of, there = ("GPU", "GPUs") if on_gpu else ("CPU", "cores")
    if (number := int(has.get(of, 0))) < processes:
        logger.warning(
            "training.processes is %d, and the cluster has %d %s: it waits for more.",
            *(processes, number, there),
        )
    settings = job.training.model_copy(update={"device": "cuda" if on_gpu else "cpu"})
    place = (work / PROCESSES).absolute()
    place.mkdir(exist_ok=True)
    for error in _errors(place):
        error.unlink()
    checkpoints = (work / CHECKPOINTS).absolute()
    checkpoints.mkdir(exist_ok=True)
    for file in checkpoints.iterdir():
        if file.is_file():  # Ray's own, of an earlier start; it asks for checkpoints that went.
            file.unlink()
    level = logging.getLogger("faceinsight").getEffectiveLevel()
    trainer = _Trainer(
        partial(  # type: ignore[arg-type]  # what it returns is given back
            _take_part,
            # Pickled here: else all processes of a machine would share its arrays, unwritable.
            cloudpickle.dumps(replace(job, training=settings)),
            *(work, out, place, Path.cwd(), level),
        ),
        # Reading a model of many GB from a cold disk may take one process long.
        torch_config=TorchConfig(backend="nccl" if on_gpu else "gloo", timeout_s=3600),
        scaling_config=ScalingConfig(num_workers=processes, use_gpu=on_gpu),
        run_config=RunConfig(  # type: ignore[call-arg]  # which checks against its first version
            name=checkpoints.name,
            storage_path=str(checkpoints.parent),
            failure_config=FailureConfig(max_failures=3),
            logging_config=ray.train.LoggingConfig(log_level="CRITICAL"),
            # DDP warns that all parameters were used where that could not be known before.
            worker_runtime_env={"env_vars": {"TORCH_CPP_LOG_LEVEL": "ERROR"}},
        ),
    )
    try:
        result = trainer.fit()
    except ray.train.TrainingFailedError as failed:
        raise _failure(failed) from None
    if errors := _errors(place):
        raise FaceInsightError(errors[0].read_text("utf-8"))
    shutil.rmtree(place)
    return result.return_value  # type: ignore[attr-defined]


class _Trainer(TorchTrainer):
    """Ray's, which leaves Ctrl-C to Python: processes end with the one that has started them."""

    def _register_sigint_handler(self, controller: Any) -> None:
        pass

    def _create_default_callbacks(self) -> list[Any]:
        # One outlives the start, to free what Ray frees by itself, and says every second that it
        # misses the dashboard where there is none.
        made = super()._create_default_callbacks()  # type: ignore[misc]
        return [of for of in made if type(of).__name__ != "PlacementGroupCleanerCallback"]


class _ReportCheckpoints(TrainerCallback):
    """Tell Ray of each checkpoint, where it lies and after it is whole.

    Ray's own callback would copy each twice, the newest that there is, whole or not.
    """

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """`WholeCheckpoints` has marked it."""
        metrics = {name: value for entry in state.log_history for name, value in entry.items()}
        folder = Path(args.output_dir).absolute() / f"checkpoint-{state.global_step}"
        ray.train.report(
            metrics,
            Checkpoint.from_directory(folder) if args.should_save else None,
            checkpoint_upload_mode=CheckpointUploadMode.NO_UPLOAD,
        )


def _take_part(
    pickled: bytes, work: Path, out: Path, place: Path, cwd: Path, level: int
) -> pd.DataFrame | None:
    """What each process does."""
    if _errors(place):  # All begin again, also where that does not help.
        return None
    rank = ray.train.get_context().get_world_rank()
    logging.getLogger("ray.train").setLevel(logging.CRITICAL)  # It tells of every report.
    ours, handler = logging.getLogger("faceinsight"), logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
    ours.handlers, ours.propagate = [handler], False
    ours.setLevel(logging.WARNING if rank else level)
    # Of a 1 x 1 convolution on channels-last pictures; it costs nothing here.
    warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
    job: TrainingJob = cloudpickle.loads(pickled)
    try:
        enter(cwd)
        require_folder("work folder (`work`)", place)
        # Whoever started this training before may be gone, and its first process still write.
        with nullcontext() if rank else WorkFolder(place.parent, place.name, "first").alone():
            return train_in_process(job, work, out, _ReportCheckpoints())
    except Exception as error:
        if (told := sentence(error)) is None or not place.is_dir():
            raise
        with write_beside(place / _ERROR.format(rank)) as path:
            path.write_text(told, encoding="utf-8")
        begun = time.monotonic()
        while time.monotonic() - begun < _GRACE_SECONDS:
            if len(_errors(place)) == job.training.processes:
                return None  # Nobody waits for another, and none needs to begin again.
            time.sleep(0.05)
        raise


def _errors(place: Path) -> list[Path]:
    """What processes have ended by, the first one first."""
    return sorted(place.glob(_ERROR.format("*")), key=lambda path: path.stat().st_mtime_ns)


def _failure(error: ray.train.TrainingFailedError) -> Exception:
    """What to raise: a sentence where there is one, else a defect's own traceback."""
    failures = getattr(error, "worker_failures", {})
    for rank, failure in failures.items():
        for cause in causes(failure):
            if isinstance(cause, ray.exceptions.RayActorError):
                return FaceInsightError(
                    f"training: process {rank} was lost, as were others before ("
                    f"{str(cause).splitlines()[0]}): see that memory suffices on every machine, "
                    "or lower training.batch_size"
                )
    for failure in failures.values():
        if said := sentence(getattr(failure, "_base_exc", failure)):
            return FaceInsightError(said)
    rank, failure = next(iter(failures.items()), (None, error))
    return ProcessError(f"training process {rank} failed:\n{failure}")
