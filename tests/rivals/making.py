"""Settings as the project has them, photographs and crops; loads quickly."""

from copy import deepcopy
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image

from faceinsight.data.store import CropWriter
from faceinsight.method.rules.compiler import RuleSet, compile_rules
from faceinsight.rivals.settings import RivalsSettings

ROOT = Path(__file__).parents[2]


@cache
def parameters() -> dict:
    """The project's own parameters of rivals, in plain values."""
    text = (ROOT / "conf/base/parameters_rivals.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def configured(**changes) -> RivalsSettings:
    """The project's own settings; `questions__attributes="list"` changes a nested one."""
    fixed = {"chosen": "llava_1_5_7b", "scored_by": "text", "split": "test"}
    plain = deepcopy(parameters()["rivals"]) | fixed
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = plain
        for parent in parents:
            place = place[parent]
        place[last] = value
    return RivalsSettings.model_validate(plain)


def write_crops(folder: Path, dataset: str, raw: Path, table: pd.DataFrame) -> Path:
    """A folder of crops that holds no pictures, only where they are."""
    boxes = {
        side: pd.array([None] * len(table), dtype="Int32")
        for side in ("left", "top", "right", "bottom")
        if side not in table
    }
    writer = CropWriter(
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


def write_faces(root: Path, vocabulary, splits: dict[str, int]) -> dict[str, Path]:
    """FairFace, drawn coarsely: so many faces of each split; gender shows in the colour of the
    hair, a woman's is light, and all are of the first age and race.
    """
    raw = root / "raw" / "fairface"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(3)
    split = [name for name, n in splits.items() for _ in range(n)]
    names = [f"{i}.png" for i in range(len(split))]
    female = rng.permutation(np.arange(len(split)) % 2)
    for name, is_female in zip(names, female, strict=True):
        pixels = np.empty((40, 40, 3))
        pixels[:] = rng.uniform(80, 200, 3)
        pixels[:20] = [225, 190, 60] if is_female else [40, 25, 60]
        pixels += rng.normal(0, 20, pixels.shape)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(raw / name)
    ids = vocabulary.annotated_by("fairface")
    labels = pd.DataFrame(0, index=range(len(split)), columns=list(ids))
    for task in vocabulary.tasks("fairface"):
        labels[task.members[0]] = 1
    labels["Female"], labels["Male"] = female, 1 - female
    table = labels.astype("Int8").assign(
        photograph=names, face=np.zeros(len(split), np.int16), split=split
    )
    return {"fairface": write_crops(root / "crops" / "fairface", "fairface", raw, table)}


@cache
def rules(vocabulary) -> RuleSet:
    """The project's own rules."""
    text = (ROOT / "conf/base/rules.yml").read_text(encoding="utf-8")
    return compile_rules(yaml.safe_load(text)["rules"], vocabulary)
