"""How fast photographs and label maps reach the device; for `paper_scale.py`.

The project's own way at `--env=paper`: photographs are decoded from their files, cut and resized by
worker processes, maps come from shards, and batches lie in pinned memory. The photographs are
smooth random pictures of 250 x 300 pixels, larger than CelebA's and VGGFace2's usual ones.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from PIL import Image
from torch.utils.data import DataLoader

from faceinsight.data.augmentation import AugmentationSettings
from faceinsight.data.dataset import FaceDataset, keep_batch
from faceinsight.data.store import CropWriter, StoredCrops
from faceinsight.method.characteristics import Vocabulary
from paper_scale_models import ROOT

FILES, SIZE, BATCH = 512, 224, 32
WIDTH, HEIGHT = 250, 300


def loading(workers: tuple[int, ...] | None = None, seconds: float = 6.0) -> dict[str, Any]:
    """Images a second out of a DataLoader, for several numbers of worker processes."""
    cores = os.cpu_count() or 1
    rates = {}
    with tempfile.TemporaryDirectory() as folder:
        data = random_faces(Path(folder))
        for number in workers or sorted({1, max(1, cores - 4), cores}):
            rates[number] = _rate(data, number, seconds)
    return {
        "kind": "loading",
        "images_per_second": max(rates.values()),
        "workers": rates,
        "cores": cores,
        "photographs": f"{WIDTH} x {HEIGHT} JPEG",
    }


def batches(data: FaceDataset, size: int, workers: int) -> Iterator[dict[str, torch.Tensor]]:
    """Batches of `size` without end."""
    indices = np.arange(len(data))
    order = (np.roll(indices, -start)[:size].tolist() for start in count(0, size))
    loader = DataLoader(
        data,
        batch_sampler=order,
        num_workers=workers,
        collate_fn=keep_batch,
        pin_memory=torch.cuda.is_available(),
    )
    return iter(loader)


def _rate(data: FaceDataset, workers: int, seconds: float) -> float:
    stream = batches(data, BATCH, workers)
    for _ in range(2 * workers):  # what was read ahead while the processes started
        next(stream)
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        done += len(next(stream)["labels"])
    return done / (time.perf_counter() - started)


def random_faces(folder: Path) -> FaceDataset:
    """512 random photographs on disk, with label maps in a shard."""
    rng = np.random.default_rng(0)
    names = [f"{i:04}.jpg" for i in range(FILES)]
    for name in names:
        rough = rng.integers(0, 256, (HEIGHT // 10, WIDTH // 10, 3), dtype=np.uint8)
        picture = Image.fromarray(rough).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        picture.save(folder / name, quality=90)
    boxes = dict.fromkeys(("left", "top", "right", "bottom"))
    table = pd.DataFrame({"photograph": names, "face": 0, **boxes, "split": "train"})
    writer = CropWriter(
        folder / "crops",
        dataset="random",
        size=SIZE,
        raw=folder,
        margin=0.0,
        max_pixels=1e8,
        photographs=False,
    )
    shard = writer.add({"maps": rng.integers(0, 19, (FILES, SIZE, SIZE), dtype=np.uint8)})
    places = np.stack([np.full(FILES, shard), np.arange(FILES)], axis=1)
    writer.finish(table.convert_dtypes(dtype_backend="pyarrow"), places, {"digest": "random"})
    text = (ROOT / "conf/base/characteristics.yml").read_text(encoding="utf-8")
    vocabulary = Vocabulary.from_config(yaml.safe_load(text)["vocabulary"])
    crops = {"random": StoredCrops.open(folder / "crops")}
    return FaceDataset(crops, vocabulary, "train", True, AugmentationSettings())
