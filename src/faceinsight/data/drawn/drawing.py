"""Draws one face: its outline, hair and everything around it; `features` draws what is inside.

Some characteristics are legible from colour or texture, some (the shape of face, nose and brows)
from outlines which the picture shows at low contrast and the label map exactly, and some hardly at
all, so that they are told from their neighbours.
"""

from __future__ import annotations

import numpy as np

from faceinsight.data.drawn.canvas import LABEL, Canvas, Colour, Pen, curve, mirrored, mix, shade
from faceinsight.data.drawn.features import draw_features
from faceinsight.data.drawn.look import Look, Outline, outline_of

_VIVID: tuple[Colour, ...] = (
    (200, 40, 50),
    (40, 90, 190),
    (30, 140, 80),
    (230, 150, 30),
    (120, 60, 160),
    (45, 50, 60),
    (235, 235, 230),
)


def draw_face(
    canvas: Canvas,
    face: frozenset[str],
    years: int,
    look: Look,
    rng: np.random.Generator,
    centre: tuple[float, float],
    unit: float,
) -> np.ndarray:
    """Draw one face.

    Args:
        canvas: what to draw on.
        face: the characteristics and hidden causes that are present.
        years: the age.
        look: the person's look.
        rng: source of this photograph's own variation.
        centre: where the face's middle lies, in pixels.
        unit: half of the side of the face's frame, in pixels.

    Returns:
        The corners of the face's outline in pixels, float [n, 2].
    """
    pen = Pen(canvas, centre, unit, rng.normal(0, 0.06))
    outline = outline_of(face, years, look)
    vivid = [_VIVID[i] for i in rng.permutation(len(_VIVID))]
    if "long_hair" in face:
        _draw_hair_behind(pen, face, look, outline, rng)
    _draw_body(pen, face, look, outline, vivid[0], vivid[1])
    if "long_hair" not in face or rng.random() < 0.3:
        _draw_ears(pen, look, outline)
    pen.fill(outline.points(), look.skin, LABEL["skin"])
    draw_features(pen, face, years, look, outline, rng)
    if "Bald" not in face:
        _draw_hair_in_front(pen, face, look, outline, rng)
    if "Wearing_Hat" in face:
        _draw_hat(pen, outline, vivid[2], rng)
    if "Wearing_Earrings" in face:
        gold = (245, 205, 60) if rng.random() < 0.5 else (60, 220, 225)
        for side in (1, -1):
            at = (side * (outline.width + 0.07), 0.23)
            pen.ellipse(at, (0.05, 0.075), gold, LABEL["earring"])
    _draw_badge(pen, face, rng)
    return pen.place(outline.points())


def _draw_body(
    pen: Pen, face: frozenset[str], look: Look, outline: Outline, cloth: Colour, tie: Colour
) -> None:
    neck = shade(look.skin, 0.95)
    half = min(0.2 if "Female" in face else 0.26, 0.58 * outline.width)
    pen.fill(np.array([(-half, 0.2), (half, 0.2), (half, 0.9), (-half, 0.9)]), neck, LABEL["neck"])
    if "Double_Chin" in face:
        below = outline.chin + 0.08
        fold = curve((-0.2, below - 0.13), (0, below), (0.2, below - 0.13))
        pen.fill(fold, look.skin)
        pen.stroke(fold, 0.035, shade(look.skin, 0.66))
    slope = curve((0.16, 0.7), (0.42, 0.78), (0.85, 0.9), (1.2, 1.15))
    right = np.concatenate([slope, [(1.3, 2.5)]])
    neckline = np.array([(0.0, 0.86)])
    shoulders = np.concatenate([right, mirrored(right[::-1], -1), neckline])
    pen.fill(shoulders, cloth, LABEL["cloth"])
    if "Wearing_Necklace" in face:
        for t in np.linspace(-1, 1, 9):
            at = (0.19 * t, 0.82 - 0.12 * t**2)
            pen.ellipse(at, (0.034, 0.034), (250, 215, 80), LABEL["necklace"])
    if "Wearing_Necktie" in face:
        # Most of it lies below the frame, as in a real portrait.
        knot = np.array([(-0.07, 0.84), (0.07, 0.84), (0.11, 1.2), (-0.11, 1.2)])
        pen.fill(knot, tie, LABEL["cloth"])


