"""Trains the model of `conf/embedded`, and puts it into the package in half precision."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers.utils import IMAGE_PROCESSOR_NAME

from faceinsight.common.work import digest, write_beside
from faceinsight.errors import ParameterError
from faceinsight.method.variants import COH
from faceinsight.model.configuration import FaceInsightConfig
from faceinsight.model.image_processing import FaceInsightImageProcessor
from faceinsight.model.saving import CONFIG, PROVENANCE, WEIGHTS
from faceinsight.training.loop import train
from runner import Project, commit_of_code, job_of, prepare

MOST_BYTES = 12_000_000
"""Of the weights in the package."""


def train_into(package: Path, project: Project, seed: int, margin: float | None = None) -> None:
    """Prepare the data sets, train and calibrate where that is not done yet, and export.

    Args:
        package: where the model goes.
        project: the pipelines of the environment.
        seed: of training.
        margin: around a face that a detector has found, in place of that around ExpW's boxes.
    """
    prepare(project)
    model, _ = train(job_of(project, COH.name, seed), project.folder / "work")
    export(model, package, ", ".join([f"seed {seed}", *told(project.given)]), margin)
    print(f"The model lies in {package}.")


def told(given: Sequence[str]) -> list[str]:
    """What parameters say to somebody on another machine: of a path its name, of `raw` nothing."""
    pairs = [of.partition("=") for of in given if not of.startswith("raw=")]
    return [f"{name}={Path(of).name if '/' in of else of}" for name, _, of in pairs]


def export(model: Path, package: Path, made: str, margin: float | None = None) -> None:
    """Copy a trained model into the package, its matrices and kernels in half precision.

    Biases, and what normalises, stay as they are: they weigh nothing, and variances may lie beyond
    what half precision holds. `FaceInsight` computes in float32 all the same.

    Args:
        model: folder of the trained model.
        package: where it goes; a model that lies there is replaced.
        made: what its training was given beside `conf/embedded`, for its provenance.
        margin: see `train_into`.

    Raises:
        ParameterError: the weights are larger than `MOST_BYTES`, or leave half precision.
    """
    weights = {
        name: of.half() if of.is_floating_point() and of.ndim > 1 else of
        for name, of in load_file(model / WEIGHTS).items()
    }
    if beyond := [name for name, of in weights.items() if not torch.isfinite(of).all()]:
        raise ParameterError(f"{model}: {beyond[0]} leaves the range of half precision")
    size = sum(of.nbytes for of in weights.values())
    if size > MOST_BYTES:
        raise ParameterError(
            f"{model}: its weights take {size:,} bytes in half precision, and {MOST_BYTES:,} are "
            "the most: take a smaller encoder"
        )
    # All of it is in the package; a folder on the machine that trained it says nothing.
    config = json.loads((model / CONFIG).read_text(encoding="utf-8"), object_hook=_nameless)
    for part in ("image_encoder", "language_model"):
        if (pretrained := config[part].get("pretrained")) and Path(pretrained).is_dir():
            config[part]["pretrained"] = Path(pretrained).resolve().name
    if margin is not None:
        config["crops"]["margin"] = margin
    facts = json.loads((model / PROVENANCE).read_text(encoding="utf-8"))
    facts["package"] = {
        "made_by": "python experiments/embedded train",
        "given": made,
        "code": commit_of_code(),
        "trained_weights": digest(model / WEIGHTS),
        "margin": config["crops"]["margin"],
        "format": "float16; biases and normalisation float32",
    }
    package.parent.mkdir(parents=True, exist_ok=True)
    with write_beside(package) as beside:
        shutil.copytree(model, beside)
        save_file(weights, beside / WEIGHTS, metadata={"format": "pt"})
        (beside / WEIGHTS).chmod(0o644)  # safetensors lets nobody else read
        (beside / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        crops = FaceInsightConfig.from_pretrained(beside)
        FaceInsightImageProcessor.of_model(crops).to_json_file(beside / IMAGE_PROCESSOR_NAME)
        (beside / PROVENANCE).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def _nameless(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration without where it was read from."""
    return {name: of for name, of in config.items() if name != "_name_or_path"}
