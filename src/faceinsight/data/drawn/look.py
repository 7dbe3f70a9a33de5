"""What a person looks like beyond the characteristics, and the outline of the face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from faceinsight.data.drawn.canvas import Colour, mirrored, mix, shade

_HAIR: dict[str, Colour] = {
    "Black_Hair": (28, 25, 28),
    "Brown_Hair": (104, 62, 30),
    "Blond_Hair": (232, 198, 106),
    "Gray_Hair": (172, 174, 182),
    "red_hair": (168, 52, 28),
}
_IRISES: tuple[Colour, ...] = ((70, 130, 190), (80, 150, 90), (130, 150, 165))


@dataclass(frozen=True)
class Look:
    """What one person looks like beyond the characteristics; the same in all photographs.

    Attributes:
        skin: colour of the skin; independent of every label but `Pale_Skin`.
        hair: colour of the hair.
        iris: colour of the eyes.
        brows: contrast of the eyebrows against the skin, 0 to 1.
        build: small factors on the width and length of the face, float [2].
    """

    skin: Colour
    hair: Colour
    iris: Colour
    brows: float
    build: tuple[float, float]


def sample_look(face: frozenset[str], rng: np.random.Generator) -> Look:
    """Sample the look of a person of whom these characteristics are present."""
    tone = rng.uniform(0.18, 1.0)
    skin = mix((236, 196, 164), (128, 84, 60), tone)
    if "Pale_Skin" in face:
        skin = mix((250, 234, 226), (244, 214, 200), rng.uniform())
    hair = next((c for id_, c in _HAIR.items() if id_ in face), _HAIR["Brown_Hair"])
    jitter = rng.uniform(0.88, 1.12)
    iris = (88, 48, 20) if "Brown_Eyes" in face else _IRISES[rng.integers(len(_IRISES))]
    width, length = rng.uniform(0.97, 1.03, 2)
    return Look(skin, shade(hair, jitter), iris, rng.uniform(0.5, 0.9), (width, length))


_EASED = 1 - (1 - np.linspace(0, 1, 14)) ** 2
"""Heights between the eyes and either end of a face, closer where the outline bends more."""


@dataclass(frozen=True)
class Outline:
    """The outline of the face.

    Attributes:
        width: half of the face's greatest width.
        chin: height of the chin.
        sharpness: (p, q) of the lower half, whose half-width at height y is
            width (1 - (y / chin)^p)^(1 / q).
        cheeks: how much a chubby face bulges at the level of the mouth.
    """

    width: float
    chin: float
    sharpness: tuple[float, float]
    cheeks: float = 0.0
    top: float = -0.62

    def half_width(self, y: np.ndarray) -> np.ndarray:
        """Half of the face's width at height y."""
        v = np.clip(y / self.chin, 0, 1)
        p, q = self.sharpness
        lower = self.width * (1 - v**p) ** (1 / q) + self.cheeks * np.sin(np.pi * v) ** 2
        upper = self.width * np.sqrt(np.clip(1 - (y / self.top) ** 2, 0, 1))
        return np.where(y < 0, upper, lower)

    def points(self) -> np.ndarray:
        """The closed outline, float [n, 2]."""
        heights = np.concatenate([self.top * _EASED[::-1], self.chin * _EASED[1:]])
        side = np.stack([self.half_width(heights), heights], axis=1)
        return np.concatenate([side, mirrored(side[::-1], -1)])


def outline_of(face: frozenset[str], years: int, look: Look) -> Outline:
    """The outline that belongs to the face's shape; children's faces are smaller and shorter."""
    if "Oval_Face" in face:
        width, chin, sharpness = 0.385, 0.66, (2.3, 1.9)
    elif "Square_Face" in face:
        width, chin, sharpness = 0.43, 0.59, (6.0, 3.0)
    elif "Round_Face" in face:
        width, chin, sharpness = 0.48, 0.53, (2.1, 2.0)
    else:
        width, chin, sharpness = 0.46, 0.62, (1.25, 1.0)
    cheeks = 0.0
    if "Chubby" in face:
        width, cheeks = width * 1.06, 0.055
    width *= look.build[0] * float(np.interp(years, [1, 6, 14, 18], [0.8, 0.87, 0.96, 1.0]))
    chin *= look.build[1] * float(np.interp(years, [1, 6, 14, 18], [0.86, 0.9, 0.97, 1.0]))
    return Outline(width, chin, sharpness, cheeks)