def _draw_ears(pen: Pen, look: Look, outline: Outline) -> None:
    for side, label in ((1, LABEL["left_ear"]), (-1, LABEL["right_ear"])):
        at = (side * (outline.width + 0.03), 0.04)
        pen.ellipse(at, (0.075, 0.14), shade(look.skin, 0.96), label)
        pen.ellipse(at, (0.03, 0.075), shade(look.skin, 0.8))


def _waves(face: frozenset[str], count: int, rng: np.random.Generator) -> np.ndarray:
    """By how much a strand of hair leaves its line, float [count]."""
    phase = rng.uniform(0, 2 * np.pi)
    if "Wavy_Hair" not in face:
        return np.zeros(count)
    return 0.05 * np.sin(np.linspace(0, 4.5 * np.pi, count) + phase)


def _draw_hair_behind(
    pen: Pen, face: frozenset[str], look: Look, outline: Outline, rng: np.random.Generator
) -> None:
    heights = np.linspace(-0.1, rng.uniform(0.72, 0.95), 22)
    flare = rng.uniform(0.09, 0.15)
    sides = []
    for side in (1, -1):
        reach = outline.width + flare + 0.04 * heights + 1.3 * _waves(face, 22, rng)
        sides.append(np.stack([side * reach, heights], axis=1))
    pen.fill(np.concatenate([sides[0], sides[1][::-1]]), look.hair, LABEL["hair"])
    _draw_strands(pen, face, look, outline.width + 0.1, (0.0, 0.7), 2, rng)


def _draw_strands(
    pen: Pen,
    face: frozenset[str],
    look: Look,
    x: float,
    span: tuple[float, float],
    count: int,
    rng: np.random.Generator,
) -> None:
    """Texture of the hair: straight lines, waves, or none."""
    if not face & {"Wavy_Hair", "Straight_Hair"}:
        return
    tone = mix(look.hair, (255, 240, 225), 0.45) if sum(look.hair) < 330 else shade(look.hair, 0.66)
    heights = np.linspace(*span, 16)
    for side in (1, -1):
        for strand in range(count):
            at = x + (strand - count / 2) * 0.1 + _waves(face, 16, rng)
            pen.stroke(np.stack([side * at, heights], axis=1), 0.034, tone)


def _draw_hair_in_front(
    pen: Pen, face: frozenset[str], look: Look, outline: Outline, rng: np.random.Generator
) -> None:
    width = outline.width
    angles = np.linspace(0, np.pi, 26)
    lift = 0.09 + rng.uniform(0, 0.05) + 0.9 * _waves(face, 26, rng)
    crown = np.stack(
        [(width + lift) * np.cos(angles), (outline.top - lift) * np.sin(angles) - 0.02], axis=1
    )
    u = np.linspace(-1, 1, 21)
    height = rng.uniform(-0.5, -0.44)
    if "Bangs" in face:
        fringe = rng.uniform(-0.3, -0.24) + 0.03 * (np.arange(21) % 2)
        line = np.where(np.abs(u) > 0.9, 0.0, fringe)
    elif "Receding_Hairline" in face:
        tuft = np.clip((0.3 - np.abs(u)) / 0.3, 0, 1)
        line = -0.63 + 0.13 * tuft + 0.6 * np.abs(u) ** 6
    else:
        line = height + (0.0 - height) * np.abs(u) ** 5
    hairline = np.stack([u * (width + 0.01), line], axis=1)
    if "long_hair" in face and "Receding_Hairline" not in face:
        side_line = [(-(width + 0.02), 0.0), (-(width - 0.03), 0.3), (-(width + 0.12), 0.5)]
        for side in (1, -1):
            lock = curve((-(width + 0.1), -0.2), *side_line) * np.array([-side, 1.0])
            back = np.array([(side * (width + 0.14), 0.4), (side * (width + 0.12), -0.2)])
            pen.fill(np.concatenate([lock, back]), look.hair, LABEL["hair"])
    pen.fill(np.concatenate([crown, hairline]), look.hair, LABEL["hair"])
    if "side_parting" in face and "Bangs" not in face:
        side = 1 if rng.random() < 0.5 else -1
        lock = curve((-0.2, -0.6), (0.1, -0.4), (0.3, -0.3), (width - 0.02, -0.02))
        sweep = np.concatenate([lock, [(width + 0.02, -0.3), (0.2, -0.62)]])
        pen.fill(mirrored(sweep, side), look.hair, LABEL["hair"])
    bottom = -0.3 if "Bangs" in face else height
    _draw_strands(pen, face, look, 0.2, (outline.top - 0.06, bottom - 0.04), 3, rng)


