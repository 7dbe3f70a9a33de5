"""A picture and its label map, painted by the same strokes.

Whatever is painted with a label covers the map exactly where it covers the picture; paint without a
label (a wrinkle, a beard) leaves the map as it is. Both are painted at twice the size: the picture
is then averaged down, the map takes every second pixel.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from faceinsight.data.classes import MAP_CLASSES

Colour = tuple[float, float, float]
"""Red, green and blue, 0 to 255; values beyond are clipped when they are painted."""

LABEL: dict[str, int] = {name: number for number, name in enumerate(MAP_CLASSES)}
"""Class of a label map to its number."""

_OVERSAMPLING = 2


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of `other` in `one`."""
    return (
        one[0] + (other[0] - one[0]) * share,
        one[1] + (other[1] - one[1]) * share,
        one[2] + (other[2] - one[2]) * share,
    )


def shade(colour: Colour, factor: float) -> Colour:
    """`colour` made darker (factor below 1) or lighter."""
    return (colour[0] * factor, colour[1] * factor, colour[2] * factor)


class Canvas:
    """A picture of `width` x `height` pixels and a label map of the same size.

    Args:
        width: in pixels.
        height: in pixels.
        background: colour of the picture where nothing is painted; the map is 0 there.
    """

    def __init__(self, width: int, height: int, background: Colour) -> None:
        size = (width * _OVERSAMPLING, height * _OVERSAMPLING)
        self._picture = Image.new("RGB", size, _rounded(background))
        self._map = Image.new("L", size, 0)
        self._on_picture = ImageDraw.Draw(self._picture)
        self._on_map = ImageDraw.Draw(self._map)

    def fill(self, points: np.ndarray, colour: Colour | None, label: int | None) -> None:
        """Fill a polygon; points float [n, 2] (x, y) in pixels."""
        corners = (points * _OVERSAMPLING).ravel().tolist()
        if colour is not None:
            self._on_picture.polygon(corners, fill=_rounded(colour))
        if label is not None:
            self._on_map.polygon(corners, fill=label)

    def stroke(
        self, points: np.ndarray, width: float, colour: Colour | None, label: int | None
    ) -> None:
        """Draw a line of `width` pixels along points float [n, 2] (x, y) in pixels."""
        corners = (points * _OVERSAMPLING).ravel().tolist()
        thickness = max(1, round(width * _OVERSAMPLING))
        if colour is not None:
            self._on_picture.line(corners, _rounded(colour), thickness, joint="curve")
        if label is not None:
            self._on_map.line(corners, label, thickness, joint="curve")

    def finish(
        self, rng: np.random.Generator, blurry: bool = False
    ) -> tuple[Image.Image, Image.Image]:
        """Light the picture from a random side, add the camera's noise, and bring both to size.

        Returns:
            The picture (RGB) and the label map (L, class numbers).
        """
        width = self._picture.width // _OVERSAMPLING
        height = self._picture.height // _OVERSAMPLING
        picture = self._picture.reduce(_OVERSAMPLING)
        if blurry:
            picture = picture.filter(ImageFilter.GaussianBlur(width * rng.uniform(0.018, 0.026)))
        angle, slope = rng.uniform(0, 2 * math.pi), rng.uniform(0.0, 0.22)
        across = np.linspace(-1, 1, width, dtype=np.float32) * math.cos(angle)
        down = np.linspace(-1, 1, height, dtype=np.float32) * math.sin(angle)
        light = rng.uniform(0.86, 1.06) * (1 + slope * (across[None, :] + down[:, None]))
        tint = rng.uniform(0.96, 1.04, 3).astype(np.float32)
        pixels = np.asarray(picture, dtype=np.float32) * light[:, :, None] * tint
        noise = rng.standard_normal(pixels.shape, dtype=np.float32)
        pixels += noise * (1.0 if blurry else rng.uniform(2.0, 7.0))
        lit = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        offset = _OVERSAMPLING // 2
        labels = np.asarray(self._map)[offset::_OVERSAMPLING, offset::_OVERSAMPLING]
        return lit, Image.fromarray(np.ascontiguousarray(labels))


class Pen:
    """Paints on a canvas in a face's own coordinates.

    The middle of the face is (0, 0), x points to the viewer's right (the person's left), y down,
    and the square from -1 to 1 is the face's frame.

    Args:
        canvas: what is painted on.
        centre: where (0, 0) lies, in pixels.
        unit: pixels a unit of length.
        angle: by how much the head is tilted, in radians.
    """

    def __init__(
        self, canvas: Canvas, centre: tuple[float, float], unit: float, angle: float
    ) -> None:
        self.canvas = canvas
        self.unit = unit
        self._centre = np.array(centre)
        cos, sin = math.cos(angle) * unit, math.sin(angle) * unit
        self._turn = np.array([[cos, sin], [-sin, cos]])

    def place(self, points: np.ndarray) -> np.ndarray:
        """Points float [n, 2] of the face, in pixels of the canvas."""
        return points @ self._turn + self._centre

    def fill(
        self, points: np.ndarray, colour: Colour | None = None, label: int | None = None
    ) -> None:
        """Fill a polygon with points float [n, 2]."""
        self.canvas.fill(self.place(points), colour, label)

    def stroke(
        self,
        points: np.ndarray,
        width: float,
        colour: Colour | None = None,
        label: int | None = None,
    ) -> None:
        """Draw a line along points float [n, 2]."""
        self.canvas.stroke(self.place(points), width * self.unit, colour, label)

    def ellipse(
        self,
        centre: tuple[float, float],
        radii: tuple[float, float],
        colour: Colour | None = None,
        label: int | None = None,
    ) -> None:
        """Fill an ellipse."""
        self.fill(ellipse(centre, radii), colour, label)


_BETWEEN = np.linspace(0, 1, 5)[:-1, None, None]
_CIRCLE = np.stack(
    [f(np.linspace(0, 2 * np.pi, 20, endpoint=False)) for f in (np.cos, np.sin)], axis=1
)


def ellipse(centre: tuple[float, float], radii: tuple[float, float]) -> np.ndarray:
    """Twenty points of an ellipse, float [20, 2]."""
    return _CIRCLE * radii + centre


def curve(*points: tuple[float, float]) -> np.ndarray:
    """A smooth line through the given points (Catmull-Rom), float [m, 2]."""
    p = np.array(points, dtype=float)
    padded = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    a, b, c, d = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = _BETWEEN
    pieces = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    return np.concatenate([pieces.transpose(1, 0, 2).reshape(-1, 2), p[-1:]])


def mirrored(points: np.ndarray, side: int) -> np.ndarray:
    """The same points on the person's left (side 1) or right (side -1)."""
    return points * np.array([side, 1.0])


def _rounded(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = (min(255, max(0, round(value))) for value in colour)
    return red, green, blue
