"""Settings as the project has them, and faces to ask about."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from faceinsight.baselines.settings import BaselineSettings
from faceinsight.frames import FramesWriter
from tests.baselines import tiny

ROOT = Path(__file__).parents[2]


def configured(**changes) -> BaselineSettings:
    """The project's own settings; `questions__attributes="list"` changes a nested one."""
    text = (ROOT / "conf/base/parameters_baselines.yml").read_text(encoding="utf-8")
    plain = yaml.safe_load(text)["rivals"] | {
        "chosen": "llava_1_5_7b",
        "scored_by": "text",
        "split": "test",
    }
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = plain
        for parent in parents:
            place = place[parent]
        place[last] = value
    return BaselineSettings.model_validate(plain)


def write_frames(folder: Path, dataset: str, raw: Path, table: pd.DataFrame) -> Path:
    """A folder of frames that holds no pictures, only where they are."""
    boxes = {
        side: pd.array([None] * len(table), dtype="Int32")
        for side in ("left", "top", "right", "bottom")
        if side not in table
    }
    writer = FramesWriter(
        folder,
        dataset=dataset,
        size=32,
        raw=raw,
        margin=0.25,
        max_pixels=1e6,
        photographs=False,
        maps=False,
    )
    writer.finish(table.assign(map_from="none", **boxes), np.zeros((len(table), 2)), {})
    return folder


def write_photographs(raw: Path, names: list[str], seed: int = 0) -> None:
    raw.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for name in names:
        pixels = rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(raw / name)


@pytest.fixture
def frames(tmp_path, vocabulary) -> dict[str, Path]:
    """Four faces of FairFace and two of CelebA, of which one each is no test face."""
    fairface, celeba = ["1.png", "2.png", "3.png", "4.png"], ["000001.png", "000002.png"]
    rng = np.random.default_rng(1)
    folders = {}
    for dataset, names in (("fairface", fairface), ("celeba", celeba)):
        raw = tmp_path / "raw" / dataset
        write_photographs(raw, names)
        ids = vocabulary.annotated_by(dataset)
        labels = pd.DataFrame(rng.integers(0, 2, (len(names), len(ids))), columns=list(ids))
        for group in vocabulary.groups.values():
            if set(group) <= set(ids):
                labels[list(group)] = 0
                labels[group[rng.integers(len(group))]] = 1
        table = labels.astype("Int8").assign(
            photograph=names,
            face=np.zeros(len(names), np.int16),
            split=["test"] * (len(names) - 1) + ["val"],
        )
        folders[dataset] = write_frames(tmp_path / "frames" / dataset, dataset, raw, table)
    return folders


@pytest.fixture(scope="session", params=list(tiny.BUILDERS))
def checkpoint(request, tmp_path_factory) -> tuple[str, Path]:
    """A tiny checkpoint of each native class: its kind and folder."""
    folder = tmp_path_factory.mktemp("checkpoints") / request.param
    tiny.save(request.param, folder)
    return request.param, folder
