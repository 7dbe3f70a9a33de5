"""Photographs with the boxes of their faces, and what each face appears to be written beside."""

from __future__ import annotations

import errno
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, count
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

import numpy as np
import pandas as pd

from faceinsight.answers.labels import CAUTION, labels_of, present_in
from faceinsight.common.encoding import encoded
from faceinsight.common.paths import printable
from faceinsight.common.progress import images_bar
from faceinsight.common.recipes import recipe
from faceinsight.common.threads import ahead
from faceinsight.common.work import WorkFolder, digest, write_beside
from faceinsight.data.geometry import Box
from faceinsight.data.photographs import MAX_PIXELS
from faceinsight.errors import PhotographError
from faceinsight.inference.face import Face
from faceinsight.inference.folder import find_folder, list_files
from faceinsight.inference.photograph import Photo, read_photograph
from faceinsight.inference.settings import PhotoSettings
from faceinsight.method.characteristics import Vocabulary

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

_log = logging.getLogger(__name__)

# Okabe and Ito's colours, which colour-blind readers tell apart, dark enough for text on white.
_COLOURS = ("#0072B2", "#D55E00", "#007A5A", "#A5527A", "#8A6100", "#3A3A3A")
INK, FAINT, WARNING = "#22272e", "#5a636d", "#b3261e"
_SMALLEST, _LARGEST = 720, 1600
_LETTERS = 34
_MOST_COLUMNS = 4

_LONGEST = 200
"""Bytes of a file's name without its ending; file systems take 255, some 143 letters of two."""

_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE)
"""Names that Windows keeps for devices."""

_OF_ALL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
"""Faults of the disk, not of one file's name: they stop everything."""

_Line = tuple[str, str]
"""Words and their colour."""


@dataclass(frozen=True)
class Labelled:
    """A face to draw.

    Attributes:
        number: as in the table.
        box: in pixels of the photograph; None draws no box.
        labels: in words.
    """

    number: int
    box: Box | None
    labels: Sequence[str]


def draw_folder(
    photos: Path | str,
    faces: pd.DataFrame,
    vocabulary: Vocabulary,
    work: Path,
    settings: PhotoSettings | None = None,
    *,
    progress: bool = True,
) -> Path:
    """Draw every photograph that has faces, with boxes and labels; may be stopped and started.

    Args:
        photos: the folder of photographs.
        faces: `Scores.faces` of that folder.
        vocabulary: the model's.
        work: folder of work folders.
        settings: workers and largest photograph.
        progress: show a progress bar.

    Returns:
        a folder of JPEG files, called as `picture_names` says.

    Raises:
        ParameterError: `photos` is no folder.
    """
    settings = settings or PhotoSettings()
    folder = find_folder(photos)
    key = digest(str(folder), faces, recipe("pictures"))
    work_folder = WorkFolder(work, "pictures", key)
    target = work_folder.path / "pictures"
    target.mkdir(exist_ok=True)
    names = {printable(name): name for name in list_files(folder)[0]}
    called = picture_names(faces["photograph"].unique())

    def draw(of_one: tuple[str, list[dict[Any, Any]]]) -> None:
        name, rows = of_one
        path = target / called[name]
        if path.exists() or name not in names:
            return
        caution = rows[0].get("caution")
        labelled = [_labelled(row, vocabulary) for row in rows]
        try:
            pixels = read_photograph(folder / names[name], name, settings.max_pixels)
            _save(annotate(pixels, labelled, None if pd.isna(caution) else caution), path)
        except PhotographError as error:
            _log.warning("no picture is drawn: %s", error)
        except OSError as error:
            if error.errno in _OF_ALL:
                raise
            _log.warning("no picture is drawn of %s: %s", name, error.strerror or error)

    photographs = faces.groupby("photograph", sort=False)
    total = photographs.ngroups
    bar = images_bar(f"drawing {folder.name}", total, disable=not (progress and total))
    with work_folder.alone(), bar, ThreadPoolExecutor(settings.workers) as pool:
        for half_written in target.rglob(".*"):
            half_written.unlink()
        for _ in ahead(pool, draw, _rows(photographs), 2 * settings.workers):
            bar.update()
    return target


