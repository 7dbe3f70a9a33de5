"""Drawn faces, and tiny checkpoints that learn from them."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from experiments.tiny_checkpoints import Sizes, save_tiny

from faceinsight.rivals.finetuning.settings import FinetuningSettings
from faceinsight.rivals.settings import RivalsSettings
from tests.rivals.making import configured, write_faces

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
    """Faces of FairFace whose gender shows in the colour of the hair."""
    splits = {"train": 96, "val": 32, "test": 48}
    return write_faces(tmp_path_factory.mktemp("drawn"), vocabulary, splits)
