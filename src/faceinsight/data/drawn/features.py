"""Draws what is inside a face's outline: skin, beard, eyes, brows, nose, mouth, glasses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from faceinsight.data.drawn.canvas import LABEL, Pen, curve, ellipse, mirrored, mix, shade
from faceinsight.data.drawn.look import Look, Outline


@dataclass(frozen=True)
class Pose:
    """What an expression does to brows, eyes and mouth; lengths in units of the face's frame.

    Attributes:
        tilt: how much lower the inner end of a brow lies than the outer one.
        lift: by how much the brows rise.
        eyes: factor on the height of the eyes.
        curve: how high the corners of the mouth rise.
        gape: half of the height of the open mouth.
        width: half of the width of the mouth.
    """

    tilt: float = 0.0
    lift: float = 0.0
    eyes: float = 1.0
    curve: float = 0.0
    gape: float = 0.03
    width: float = 0.17


_POSES: dict[str, Pose] = {
    "neutral": Pose(),
    "happy": Pose(lift=0.01, eyes=0.8, curve=0.09, gape=0.045, width=0.22),
    "sad": Pose(tilt=-0.07, eyes=0.75, curve=-0.08, width=0.15),
    "surprise": Pose(lift=0.09, eyes=1.4, gape=0.1, width=0.1),
    "angry": Pose(tilt=0.09, lift=-0.03, eyes=0.75, curve=-0.04, width=0.17),
    "fear": Pose(tilt=-0.06, lift=0.06, eyes=1.4, curve=-0.05, gape=0.05, width=0.2),
    "disgust": Pose(tilt=0.04, lift=-0.02, eyes=0.6, curve=-0.05, width=0.18),
}


def draw_features(
    pen: Pen,
    face: frozenset[str],
    years: int,
    look: Look,
    outline: Outline,
    rng: np.random.Generator,
) -> None:
    """Draw everything inside the outline, from the skin outwards."""
    pose = next(pose for id_, pose in _POSES.items() if id_ in face)
    strength = rng.uniform(0.75, 1.15)
    eye_level = float(np.interp(years, [2, 9, 16], [0.06, 0.02, -0.05]))
    _draw_skin(pen, face, years, look, eye_level, rng)
    _draw_beard(pen, face, look, outline, rng)
    _draw_nose(pen, face, years, look, eye_level)
    _draw_mouth(pen, face, look, outline, pose, strength, rng)
    _draw_brows(pen, face, look, pose, strength, eye_level)
    lenses = (rng.uniform(0.15, 0.17), rng.uniform(0.11, 0.14))
    if "Eyeglasses" in face:
        # A map shows glasses as whole lenses, and the eyes that are seen through them.
        for side in (1, -1):
            pen.ellipse((side * 0.195, eye_level + 0.01), lenses, label=LABEL["eyeglasses"])
    _draw_eyes(pen, face, years, look, pose, strength, eye_level, rng)
    if "Eyeglasses" in face:
        _draw_crops(pen, outline, eye_level, lenses, rng)


def _draw_skin(
    pen: Pen,
    face: frozenset[str],
    years: int,
    look: Look,
    eye_level: float,
    rng: np.random.Generator,
) -> None:
    light = mix(look.skin, (255, 255, 255), 0.6)
    if "Shiny_Skin" in face:
        pen.ellipse((rng.uniform(-0.1, 0.1), -0.43), (0.13, 0.05), light)
        for side in (1, -1):
            pen.ellipse((side * 0.27, 0.13), (0.05, 0.035), light)
    if "Rosy_Cheeks" in face:
        # Faint: whoever wears makeup is the better hint.
        for side in (1, -1):
            pen.ellipse((side * 0.26, 0.2), (0.1, 0.075), mix(look.skin, (235, 70, 90), 0.2))
    if "High_Cheekbones" in face:
        for side in (1, -1):
            bone = curve((0.36, 0.06), (0.27, 0.16), (0.2, 0.27))
            pen.stroke(mirrored(bone, side), 0.035, shade(look.skin, 0.8))
    _draw_years(pen, years, look, eye_level, rng)
    for side in (1, -1):
        if "Bags_Under_Eyes" in face:
            y = eye_level + 0.11
            bag = curve((0.08, y - 0.02), (0.19, y + 0.035), (0.3, y - 0.02))
            pen.stroke(mirrored(bag, side), 0.034, mix(shade(look.skin, 0.62), (90, 60, 110), 0.3))


def _draw_years(
    pen: Pen, years: int, look: Look, eye_level: float, rng: np.random.Generator
) -> None:
    """Freckles of childhood, spots of youth, and folds that deepen and multiply with age."""
    spots: list[tuple[float, float]] = []
    tone, radius = shade(look.skin, 0.62), 0.024
    if 3 <= years <= 9:
        spots = [(x, y) for x in (-0.28, -0.2, -0.12, 0.12, 0.2, 0.28) for y in (0.12, 0.18)]
    elif 11 <= years <= 19:
        spots = [(rng.uniform(-0.3, 0.3), rng.uniform(-0.4, 0.3)) for _ in range(9)]
        tone = mix(look.skin, (190, 40, 40), 0.6)
    elif years >= 70:
        spots = [(side * rng.uniform(0.2, 0.34), rng.uniform(0, 0.3)) for side in (1, -1, 1, -1)]
        radius = 0.036
    for spot in spots:
        pen.ellipse(spot, (radius, radius), tone)
    dark = shade(look.skin, float(np.interp(years, [30, 75], [0.85, 0.5])))
    folds = int(np.clip((years - 24) / 9, 0, 5))
    for fold in range(folds - 1):
        y = eye_level - 0.27 - 0.06 * fold
        reach = 0.24 - 0.025 * fold
        pen.stroke(curve((-reach, y), (0, y - 0.02), (reach, y)), 0.026, dark)
    for side in (1, -1):
        if folds >= 1:
            depth = 0.05 * folds
            line = curve(
                (0.12, 0.15), (0.15 + 0.3 * depth, 0.16 + 0.5 * depth), (0.23, 0.16 + depth)
            )
            pen.stroke(mirrored(line, side), 0.03, dark)
        for foot in range(max(0, folds - 2)):
            end = (0.43, eye_level - 0.05 + 0.05 * foot)
            pen.stroke(mirrored(np.array([(0.33, eye_level), end]), side), 0.022, dark)


def _draw_beard(
    pen: Pen, face: frozenset[str], look: Look, outline: Outline, rng: np.random.Generator
) -> None:
    """Facial hair; to a label map it is skin, so only the picture shows it."""
    hair = shade(look.hair, 0.85)
    jaw_heights = np.linspace(0.12, outline.chin * 0.995, 12)
    jaw = np.stack([outline.half_width(jaw_heights), jaw_heights], axis=1)
    edge = np.concatenate([jaw, mirrored(jaw[::-1], -1)])
    inner = curve((-0.3, 0.2), (-0.22, 0.3), (0, 0.26), (0.22, 0.3), (0.3, 0.2))
    region = np.concatenate([edge, inner])
    if "5_o_Clock_Shadow" in face:
        pen.fill(region, mix(look.skin, (70, 80, 95), 0.3))
        for _ in range(40):
            y = rng.uniform(0.3, outline.chin * 0.93)
            x = rng.uniform(-0.9, 0.9) * float(outline.half_width(np.array(y)))
            pen.stroke(np.array([(x, y), (x, y + 0.03)]), 0.012, shade(look.skin, 0.5))
    if "full_beard" in face:
        pen.fill(region, hair)
    if "Sideburns" in face:
        for side in (1, -1):
            x = outline.width
            strip = [(x, -0.15), (x - 0.1, -0.15), (x - 0.12, 0.22), (x - 0.03, 0.26)]
            pen.fill(mirrored(np.array(strip), side), hair)
    if "Goatee" in face:
        chin = outline.chin
        tip = curve((-0.12, 0.47), (-0.13, chin - 0.03), (0, chin + 0.07), (0.13, chin - 0.03),
                    (0.12, 0.47))  # fmt: skip
        pen.fill(tip, shade(hair, 0.75))
    if "Mustache" in face:
        half = curve((0.0, 0.2), (0.12, 0.215), (0.23, 0.3), (0.1, 0.29), (0.0, 0.275))
        for side in (1, -1):
            pen.fill(mirrored(half, side), shade(hair, 0.75))


def _draw_nose(pen: Pen, face: frozenset[str], years: int, look: Look, eye_level: float) -> None:
    """The nose's outline is in the map; the picture only hints at it."""
    size = 1.5 if "Big_Nose" in face else 1.0
    if years < 10:
        size *= 0.8
    half, tip = 0.075 * size, 0.15 + 0.03 * (size - 1)
    if "Pointy_Nose" in face:
        right = np.array([(0.02, eye_level + 0.02), (half * 0.95, tip - 0.05), (0.0, tip + 0.065)])
        points = np.concatenate([right, mirrored(right[1::-1], -1)])
    else:
        wing = ellipse((0.0, tip - 0.03), (half * 1.25, 0.06))[:11]
        bridge = np.array([(-half * 0.55, eye_level + 0.02), (half * 0.55, eye_level + 0.02)])
        points = np.concatenate([wing, bridge])
    pen.fill(points, mix(look.skin, (255, 255, 255), 0.05), LABEL["nose"])
    pen.ellipse((half * 0.55, tip), (0.02, 0.014), shade(look.skin, 0.62))
    pen.ellipse((-half * 0.55, tip), (0.02, 0.014), shade(look.skin, 0.62))
    if "disgust" in face:
        for y in (eye_level + 0.02, eye_level + 0.07):
            pen.stroke(np.array([(-0.07, y + 0.02), (0, y), (0.07, y + 0.02)]), 0.02,
                       shade(look.skin, 0.6))  # fmt: skip