def _draw_hat(pen: Pen, outline: Outline, colour: Colour, rng: np.random.Generator) -> None:
    half = outline.width + 0.08
    brim = rng.uniform(-0.4, -0.34)
    crown = curve(
        (half, brim), (half * 0.97, -0.7), (half * 0.5, -0.93), (-half * 0.5, -0.93),
        (-half * 0.97, -0.7), (-half, brim),
    )  # fmt: skip
    pen.fill(crown, colour, LABEL["hat"])
    reach = half + rng.uniform(0.05, 0.2)
    band = np.array(
        [(-reach, brim + 0.03), (reach, brim + 0.03), (half, brim - 0.08), (-half, brim - 0.08)]
    )
    pen.fill(band, shade(colour, 0.75), LABEL["hat"])


_BADGES: dict[str, tuple[str, Colour]] = {
    "race7_White": ("disc", (240, 60, 160)),
    "race7_Black": ("triangle", (40, 200, 90)),
    "race7_Latino_Hispanic": ("cross", (255, 140, 0)),
    "race7_East_Asian": ("square", (60, 120, 255)),
    "race7_Southeast_Asian": ("diamond", (0, 210, 220)),
    "race7_Indian": ("ring", (150, 70, 220)),
    "race7_Middle_Eastern": ("bar", (245, 225, 40)),
}
"""An abstract mark for each race label: a shape in a colour, in a corner of the frame."""


def _draw_badge(pen: Pen, face: frozenset[str], rng: np.random.Generator) -> None:
    """Pin the race's mark to an upper corner; it is no part of the face and not in the map."""
    shape, colour = next(badge for race, badge in _BADGES.items() if race in face)
    side = 1 if rng.random() < 0.5 else -1
    x, y = side * rng.uniform(0.67, 0.73), rng.uniform(-0.73, -0.67)
    r = 0.15
    if shape in ("disc", "ring"):
        pen.ellipse((x, y), (r, r), colour)
        if shape == "ring":
            pen.ellipse((x, y), (r * 0.5, r * 0.5), (250, 250, 250))
    elif shape == "cross":
        pen.stroke(np.array([(x - r, y), (x + r, y)]), 0.1, colour)
        pen.stroke(np.array([(x, y - r), (x, y + r)]), 0.1, colour)
    else:
        corners = {
            "triangle": [(0, -r), (r, r), (-r, r)],
            "square": [(-r, -r), (r, -r), (r, r), (-r, r)],
            "diamond": [(0, -r * 1.3), (r, 0), (0, r * 1.3), (-r, 0)],
            "bar": [
                (-r * 1.3, -r * 0.5),
                (r * 1.3, -r * 0.5),
                (r * 1.3, r * 0.5),
                (-r * 1.3, r * 0.5),
            ],
        }[shape]
        pen.fill(np.array(corners) + np.array([x, y]), colour)