def draw_photograph(photo: Photo, faces: Sequence[Face], target: Path) -> None:
    """Draw one photograph with the boxes and labels of its faces into a JPEG file.

    Args:
        photo: the photograph.
        faces: what `FaceInsight.analyze` found in it.
        target: the file, which appears whole.

    Raises:
        PhotographError: the photograph cannot be used.
    """
    _save(picture_of(photo, faces), target)


def _save(page: Image, target: Path) -> None:
    with write_beside(target) as beside:
        beside.write_bytes(encoded(page, "JPEG", quality=90))


def picture_of(photo: Photo, faces: Sequence[Face], max_pixels: float = MAX_PIXELS) -> Image:
    """One photograph with the boxes and labels of its faces.

    Args:
        photo: the photograph.
        faces: what `FaceInsight.analyze` found in it.
        max_pixels: width times height beyond which it is refused.

    Raises:
        PhotographError: the photograph cannot be used.
    """
    pixels = read_photograph(photo, "the photograph", max_pixels)
    labelled = [
        Labelled(face.number, face.bbox if face.confidence is not None else None, face.labels)
        for face in faces
    ]
    return annotate(pixels, labelled, faces[0].caution if faces else None)


def picture_names(photographs: Iterable[str], flat: bool = False) -> dict[str, str]:
    """What the picture of each photograph is called: as the photograph, ending in `.jpg`.

    No two are called alike, not even where capitals, and how an accent is written, do not count.
    Where a name is too long for a file, or has characters that a file system of today refuses, it
    is changed as little as may be.

    Args:
        photographs: POSIX paths, each once.
        flat: all pictures lie in one folder; else in folders as the photographs do.
    """
    named: dict[str, str] = {}
    taken: set[str] = set()
    for photograph in photographs:
        *folders, file = photograph.split("/")
        stem, dot, ending = file.rpartition(".")
        is_picture = bool(stem) and (guess_type(file.lower())[0] or "").startswith("image/")
        plain = stem if is_picture else file
        above = "".join(f"{_shortened(_portable(name))}/" for name in folders if not flat)
        # Where another is called so: with what tells them apart, and then with a number.
        others = (f"{plain} {number}" for number in count(2))
        for stem in chain([plain], [f"{plain}_{ending}"] if is_picture and dot else [], others):
            name = f"{above}{_shortened(_portable(stem))}.jpg"
            if (key := normalize("NFC", name).casefold()) not in taken:
                break
        taken.add(key)
        named[photograph] = name
    return named


def _portable(name: str) -> str:
    """A name that any file system takes, if it is short enough."""
    name = re.sub(r'[<>:"\\|?*\x00-\x1f]', "_", name).rstrip(". ") or "_"
    return f"_{name}" if _RESERVED.fullmatch(name.partition(".")[0]) else name


def _shortened(name: str) -> str:
    """A name of at most `_LONGEST` bytes; a shortened one ends in a digest of the whole."""
    encoded = name.encode()
    if len(encoded) <= _LONGEST:
        return name
    return f"{encoded[: _LONGEST - 9].decode(errors='ignore')}_{digest(name)[:8]}"


def _rows(photographs: Any) -> Iterator[tuple[str, list[dict[Any, Any]]]]:
    for name, table in photographs:
        yield str(name), table.to_dict("records")


def _labelled(row: Mapping[Any, Any], vocabulary: Vocabulary) -> Labelled:
    box = int(row["left"]), int(row["top"]), int(row["right"]), int(row["bottom"])
    is_whole = bool(pd.isna(row["score"]))
    return Labelled(
        int(row["face"]),
        None if is_whole else box,
        labels_of(present_in(row, vocabulary), vocabulary),
    )


