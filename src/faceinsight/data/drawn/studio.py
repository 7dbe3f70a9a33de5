"""Takes the photographs of one data set and files them with their label maps."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from faceinsight.common.encoding import encoded
from faceinsight.data.classes import MAP_COLOURS
from faceinsight.data.drawn.canvas import Canvas, ellipse, mix, shade
from faceinsight.data.drawn.causal import RATES, Faces, sample_faces
from faceinsight.data.drawn.drawing import draw_face
from faceinsight.data.drawn.look import Look, sample_look
from faceinsight.data.drawn.map_errors import spoil
from faceinsight.data.drawn.settings import DATASETS, DrawnSettings

_ENLARGED = 1.12
"""A unit of a face's frame, in halves of the photograph's side: faces fill their photographs."""

Box = tuple[int, int, int, int]


class Studio:
    """The truth, the photographs and the chances of one data set.

    Truth, drawing, label noise and map errors have a source of chance each, so that a setting of
    one leaves the others as they were.

    Args:
        folder: the data set's folder.
        dataset: its name.
        settings: what to draw.
        count: number of faces.
        photographs_per_person: consecutive faces of one person.
    """

    def __init__(
        self,
        folder: Path,
        dataset: str,
        settings: DrawnSettings,
        count: int,
        photographs_per_person: int = 1,
    ) -> None:
        self.folder = folder
        self.settings = settings
        self._seed = (settings.seed, DATASETS.index(dataset))
        self.faces: Faces = sample_faces(
            count, self.chance(0), RATES[dataset], photographs_per_person
        )
        self.layout_chance = self.chance(1)
        self.label_chance = self.chance(2)
        self._drawing = self.chance(3)
        self._errors = self.chance(4)

    def chance(self, *purpose: int) -> np.random.Generator:
        """A source of chance for one purpose."""
        return np.random.default_rng((*self._seed, *purpose))

    def _look(self, index: int) -> Look:
        person = int(self.faces.identity[index])
        return sample_look(self.faces.of(index), self.chance(5, person))

    def take(self, index: int, photograph: str) -> None:
        """Take a photograph that one face fills, and file it under its path in the data set."""
        size, rng = self.settings.size, self._drawing
        look = self._look(index)
        canvas = self._backdrop(size, size, look)
        half = size / 2
        x, y = half * (1 + rng.normal(0, 0.035, 2))
        unit = half * _ENLARGED * rng.uniform(0.92, 1.04)
        face = self.faces.of(index)
        draw_face(canvas, face, int(self.faces.years[index]), look, rng, (x, y), unit)
        self._file(canvas, photograph, blurry="Blurry" in face)

    def take_scene(self, indices: list[int], photograph: str) -> list[Box]:
        """Take a photograph in which faces stand beside each other.

        Returns:
            One box a face: left, top, right and bottom in pixels. A box may leave the picture.
        """
        size, rng = self.settings.size, self._drawing
        room = int(size * rng.uniform(1.05, 1.3))
        width, height = room * len(indices), int(size * rng.uniform(1.1, 1.35))
        canvas = self._backdrop(width, height, self._look(indices[0]))
        boxes = []
        outside = len(indices) == 1 and rng.random() < self.settings.outside
        for place, index in enumerate(indices):
            unit = size / 2 * rng.uniform(0.85, 1.0)
            slack = max(0.0, room / 2 - 0.75 * unit)
            x = room * (place + 0.5) + slack * rng.uniform(-1, 1)
            y = height / 2 + (height / 2 - 0.75 * unit) * rng.uniform(-0.8, 0.4)
            if outside:
                x = rng.choice([0.45 * unit, width - 0.45 * unit])
            face, years = self.faces.of(index), int(self.faces.years[index])
            outline = draw_face(canvas, face, years, self._look(index), rng, (x, y), unit)
            (left, top), (right, bottom) = outline.min(axis=0), outline.max(axis=0)
            middle = np.array([left + right, top + bottom]) / 2
            side = max(right - left, bottom - top) / 2 * rng.uniform(0.97, 1.08)
            corners = np.rint(np.concatenate([middle - side, middle + side])).astype(int)
            boxes.append((int(corners[0]), int(corners[1]), int(corners[2]), int(corners[3])))
        self._file(canvas, photograph, blurry=False)
        return boxes

    def _backdrop(self, width: int, height: int, look: Look) -> Canvas:
        """A wall of a colour not far from the skin's, so that the face's outline is no gift."""
        rng = self._drawing
        anything = (rng.uniform(30, 255), rng.uniform(30, 255), rng.uniform(30, 255))
        wall = mix(look.skin, anything, rng.uniform(0.05, 0.5))
        canvas = Canvas(width, height, wall)
        for _ in range(3):
            at = (rng.uniform(0, width), rng.uniform(0, height))
            radii = (width * rng.uniform(0.15, 0.5), height * rng.uniform(0.15, 0.5))
            canvas.fill(ellipse(at, radii), shade(wall, rng.uniform(0.88, 1.12)), None)
        return canvas

    def _file(self, canvas: Canvas, photograph: str, *, blurry: bool) -> None:
        picture, labels = canvas.finish(self._drawing, blurry)
        self._path(photograph).write_bytes(encoded(picture, "JPEG", quality=92))
        png = PurePosixPath(photograph).with_suffix(".png").as_posix()
        _with_palette(labels).save(self._path(f"maps/{png}"), compress_level=1)
        faulty = spoil(np.asarray(labels), self.settings.map_errors, self._errors)
        spoilt = _with_palette(Image.fromarray(faulty))
        spoilt.save(self._path(f"maps_faulty/{png}"), compress_level=1)

    def _path(self, relative: str) -> Path:
        path = self.folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _with_palette(labels: Image.Image) -> Image.Image:
    """The same class numbers, with colours for those who look at the file."""
    labels.putpalette(MAP_COLOURS.ravel().tolist())
    return labels
