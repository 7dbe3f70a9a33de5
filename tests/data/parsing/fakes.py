"""A parser without weights."""

from __future__ import annotations

import numpy as np

from faceinsight.data.classes import MAP_CLASSES
from faceinsight.data.geometry import Square, cut_map

HAIR = MAP_CLASSES.index("hair")
SKIN = MAP_CLASSES.index("skin")


class BrightnessParser:
    """Bright is skin and dark is hair; views that are all black hold no face."""

    def __init__(self, key: str = "brightness", stop_after: int | None = None) -> None:
        self.key = key
        self.stop_after = stop_after
        self.batches: list[int] = []
        self.boxes: list[np.ndarray] = []
        self.windows: list[tuple[float, float]] = []

    def __call__(
        self, views: np.ndarray, boxes: np.ndarray, window: tuple[float, float], size: int
    ) -> tuple[np.ndarray, np.ndarray]:
        if self.stop_after is not None and len(self.batches) >= self.stop_after:
            raise KeyboardInterrupt
        self.batches.append(len(views))
        self.boxes.append(boxes)
        self.windows.append(window)
        start, side = (part * views.shape[1] for part in window)
        classes = np.where(views[..., 0] > 127, SKIN, HAIR).astype(np.uint8)
        maps = [cut_map(one, Square(start, start, side), size) for one in classes]
        return np.stack(maps), views.max(axis=(1, 2, 3)) > 0

    @property
    def parsed(self) -> int:
        return sum(self.batches)
