"""Scoring and training of FaceInsight at one scale; for `paper_scale.py`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from faceinsight.model.compiling import compile_layers
from faceinsight.model.flops import sequence_length, work_per_image
from faceinsight.model.modeling import FaceInsightModel
from paper_scale_loading import batches, random_faces
from paper_scale_models import Scale, face_insight, faces
from timing import Results, forget_peak, peak_memory, seconds_of


@dataclass(frozen=True)
class Setting:
    """What is measured where."""

    scale: Scale
    device: torch.device
    dtype: torch.dtype

    @property
    def on_gpu(self) -> bool:
        return self.device.type == "cuda"

    def time(self, step: Callable[[], Any]) -> dict[str, Any]:
        return seconds_of(step, self.device, least=1.0 if self.on_gpu else 0.1)

    def autocast(self) -> AbstractContextManager[Any]:
        half = self.dtype != torch.float32
        return torch.autocast(self.device.type, self.dtype, enabled=half)


def score(results: Results, setting: Setting) -> None:
    """Scoring, batch by batch, as it is and with the layers compiled."""
    model = _build(results, setting)
    if model is None:
        return
    batches = (1, 8, 32, 64, 128) if setting.on_gpu else (1, 2, 4)
    for batch in batches:
        results.measure(f"score, batch {batch}", partial(_score, model, setting, batch))
    best = best_batch(results, "score")
    results.measure(f"encoders, batch {best}", partial(_encoders, model, setting, best))
    results.measure(
        f"score, batch {best}, adapters in float32",
        partial(_score, model, setting, best, autocast=False),
    )
    with _compiled(model):
        results.measure(
            f"score, batch {best}, layers compiled",
            partial(_score, model, setting, best, compiled="layers"),
        )


def train(results: Results, setting: Setting) -> None:
    """Training steps: batch sizes, the layers compiled, and gradient checkpointing."""
    model = _build(results, setting)
    if model is None:
        return
    for batch in (8, 16, 24) if setting.on_gpu else (1, 2, 4):
        results.measure(f"train, batch {batch}", partial(_train, model, setting, batch))
    with _compiled(model):
        for batch in (16, 24, 32) if setting.on_gpu else (4,):
            result = results.measure(
                f"train, batch {batch}, layers compiled",
                partial(_train, model, setting, batch, compiled="layers"),
            )
            if result["status"] == "out of memory":
                break
        best = best_batch(results, "train", compiled="layers")
        results.measure(
            f"train, batch {best}, layers compiled, photographs from files",
            partial(_train_from_files, model, setting, best),
        )
    model.gradient_checkpointing_enable()
    for batch in (32, 64) if setting.on_gpu else (4,):
        results.measure(
            f"train, batch {batch}, checkpointing",
            partial(_train, model, setting, batch, checkpointing=True),
        )
    model.gradient_checkpointing_disable()


def best_batch(results: Results, kind: str, **variation: str) -> int:
    """The batch size of the fastest measurement of a kind; 1 where there is none."""
    rows = [r for r in results.measurements.values() if r.get("kind") == kind]
    rows = [r for r in rows if r.get("variation") == variation]
    return max(rows, key=lambda r: r["images_per_second"])["batch"] if rows else 1


def _build(results: Results, setting: Setting) -> FaceInsightModel | None:
    built: list[FaceInsightModel] = []

    def build() -> dict[str, Any]:
        forget_peak(setting.device)
        model = face_insight(setting.scale, setting.device, setting.dtype)
        built.append(model)
        trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
        return {
            "kind": "model",
            "parameters": sum(p.numel() for p in model.parameters()),
            "trained_parameters": trained,
            "saved_mb": sum(t.numel() * 4 for t in _saved(model)) / 1e6,
            "tokens": sequence_length(model),
            "text_tokens": len(model.config.system_ids) + len(model.config.query_ids),
            "characteristics": len(model.vocabulary),
            "peak_gib": peak_memory(setting.device),
            "flops_scoring": vars(work_per_image(model, training=False)),
            "flops_training": vars(work_per_image(model, training=True)),
        }

    results.measure("model", build)
    return built[0] if built else None


def _saved(model: FaceInsightModel) -> Iterator[torch.Tensor]:
    """Tensors of a saved model whose frozen parts have checkpoints of their own."""
    for name, tensor in model.state_dict().items():
        if name.split(".")[0] not in model.config.frozen:
            yield tensor


def _score(
    model: FaceInsightModel,
    setting: Setting,
    batch: int,
    *,
    autocast: bool = True,
    compiled: str = "no",
) -> dict[str, Any]:
    inputs = faces(model, batch)
    inputs.pop("labels")
    model.eval()
    forget_peak(setting.device)
    precision = setting.autocast() if autocast else nullcontext()
    with torch.inference_mode(), precision:
        logits = model(**inputs).logits
        if not logits.isfinite().all():
            raise ValueError("a logit is not finite")
        times = setting.time(lambda: model(**inputs))
    variation = {}
    if not autocast:
        variation["adapters"] = "float32"
    if compiled != "no":
        variation["compiled"] = compiled
    work = work_per_image(model, training=False)
    return _row("score", setting, batch, times, work, variation)


def _train(
    model: FaceInsightModel,
    setting: Setting,
    batch: int,
    *,
    compiled: str = "no",
    checkpointing: bool = False,
    stream: Iterator[dict[str, torch.Tensor]] | None = None,
) -> dict[str, Any]:
    given = faces(model, batch)
    model.train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=2e-5)
    losses = []

    def step() -> None:
        inputs = given
        if stream is not None:
            read = next(stream)
            inputs = {k: v.to(setting.device, non_blocking=True) for k, v in read.items()}
        with setting.autocast():
            loss = model(**inputs).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.detach())

    forget_peak(setting.device)
    try:
        times = setting.time(step)
    finally:
        optimizer.zero_grad()
    if not torch.stack(losses).isfinite().all():
        raise ValueError("a loss is not finite")
    variation = {"compiled": compiled} if compiled != "no" else {}
    if checkpointing:
        variation["checkpointing"] = "all layers"
    if stream is not None:
        variation["input"] = "photographs from files"
    work = work_per_image(model, training=True)
    return _row("train", setting, batch, times, work, variation)


def _train_from_files(model: FaceInsightModel, setting: Setting, batch: int) -> dict[str, Any]:
    """The same step, fed as training feeds it: workers decode while the device computes."""
    with tempfile.TemporaryDirectory() as folder:
        workers = max(1, (os.cpu_count() or 1) - 4)
        stream = batches(random_faces(Path(folder)), batch, workers)
        return _train(model, setting, batch, compiled="layers", stream=stream)


def _encoders(model: FaceInsightModel, setting: Setting, batch: int) -> dict[str, Any]:
    inputs = faces(model, batch)
    drawn = model.map_colours[inputs["maps"].int()]

    def encode() -> None:
        model.image_encoder(inputs["photographs"])
        model.segmentation_encoder(drawn)

    with torch.inference_mode(), setting.autocast():
        times = setting.time(encode)
    return {"kind": "encoders", "batch": batch, "images_per_second": batch / times["seconds"]} | {
        "times": times
    }


def _row(
    kind: str,
    setting: Setting,
    batch: int,
    times: dict[str, Any],
    work: Any,
    variation: dict[str, str],
) -> dict[str, Any]:
    rate = batch / times["seconds"]
    return {
        "kind": kind,
        "batch": batch,
        "variation": variation,
        "images_per_second": rate,
        "flops": rate * work.language_model,
        "flops_all_parts": rate * work.total,
        "peak_gib": peak_memory(setting.device),
        "times": times,
    }


@contextmanager
def _compiled(model: FaceInsightModel) -> Iterator[None]:
    """The language model's layers compiled, and as they were again afterwards."""
    torch.compiler.reset()
    compile_layers(model.language_model, dynamic=False)
    try:
        yield
    finally:
        for module in model.language_model.modules():
            module._compiled_call_impl = None
        torch.compiler.reset()
