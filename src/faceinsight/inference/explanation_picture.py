"""An explanation as a picture: the face with its regions coloured, and a legend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from faceinsight.answers.labels import CAUTION
from faceinsight.data.classes import MAP_CLASSES
from faceinsight.inference.pictures import FAINT, INK, WARNING, wrapped
from faceinsight.inference.regions import REGION_OF, REGIONS, region_names

if TYPE_CHECKING:
    from PIL.Image import Image

    from faceinsight.inference.explanation import Explanation

# Of Okabe and Ito, which colour-blind readers tell apart; orange is hatched as well.
_FOR, _AGAINST = (0, 114, 178), (213, 94, 0)
_STRONGEST = 0.7
_HATCH = 36
"""Stripes of a hatched region across the picture's side."""


def draw_explanation(explanation: Explanation, size: int) -> Image:
    """See `Explanation.picture`."""
    from PIL import Image, ImageDraw, ImageFont

    letter = max(12, size // 30)
    font: Any = ImageFont.load_default(letter)
    small: Any = ImageFont.load_default(round(letter * 0.85))
    line, margin, column = round(letter * 1.5), letter, letter * 19
    title = f"{explanation.word}: {explanation.probability:.0%}"
    notes = [(text, FAINT) for text in wrapped(CAUTION, small, column)]
    if explanation.by_areas is not None:
        notes = [(t, FAINT) for t in wrapped(explanation.by_areas, small, column)] + notes
    if explanation.caution is not None:
        notes = [(t, WARNING) for t in wrapped(explanation.caution, small, column)] + notes
    heads = wrapped("blue: speaks for it; orange, hatched: against it", small, column)
    rows = 2 + len(heads) + len(explanation.regions) + len(notes)
    page = Image.new("RGB", (size + column + 2 * margin, max(size, rows * line + 2 * margin)))
    page.paste("white", (0, 0, *page.size))
    page.paste(Image.fromarray(_coloured(explanation, size)), (0, 0))
    canvas = ImageDraw.Draw(page)
    _draw_numbers(canvas, explanation, size, font)

    left, top = size + margin, margin
    for text in wrapped(title, font, column):
        canvas.text((left, top), text, fill=INK, font=font)
        top += line
    for text in heads:
        canvas.text((left, top), text, fill=FAINT, font=small)
        top += line
    most = max((abs(r.share) for r in explanation.regions), default=0.0) or 1.0
    for number, region in enumerate(explanation.regions, 1):
        words = f"{number}. {region.region}"
        canvas.text((left, top), words, fill=INK, font=font)
        value = f"{region.share:+.2f}"
        ends = left + letter * 12
        canvas.text((ends - font.getlength(value), top), value, fill=INK, font=font)
        wide = round(letter * 6 * abs(region.share) / most)
        box = (ends + letter // 2, top + letter // 4, ends + letter // 2 + wide, top + letter)
        if region.share >= 0:
            canvas.rectangle(box, fill=_FOR)
        else:
            canvas.rectangle(box, outline=_AGAINST, width=2)
        top += line
    top = page.height - margin - len(notes) * line
    for text, colour in notes:
        canvas.text((left, top), text, fill=colour, font=small)
        top += line
    return page


def _coloured(explanation: Explanation, size: int) -> np.ndarray:
    """The face with a wash of colour on each region, [size, size, 3] uint8."""
    from PIL import Image

    face = Image.fromarray(explanation.crop).resize((size, size), Image.Resampling.LANCZOS)
    regions = _enlarged(REGION_OF[explanation.label_map], size)
    names = region_names(explanation.regions_from)
    share = np.zeros(len(names))
    for of in explanation.regions:
        share[names.index(of.region)] = of.share
    most = np.abs(share).max() or 1.0
    strength = _STRONGEST * np.abs(share[regions]) / most
    across = np.add.outer(np.arange(size), np.arange(size)) * _HATCH // size
    strength = np.where((share[regions] < 0) & (across % 2 == 0), 0.35 * strength, strength)
    colour = np.where((share[regions] >= 0)[..., None], _FOR, _AGAINST)
    mixed = np.asarray(face) * (1 - strength[..., None]) + colour * strength[..., None]
    edge = np.zeros(regions.shape, dtype=bool)
    edge[1:] |= regions[1:] != regions[:-1]
    edge[:, 1:] |= regions[:, 1:] != regions[:, :-1]
    mixed[edge] = 0.5 * mixed[edge] + 127
    return mixed.round().astype(np.uint8)


def _enlarged(numbers: np.ndarray, size: int) -> np.ndarray:
    at = np.arange(size) * len(numbers) // size
    return numbers[at[:, None], at]


def _draw_numbers(canvas: Any, explanation: Explanation, size: int, font: Any) -> None:
    """Each region's number of the legend on it, on both sides of what there are two of."""
    classes = _enlarged(explanation.label_map, size)
    members_of = dict(zip(region_names(explanation.regions_from), REGIONS.values(), strict=True))
    for number, of in enumerate(explanation.regions, 1):
        members = members_of[of.region]
        pair = members[0].startswith("left_")
        for part in [(one,) for one in members] if pair else [members]:
            rows, columns = np.nonzero(np.isin(classes, [MAP_CLASSES.index(one) for one in part]))
            if not len(rows):
                continue
            # The region's own point next to its middle, which may lie in a hole of it.
            away = (rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2
            nearest = int(away.argmin())
            canvas.text(
                (int(columns[nearest]), int(rows[nearest])),
                str(number),
                fill="white",
                font=font,
                anchor="mm",
                stroke_width=max(1, font.size // 7),
                stroke_fill=INK,
            )
