"""Drawn faces, and tiny checkpoints that learn from them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from faceinsight.rivals.finetuning.settings import FinetuningSettings
from faceinsight.rivals.settings import RivalsSettings
from faceinsight.rivals.tiny_checkpoints import Sizes, save_tiny
from tests.rivals.making import configured, write_crops

SIZES = Sizes(image=32, patch=16)
RECIPE = {
    "task": "fairface/gender",
    "learning_rates": (4e-3,),
    "image_encoders": ("frozen",),
    "rank": 32,
    "alpha": 64,
    "dropout": 0.0,
    "epochs": 4,
    "batch_size": 16,
    "gradient_accumulation_steps": 1,
    "precision": "fp32",
    "evaluations_per_epoch": 0.5,
    "patience": None,
}
RIVALS = {"llava": "llava_1_5_7b", "llava_onevision": "llava_onevision_7b_si"}


def recipe(**changes) -> FinetuningSettings:
    return FinetuningSettings.model_validate(RECIPE | changes)


@dataclass
class Tiny:
    """A checkpoint in a folder, and how it is asked."""

    kind: str
    folder: Path
    rivals: RivalsSettings


@pytest.fixture(scope="session", params=list(RIVALS))
def tiny(request, tmp_path_factory) -> Tiny:
    """A tiny checkpoint of each class that is fine-tuned."""
    folder = tmp_path_factory.mktemp("tiny") / request.param
    save_tiny(request.param, folder, SIZES)
    rivals = configured(chosen=RIVALS[request.param], local__path=str(folder), local__device="cpu")
    return Tiny(request.param, folder, rivals)


@pytest.fixture(scope="session")
def crops(tmp_path_factory, vocabulary) -> dict[str, Path]:
    """FairFace, drawn coarsely: 96 training, 32 validation and 48 test faces whose gender shows in
    the colour of the hair.
    """
    root = tmp_path_factory.mktemp("drawn")
    raw = root / "raw" / "fairface"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(3)
    splits = ["train"] * 96 + ["val"] * 32 + ["test"] * 48
    names = [f"{i}.png" for i in range(len(splits))]
    female = rng.permutation(np.arange(len(splits)) % 2)
    for name, is_female in zip(names, female, strict=True):
        face(rng, bool(is_female)).save(raw / name)
    ids = vocabulary.annotated_by("fairface")
    labels = pd.DataFrame(0, index=range(len(splits)), columns=list(ids))
    for task in vocabulary.tasks("fairface"):
        labels[task.members[0]] = 1
    labels["Female"], labels["Male"] = female, 1 - female
    table = labels.astype("Int8").assign(
        photograph=names, face=np.zeros(len(splits), np.int16), split=splits
    )
    return {"fairface": write_crops(root / "crops" / "fairface", "fairface", raw, table)}


def face(rng: np.random.Generator, female: bool) -> Image.Image:
    """Hair above skin, with noise; a woman's hair is light, a man's dark."""
    pixels = np.empty((40, 40, 3))
    pixels[:] = rng.uniform(80, 200, 3)
    pixels[:20] = [225, 190, 60] if female else [40, 25, 60]
    pixels += rng.normal(0, 20, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