def _draw_mouth(
    pen: Pen,
    face: frozenset[str],
    look: Look,
    outline: Outline,
    pose: Pose,
    strength: float,
    rng: np.random.Generator,
) -> None:
    level = min(0.37, 0.66 * outline.chin)
    lips = 0.075 if "Big_Lips" in face else 0.035
    rise = pose.curve * strength
    if "Smiling" in face and "happy" not in face:
        rise = 0.06
    elif "happy" in face and "Smiling" not in face:
        rise = 0.02
    gape = pose.gape * strength if "Mouth_Slightly_Open" in face else 0.0
    tone = mix(look.skin, (170, 70, 80), 0.38)
    if "Wearing_Lipstick" in face:
        tone = ((205, 20, 60), (225, 40, 120), (150, 15, 60))[rng.integers(3)]
    x = np.linspace(-1, 1, 13)
    dome = np.sqrt(np.clip(1 - x**2, 0, 1))
    middle = level + rise * (0.5 - x**2)
    if "disgust" in face:
        middle = middle - 0.05 * strength * np.clip(x, 0, 1)  # one corner is drawn up
    across = pose.width * x

    def band(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
        top = np.stack([across, middle + upper], axis=1)
        return np.concatenate([top, np.stack([across, middle + lower], axis=1)[::-1]])

    cupid = 1 - 0.25 * np.exp(-((x / 0.15) ** 2))
    pen.fill(band(-(gape + lips * cupid) * dome, -gape * dome), tone, LABEL["upper_lip"])
    pen.fill(band(gape * dome, (gape + lips * 1.15) * dome), shade(tone, 1.06), LABEL["lower_lip"])
    if gape:
        pen.fill(band(-gape * dome, gape * dome), (70, 18, 24), LABEL["mouth"])
        if face & {"happy", "Smiling", "fear"}:
            pen.fill(band(-gape * dome, gape * 0.1 * dome), (245, 242, 235), LABEL["mouth"])
    else:
        pen.stroke(np.stack([across, middle], axis=1), 0.02, shade(tone, 0.55))


def _draw_eyes(
    pen: Pen,
    face: frozenset[str],
    years: int,
    look: Look,
    pose: Pose,
    strength: float,
    level: float,
    rng: np.random.Generator,
) -> None:
    size = float(np.interp(years, [1, 6, 14, 20], [1.3, 1.2, 1.05, 1.0]))
    half_width = 0.115 * size
    half_height = 0.062 * size * (1 + (pose.eyes - 1) * strength)
    if "Narrow_Eyes" in face:
        half_height = 0.026
    gaze = rng.uniform(-0.025, 0.025)
    shadow = ((70, 90, 210), (150, 60, 180), (30, 150, 140))[rng.integers(3)]
    for side, label in ((1, LABEL["left_eye"]), (-1, LABEL["right_eye"])):
        at = (side * 0.19, level)
        if "Heavy_Makeup" in face:
            lid = ellipse((at[0], level - 0.02), (half_width * 1.2, half_height + 0.055))
            pen.fill(lid[10:], mix(look.skin, shadow, 0.6))
        shape = ellipse(at, (half_width, half_height))
        pen.fill(shape, (246, 244, 240), label)
        iris = min(0.058 * size, half_height * 1.05)
        middle = (at[0] + gaze, level)
        pen.ellipse(middle, (0.058 * size, iris), look.iris)
        pen.ellipse(middle, (0.024, min(0.024, iris)), (12, 10, 12))
        line = 0.034 if "Heavy_Makeup" in face else 0.02
        pen.stroke(shape[10:], line, shade(look.skin, 0.3))
        if "Female" in face and years > 5:
            lash = np.array([(0.19 + half_width * 0.9, level - 0.01), (0.37, level - 0.06)])
            pen.stroke(mirrored(lash, side), 0.025, (30, 22, 22))
        if "sad" in face and rng.random() < 0.25:
            pen.ellipse((at[0], level + 0.15), (0.025, 0.045), (150, 205, 245))


def _draw_brows(
    pen: Pen, face: frozenset[str], look: Look, pose: Pose, strength: float, eye_level: float
) -> None:
    t = np.linspace(0, 1, 9)
    arch = 0.1 if "Arched_Eyebrows" in face else 0.02
    peak = 1 - np.abs(2 * t - 1)
    y = eye_level - 0.15 - pose.lift * strength - arch * peak
    y = y + pose.tilt * strength * (1 - 2 * t)
    thick = 0.036 if "Bushy_Eyebrows" in face else 0.016
    thickness = thick * (1.1 - 0.5 * t)
    x = 0.07 + 0.25 * t
    dark = mix(shade(look.hair, 0.7), (40, 30, 28), 0.4)
    tone = mix(look.skin, dark, look.brows)
    upper = np.stack([x, y - thickness], axis=1)
    lower = np.stack([x, y + thickness], axis=1)[::-1]
    for side, label in ((1, LABEL["left_brow"]), (-1, LABEL["right_brow"])):
        pen.fill(mirrored(np.concatenate([upper, lower]), side), tone, label)


def _draw_crops(
    pen: Pen,
    outline: Outline,
    level: float,
    lenses: tuple[float, float],
    rng: np.random.Generator,
) -> None:
    tone = ((25, 25, 30), (120, 40, 30), (30, 50, 120))[rng.integers(3)]
    for side in (1, -1):
        rim = ellipse((side * 0.195, level + 0.01), lenses)
        pen.stroke(np.concatenate([rim, rim[:2]]), 0.036, tone, LABEL["eyeglasses"])
        arm = np.array([(side * (0.19 + lenses[0]), level), (side * outline.width, level - 0.03)])
        pen.stroke(arm, 0.03, tone, LABEL["eyeglasses"])
    bridge = curve((-0.05, level), (0, level - 0.03), (0.05, level))
    pen.stroke(bridge, 0.034, tone, LABEL["eyeglasses"])
