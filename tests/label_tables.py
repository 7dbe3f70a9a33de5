"""Small label tables and photographs for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image


def label_table(
    photographs: Sequence[str],
    boxes: Sequence[tuple[int, int, int, int] | None] | None = None,
    splits: Sequence[str] | None = None,
    **labels: Sequence[int | None],
) -> pd.DataFrame:
    """A label table as readers give it, with any label columns."""
    n = len(photographs)
    boxes = boxes or [None] * n
    faces = [list(photographs[:i]).count(name) for i, name in enumerate(photographs)]
    columns = {
        "photograph": pd.array(list(photographs), dtype="string[pyarrow]"),
        "face": pd.array(faces, dtype="int16[pyarrow]"),
    }
    for i, side in enumerate(("left", "top", "right", "bottom")):
        values = [None if box is None else box[i] for box in boxes]
        columns[side] = pd.array(values, dtype="int32[pyarrow]")
    columns["split"] = pd.array(list(splits or ["train"] * n), dtype="string[pyarrow]")
    for name, values in labels.items():
        columns[name] = pd.array(list(values), dtype="int8[pyarrow]")
    return pd.DataFrame(columns)


def save_photograph(
    root: Path, name: str, *, seed: int = 0, size: tuple[int, int] = (60, 40)
) -> np.ndarray:
    """Save a lossless photograph of smooth noise, and return its pixels [H, W, 3]."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, format="PNG")
    return np.asarray(image)


def save_map(root: Path, name: str, classes: np.ndarray) -> None:
    """Save a label map, [H, W] uint8, as a grey PNG."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(classes.astype(np.uint8)).save(path)
