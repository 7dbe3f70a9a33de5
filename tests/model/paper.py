"""A scale's own configuration, with tiny checkpoints in the places of the published ones."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from faceinsight.method.prior import correlation_prior, count
from faceinsight.method.variants import Variant
from faceinsight.pipelines.ingestion.nodes import build_vocabulary
from faceinsight.pipelines.priors.nodes import encode_phrases
from faceinsight.pipelines.rules.nodes import compile_rules
from faceinsight.training.job import TrainingJob
from tests.conftest import ROOT
from tests.model import checkpoints
from tests.training.conftest import write_crops


@cache
def configuration(env: str = "paper") -> dict[str, Any]:
    """The typed parameters of `kedro run --env=paper`, or of another environment."""
    bootstrap_project(ROOT)
    with KedroSession.create(ROOT, env=env) as session:
        return session.load_context().params


def settings(name: str, changes: Mapping[str, Any], env: str = "paper") -> Any:
    """The environment's own settings of that name, changed as `--params` would change them."""
    own = configuration(env)[name]
    plain = own.model_dump(mode="json")
    for key, value in changes.items():
        merges = isinstance(value, dict) and isinstance(plain[key], dict)
        plain[key] = plain[key] | value if merges else value
    return type(own).model_validate(plain)


def write_bases(folder: Path, *, language=checkpoints.write_llava) -> dict:
    """Write the four checkpoints that `paper` names, and give the overrides that point to them."""
    places = {"image_encoder": "flip", "text_encoder": "flip"}
    places |= {"segmentation_encoder": "vit", "language_model": "language"}
    for name, write in {
        "flip": checkpoints.write_clip,
        "vit": checkpoints.write_vit,
        "language": language,
    }.items():
        if not (folder / name).exists():
            write(folder / name)
    return {part: {"pretrained": str(folder / name)} for part, name in places.items()}


def job(
    folder: Path, model: dict | None = None, *, env: str = "paper", variant: str = "lgc", **training
) -> TrainingJob:
    """Two steps of training as `paper`, or another environment, says, but for paths and sizes."""
    given = configuration(env)
    sizes = {
        "batch_size": 4,
        "gradient_accumulation_steps": 1,
        "evaluations_per_epoch": 1,
        "workers": 0,
        "logging_steps": 1,
        "device": "cpu",
    }
    bases = (write_bases(folder) if env == "paper" else {}) | (model or {})
    model_settings = settings("model", {"image_size": checkpoints.SIZE} | bases, env)
    vocabulary = build_vocabulary(given["vocabulary"])
    rng = np.random.default_rng(0)
    counts = count([rng.integers(0, 2, (50, len(vocabulary))).astype(np.int8)])
    crops = folder / "crops"
    if not crops.exists():
        write_crops(crops, 11, seed=1)  # 8 to train on, 3 to validate with
    return TrainingJob(
        variant=Variant.model_validate(given["variants"][variant]),
        model=model_settings,
        training=settings("training", sizes | training, env),
        vocabulary=vocabulary,
        rule_set=compile_rules(given["rules"], vocabulary, given["vocabulary"]),
        adjacency=correlation_prior(counts, 0.4, 0.8).adjacency,
        text_features=encode_phrases(vocabulary, model_settings)["features"],
        crops={"celeba": crops},
        weights={},
    )


def faces() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    size = checkpoints.SIZE
    return {
        "photographs": torch.randint(0, 256, (3, size, size, 3), generator=generator).byte(),
        "maps": torch.randint(0, 19, (3, size, size), generator=generator).byte(),
    }


@torch.no_grad()
def probabilities(model) -> np.ndarray:
    """By the class's own forward pass: training leaves its autocast around the model's."""
    return type(model).forward(model, **faces()).logits.sigmoid().numpy()
