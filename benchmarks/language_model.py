"""Claim: a step of the model takes little more than its language model's own passes take.

    python benchmarks/language_model.py [--gguf FILE] [--image-encoder FOLDER]

Builds the model of `--env=compact`, and times by turns, on as many tokens an image: a forward pass
of the bare language model beside scoring by the whole (encoders, adapters, graph network, prompts,
the two rows of the output matrix), and its forward and backward pass, as far as its input, beside a
training step. Both are timed again where the system prompt is read for each image. Prints images
per second, and the median of the turns' ratios.

Without `--gguf` the language model has SmolLM2-135M's shape and random weights: speed does not
depend on them. Without `--image-encoder` the one of `small` takes its place. With `--gguf` the
model is also scored with matrices in int8 (PyTorch's dynamic quantisation), beside float32, and by
how much probabilities differ.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from torch import nn

from faceinsight.common.devices import cores
from faceinsight.method.variants import CORR
from faceinsight.model import FaceInsightModel, build_model
from faceinsight.model.settings import ModelSettings
from faceinsight.pipelines.ingestion.nodes import build_vocabulary

ROOT = Path(__file__).parents[1]
SMOLLM2: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "vocab_size": 49152,
    "tie_word_embeddings": True,
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--gguf", type=Path, help="SmolLM2-135M-Instruct as a GGUF file")
    arguments.add_argument("--image-encoder", type=Path, help="EfficientNet-Lite0's folder")
    arguments.add_argument("--batch", type=int, default=16)
    arguments.add_argument("--turns", type=int, default=5)
    given = arguments.parse_args()
    model = compact(given.gguf, given.image_encoder)
    inputs = batch(model, given.batch)
    body = model.language_model.base_model
    length = model.embed(inputs["photographs"], inputs["maps"]).shape[1]
    width = model.language_model.config.hidden_size
    states = torch.randn(given.batch, length, width)
    works: dict[str, Callable[[], Any]] = {}
    for name, shares in (("", None), (" (prompt read for each image)", lambda sequence: False)):
        of = partial(sharing, model, shares)
        works[f"scoring{name}"] = partial(of, score, model, inputs)
        works[f"training{name}"] = partial(of, train, model, inputs)
    works |= {"bare forward": partial(forward, body, states)}
    works |= {"bare forward and backward": partial(backward, body, states)}
    if given.gguf:
        packed = in_int8(model)
        works["scoring in int8"] = partial(score, packed, inputs)
    rates = turns(works, given.batch, given.turns)
    print(f"{length} tokens an image, batches of {given.batch}, {cores()} cores\n")
    print("| | images/s | times the bare pass |\n|---|---|---|")
    for name, values in rates.items():
        bare = rates["bare forward" + " and backward" * ("training" in name)]
        row = f"| {name} | {statistics.median(values):.2f} |"
        if not name.startswith("bare"):
            ratio = statistics.median(a / b for a, b in zip(values, bare, strict=True))
            row += f" {ratio:.2f}"
        print(row + " |")
    if given.gguf:
        plain, other = (of(**inputs).logits.sigmoid() for of in (model.eval(), packed))
        print(f"\nint8: probabilities differ by {(plain - other).abs().max():.3f} at most")


def compact(gguf: Path | None, image_encoder: Path | None) -> FaceInsightModel:
    """The model of `--env=compact`, of variant +corr, untrained."""
    bootstrap_project(ROOT)
    with KedroSession.create(ROOT, env="compact") as session:
        parameters = cast(KedroSession, session).load_context().params
    plain = parameters["model"].model_dump(mode="json")
    if gguf is None:
        plain["language_model"] = {"architecture": SMOLLM2}
        plain["text_encoder"] = {"width": SMOLLM2["hidden_size"]}
    else:
        plain["language_model"]["gguf"] = str(gguf.resolve())
    if image_encoder is None:
        own = plain["segmentation_encoder"]["architecture"]
        own = own | {"embedding_size": 32, "hidden_sizes": [32, 64, 128]}
        plain["image_encoder"] |= {"pretrained": None, "architecture": own}
    else:
        plain["image_encoder"]["pretrained"] = str(image_encoder)
    vocabulary = build_vocabulary(parameters["vocabulary"])
    size = len(vocabulary)
    width = SMOLLM2["hidden_size"]
    return build_model(
        ModelSettings.model_validate(plain),
        vocabulary,
        None,
        np.full((size, size), 1 / size),
        variant=CORR,
        text_features=np.random.default_rng(0).normal(size=(size, width)).astype(np.float32),
    )


def batch(model: FaceInsightModel, size: int) -> dict[str, torch.Tensor]:
    side, characteristics = model.config.image_size, len(model.config.characteristics)
    return {
        "photographs": torch.randint(0, 256, (size, side, side, 3), dtype=torch.uint8),
        "maps": torch.randint(0, 19, (size, side, side), dtype=torch.uint8),
        "labels": torch.randint(0, 2, (size, characteristics)),
    }


def sharing(model: FaceInsightModel, shares: Any, work: Callable[..., Any], *given: Any) -> None:
    if shares is not None:
        model._shares_system_prompt = shares  # type: ignore[method-assign]
    try:
        work(*given)
    finally:
        model.__dict__.pop("_shares_system_prompt", None)


@torch.inference_mode()
def score(model: FaceInsightModel, inputs: Mapping[str, torch.Tensor]) -> None:
    model.eval()(inputs["photographs"], inputs["maps"])


def train(model: FaceInsightModel, inputs: Mapping[str, torch.Tensor]) -> None:
    model.train()(**inputs).loss.backward()
    model.zero_grad()


@torch.inference_mode()
def forward(body: nn.Module, states: torch.Tensor) -> None:
    body(inputs_embeds=states, use_cache=False)


def backward(body: nn.Module, states: torch.Tensor) -> None:
    states = states.clone().requires_grad_()
    body(inputs_embeds=states, use_cache=False).last_hidden_state.sum().backward()


def in_int8(model: FaceInsightModel) -> FaceInsightModel:
    """A copy whose language model multiplies in int8."""
    copy = deepcopy(model)
    body: Any = copy.language_model.base_model
    torch.ao.quantization.quantize_dynamic(body, {nn.Linear}, dtype=torch.qint8, inplace=True)
    return copy.eval()


def turns(
    works: Mapping[str, Callable[[], Any]], images: int, times: int
) -> dict[str, list[float]]:
    """Images per second of each work, turn by turn; the first turn only warms up."""
    rates: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(times + 1):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            if turn:
                rates[name].append(images / (time.perf_counter() - started))
    return rates


if __name__ == "__main__":
    main()
