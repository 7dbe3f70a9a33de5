"""Settings as the project has them, photographs and crops; loads quickly."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image

from faceinsight.data.store import CropWriter
from faceinsight.method.rules.compiler import RuleSet
from faceinsight.pipelines.rules.nodes import compile_rules
from faceinsight.rivals.settings import RivalsSettings

ROOT = Path(__file__).parents[2]


def configured(**changes) -> RivalsSettings:
    """The project's own settings; `questions__attributes="list"` changes a nested one."""
    text = (ROOT / "conf/base/parameters_rivals.yml").read_text(encoding="utf-8")
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


def rules(vocabulary) -> RuleSet:
    """The project's own rules."""
    text = (ROOT / "conf/base/rules.yml").read_text(encoding="utf-8")
    return compile_rules(yaml.safe_load(text)["rules"], vocabulary)
