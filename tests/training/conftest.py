"""A training job of seconds: a picture's colour says what is in it."""

import multiprocessing
from collections.abc import Iterator
from functools import partial
from multiprocessing.context import ForkServerContext
from multiprocessing.forkserver import ensure_running
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from faceinsight.answers.lexicon import Lexicon
from faceinsight.data.store import CropWriter
from faceinsight.method.prior import correlation_prior, count
from faceinsight.method.variants import LGC
from faceinsight.training import launch, speed
from faceinsight.training.job import TrainingJob
from faceinsight.training.settings import TrainingSettings
from tests.model import tiny
from tests.training.processes import forked


def write_crops(
    folder: Path, n: int, seed: int, dataset: str = "celeba", maps: bool = True
) -> Path:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, (n, 3))
    size = tiny.SIZE
    photographs = rng.integers(0, 60, (n, size, size, 3), dtype=np.uint8)
    photographs += (labels[:, None, None, :] * 150).astype(np.uint8)
    label_maps = rng.integers(0, 19, (n, size, size), dtype=np.uint8)
    male = labels[:, 2]
    examples = pd.DataFrame(
        {
            "photograph": [f"{seed}/{i}.jpg" for i in range(n)],
            "face": np.zeros(n, np.int16),
            "split": np.where(np.arange(n) % 4 == 0, "val", "train"),
            "map_from": "provided",
            "Bald": labels[:, 0],
            "Bangs": labels[:, 1] * (1 - labels[:, 0]),
            "Smiling": labels[:, 1],
            "Male": male,
            "Female": 1 - male,
        }
    )
    boxes = {
        side: pd.array([None] * n, dtype="Int32") for side in ("left", "top", "right", "bottom")
    }
    writer = CropWriter(
        folder, dataset=dataset, size=size, raw=folder, margin=0.25, max_pixels=1e6, maps=maps
    )
    writer.add({"photographs": photographs, "maps": label_maps})
    places = np.stack([np.zeros(n, int), np.arange(n)], axis=1)
    writer.finish(examples.assign(**boxes), places, {"digest": f"{n}-{seed}"})
    return folder


def make_job(
    crops: Path, model: dict | None = None, lexicon: Lexicon | None = None, **training
) -> TrainingJob:
    counts = count([np.random.default_rng(0).integers(0, 2, (50, 5)).astype(np.int8)])
    settings = {
        "epochs": 3,
        "batch_size": 16,
        "learning_rate": 3e-3,
        "precision": "fp32",
        "evaluations_per_epoch": 2,
        "patience": None,
        "logging_steps": 1,
        "device": "cpu",
    }
    return TrainingJob(
        variant=LGC,
        model=tiny.settings(**(model or {})),
        training=TrainingSettings(**(settings | training)),
        vocabulary=tiny.vocabulary(),
        rule_set=tiny.ruleset(),
        adjacency=correlation_prior(counts, 0.4, 0.8).adjacency,
        text_features=None,
        crops={"celeba": crops},
        weights={},
        lexicon=lexicon,
    )


@pytest.fixture
def job(tmp_path):
    crops = write_crops(tmp_path / "crops", 160, seed=1)
    return partial(make_job, crops)


@pytest.fixture(scope="module")
def uncounted() -> Iterator[None]:
    """What is trained again and again is not counted again and again; `test_loop` counts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "training_flops_per_image", lambda model: 1e6)
        yield


@pytest.fixture(scope="session")
def forkserver() -> ForkServerContext:
    """Forks processes that have imported everything, which takes a fresh one seconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.training.preloaded"])
    with launch._environment(2):  # theirs is that in which the server starts
        ensure_running()
    return context


@pytest.fixture
def forks(forkserver: ForkServerContext) -> Iterator[ForkServerContext]:
    """As `forkserver`; where training starts processes, it forks them there."""
    with forked():
        yield forkserver


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked about does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")