def annotate(pixels: np.ndarray, faces: Sequence[Labelled], special: str | None = None) -> Image:
    """A photograph with numbered boxes, and each face's labels in columns at its right.

    Small photographs are enlarged and large ones reduced, to between 720 and 1600 pixels, so that
    the words can be read.

    Args:
        pixels: [H, W, 3] uint8, RGB.
        faces: from left to right.
        special: a caution that concerns this picture.
    """
    from PIL import Image, ImageDraw, ImageFont

    height, width = pixels.shape[:2]
    longest = min(max(height, width, _SMALLEST), _LARGEST)
    scale = longest / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    photograph = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    letter = longest // 45
    font: Any = ImageFont.load_default(letter)
    small: Any = ImageFont.load_default(round(letter * 0.8))
    line, margin = round(letter * 1.4), letter
    column = round(_LETTERS * letter * 0.55)

    caution = [(words, FAINT) for words in wrapped(CAUTION, small, column)]
    if special is not None:
        caution = [(words, WARNING) for words in wrapped(special, small, column)] + caution
    room = (size[1] - 2 * margin) // line - len(caution) - 1
    columns = _in_columns([_lines(face, font, column) for face in faces], room)
    most = max([room, *map(len, columns)])
    tall = max(size[1], (most + len(caution) + 1) * line + 2 * margin)
    page = Image.new("RGB", (size[0] + len(columns) * (column + 2 * margin), tall), "white")
    page.paste(photograph, (0, 0))
    canvas = ImageDraw.Draw(page)
    for number, lines in enumerate(columns):
        left = size[0] + margin + number * (column + 2 * margin)
        for row, (words, colour) in enumerate(lines):
            canvas.text((left, margin + row * line), words, fill=colour, font=font)
    for number, (words, colour) in enumerate(caution):
        at = (size[0] + margin, tall - margin - (len(caution) - number) * line)
        canvas.text(at, words, fill=colour, font=small)
    for face in faces:
        if face.box is not None:
            _draw_box(canvas, face, scale, font)
    return page


def _draw_box(canvas: Any, face: Labelled, scale: float, font: FreeTypeFont) -> None:
    assert face.box is not None
    colour = _colour(face)
    left, top, right, bottom = (round(value * scale) for value in face.box)
    canvas.rectangle((left, top, right, bottom), outline=colour, width=max(2, font.size // 7))
    tag = f" {face.number} "
    wide, high = font.getlength(tag), font.size * 1.3
    above = max(0, top - high)  # beside the face rather than on it, where there is room
    canvas.rectangle((left, above, left + wide, above + high), fill=colour)
    canvas.text((left, above), tag, fill="white", font=font)


def _in_columns(blocks: Sequence[list[_Line]], room: int) -> list[list[_Line]]:
    """Blocks of lines in as few columns as `room` lines allow; longer ones where those are many."""
    room = max([room, *map(len, blocks)])
    while True:
        columns: list[list[_Line]] = [[]]
        for block in blocks:
            if len(columns[-1]) + len(block) > room:
                columns.append([])
            columns[-1] += block
        if len(columns) <= _MOST_COLUMNS:
            return columns
        room += 1


def _lines(face: Labelled, font: FreeTypeFont, width: int) -> list[_Line]:
    """What stands beside the photograph for one face, an empty line at the end."""
    words = ", ".join(face.labels) or "none of the characteristics"
    lines = [(line, INK) for line in wrapped(words, font, width)]
    return [(f"Face {face.number} appears", _colour(face)), *lines, ("", INK)]


def wrapped(text: str, font: FreeTypeFont, width: int) -> list[str]:
    """Text in lines of at most so many pixels, if no single word is wider.

    A picture has one kind of letters: the marks around what is to be typed are left out.
    """
    lines = [""]
    for word in text.replace("`", "").split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _colour(face: Labelled) -> str:
    return _COLOURS[(face.number - 1) % len(_COLOURS)]
