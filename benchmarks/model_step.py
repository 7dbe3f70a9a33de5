"""Claim: all K characteristics from one sequence, by two rows of the output matrix, is cheap.

Times one training step (forward and backward) of three ways to the same probabilities, in one run:

- `two rows`: the model as it is;
- `whole vocabulary`: the language model's own head, of which only "yes" and "no" are used;
- `one question each`: K sequences an image, each with one characteristic.

    python benchmarks/model_step.py --batch 8 --vocabulary 32064 --device cuda --dtype bfloat16
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from faceinsight.method.characteristics import Characteristic, Vocabulary
from faceinsight.method.losses import masked_bce
from faceinsight.method.variants import CORR
from faceinsight.model import FaceInsightModel, ModelSettings, build_model

ENCODER = {
    "architecture": {
        "model_type": "resnet",
        "embedding_size": 16,
        "hidden_sizes": [16, 32, 64],
        "depths": [1, 1, 1],
        "layer_type": "basic",
    },
    "feature_layer": -1,
}


def tiny_model(characteristics: int, vocabulary_size: int) -> FaceInsightModel:
    settings = ModelSettings.model_validate(
        {
            "image_size": 64,
            "image_encoder": ENCODER,
            "segmentation_encoder": ENCODER,
            "text_encoder": {"width": 64},
            "language_model": {
                "architecture": {
                    "model_type": "llama",
                    "hidden_size": 96,
                    "intermediate_size": 256,
                    "num_hidden_layers": 2,
                    "num_attention_heads": 4,
                    "vocab_size": vocabulary_size,
                }
            },
            "prompts": {"system": "A face:", "query": "Analyze the facial features."},
            "characteristics_attend": "independent",
        }
    )
    vocabulary = Vocabulary(
        [Characteristic(f"c{i}", f"characteristic {i}", {}) for i in range(characteristics)], {}, {}
    )
    return build_model(settings, vocabulary, adjacency=np.eye(characteristics), variant=CORR)


def two_rows(model: FaceInsightModel, photographs: Tensor, maps: Tensor) -> Tensor:
    return model(photographs, maps).logits


def whole_vocabulary(model: FaceInsightModel, photographs: Tensor, maps: Tensor) -> Tensor:
    sequence = model.embed(photographs, maps)
    out = model.language_model(
        inputs_embeds=sequence, use_cache=False, **model.attention(sequence.shape[1])
    )
    logits = out.logits[:, -len(model.config.characteristics) :].float()
    return logits[..., model.config.yes_id] - logits[..., model.config.no_id]


def one_question_each(model: FaceInsightModel, photographs: Tensor, maps: Tensor) -> Tensor:
    size = len(model.config.characteristics)
    sequence = model.embed(photographs, maps)
    batch, length, width = sequence.shape
    before = sequence[:, None, :-size].expand(batch, size, length - size, width)
    questions = torch.cat([before, sequence[:, -size:, None]], dim=2).flatten(0, 1)
    body = model.language_model.base_model
    hidden = body(inputs_embeds=questions, use_cache=False).last_hidden_state[:, -1]
    return model.read_out(hidden).view(batch, size)


def seconds_of_step(
    way: Callable[[FaceInsightModel, Tensor, Tensor], Tensor],
    model: FaceInsightModel,
    batch: tuple[Tensor, Tensor, Tensor],
    device: torch.device,
    dtype: torch.dtype,
    repeats: int,
) -> float:
    photographs, maps, labels = batch
    times = []
    for _ in range(repeats + 1):
        if device.type == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            logits = way(model, photographs, maps)
        masked_bce(logits, labels).backward()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
        model.zero_grad()
    return min(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--characteristics", type=int, default=82)
    parser.add_argument("--vocabulary", type=int, default=32064)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    device, dtype = torch.device(arguments.device), getattr(torch, arguments.dtype)
    model = tiny_model(arguments.characteristics, arguments.vocabulary)
    nn.Module.to(model, device)
    size = model.config.image_size
    batch = (
        torch.randint(0, 256, (arguments.batch, size, size, 3), dtype=torch.uint8, device=device),
        torch.randint(0, 19, (arguments.batch, size, size), dtype=torch.uint8, device=device),
        torch.randint(-1, 2, (arguments.batch, arguments.characteristics), device=device),
    )
    ways = (two_rows, whole_vocabulary, one_question_each)
    with torch.no_grad():
        first, *others = (way(model.eval(), *batch[:2]) for way in ways)
        for other in others:
            torch.testing.assert_close(other, first, rtol=1e-3, atol=1e-3)
    model.train()
    base = 0.0
    for way in ways:
        seconds = seconds_of_step(way, model, batch, device, dtype, arguments.repeats)
        base = base or seconds
        name = way.__name__.replace("_", " ")
        rate = arguments.batch / seconds
        print(f"{name:20s} {rate:8.1f} images/s  {seconds / base:6.1f} times the first")


if __name__ == "__main__":
    main()
