"""Three drawn pictures to try a model on, for whoever has no photograph at hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from faceinsight.data.crops import FaceCrop, cut_face
from faceinsight.data.drawn.settings import DrawnSettings
from faceinsight.data.drawn.studio import Studio
from faceinsight.data.geometry import Box
from faceinsight.data.parsing.provided import load_map
from faceinsight.inference.cropper import Crops, Photograph, crop_settings
from faceinsight.inference.faceinsight import FaceInsight
from faceinsight.inference.photograph import read_photograph

_SEED, _SIZE, _COUNT = 7, 320, 40
"""Of the faces that are drawn, some that show much."""


@dataclass(frozen=True)
class Example:
    """A drawn picture, with what is known of it because it was drawn.

    Attributes:
        name: what it shows.
        file: the picture's bytes, a JPEG.
        label_map: [H, W] uint8, exact.
        boxes: of the faces, from left to right; None where the picture is one face.
    """

    name: str
    file: bytes
    label_map: np.ndarray
    boxes: tuple[Box | None, ...]

    @cached_property
    def pixels(self) -> np.ndarray:
        """[H, W, 3] uint8, RGB."""
        return read_photograph(self.file, self.name, np.inf)


def draw_examples() -> tuple[Example, ...]:
    """Draw the examples, the same ones each time; nothing of them stays on disk."""
    settings = DrawnSettings(seed=_SEED, size=_SIZE)
    with TemporaryDirectory(prefix="faceinsight-") as folder:
        alone = Studio(Path(folder), "celeba", settings, _COUNT)
        together = Studio(Path(folder), "expw", settings, _COUNT)
        alone.take(28, "one.jpg")
        alone.take(32, "two.jpg")
        boxes = together.take_scene([25, 26], "three.jpg")
        return (
            _filed(Path(folder), "one", "an elderly man", (None,)),
            _filed(Path(folder), "two", "a young woman", (None,)),
            _filed(Path(folder), "three", "a man and a woman", tuple(sorted(boxes))),
        )


def _filed(folder: Path, file: str, name: str, boxes: tuple[Box | None, ...]) -> Example:
    data = (folder / f"{file}.jpg").read_bytes()
    height, width = read_photograph(data, name, np.inf).shape[:2]
    label_map = load_map(folder, f"maps/{file}.png", (height, width))
    return Example(name, data, label_map, boxes)


class ExampleInsight(FaceInsight):
    """The same network before the examples, whose faces no detector knows and no parser parses.

    It cuts them at the boxes in which they were drawn, with the maps that were drawn with them,
    however photographs are treated.

    Args:
        model: lends its network, settings and lock.
        examples: all that it will ever be shown, by their bytes.
    """

    def __init__(self, model: FaceInsight, examples: Iterable[Example]) -> None:
        super().__init__(model.network, model.settings, model.source)
        self.alone = model.alone
        self._examples = {example.file: example for example in examples}

    def prepare(self, photos: Any, **_: Any) -> Crops:
        """The faces of one example."""
        return self._cut(photos, self.network.config.segmentation)

    def prepare_with_maps(self, photo: Any, **_: Any) -> Crops:
        """The faces of one example with their label maps, even if the model reads none."""
        return self._cut(photo, True)

    def _cut(self, photo: bytes, mapped: bool) -> Crops:
        example, maps = self._examples[photo], "provided" if mapped else "none"
        whole = self.settings.model_copy(update={"faces": "whole", "maps": "as_trained"})
        crops = crop_settings(self.network.config, whole, str(self.network.device))
        crops = crops.model_copy(update={"maps": maps})
        faces = [FaceCrop(number, box) for number, box in enumerate(example.boxes, 1)]
        for face in faces:
            cut_face(face, example.pixels, example.label_map if mapped else None, crops)
        height, width = example.label_map.shape
        scores = [float("nan")] * len(faces)
        cut = Photograph(example.name, (height, width), faces, scores, is_drawn=True)
        return Crops.of_photographs([cut], crops.size, mapped)
