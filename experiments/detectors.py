"""Which detector is the best that needs no download, and how far its boxes are from pyfacer's?

Photographs of CelebA, UTKFace and FairFace are put into larger pictures, one each, and ExpW's are
taken whole; the faces are known. Beside pyfacer's RetinaFace stand detectors whose weights come in
a wheel: dlib's (HOG and a linear classifier), scikit-image's cascade (LBP), and, where OpenCV 4 is
installed, its cascade (Haar); OpenCV 5 has none, and no longer ships weights.

A model is trained on faces that are framed as RetinaFace frames them, so another detector's box is
brought into that frame: four numbers, medians over one half of the pictures, tried on the other.

    python experiments/detectors.py --raw /data/raw --detector-weights FILE --out docs/detectors.md
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceinsight.data.geometry import Box
from faceinsight.data.parsing.detector import PyfacerDetector, detector_views
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.readers.expw import read as read_expw
from faceinsight.data.splits import SeededSplit
from page import table, write

FOLDERS = {
    "celeba": "celeba/img_align_celeba",
    "utkface": "utkface/UTKFace",
    "fairface": "fairface/train",
}
_CANVAS = (480, 640)
_SAME = 0.5
"""Share of the smaller of two boxes in which they overlap, if they are of one face."""

Find = Callable[[NDArray[np.uint8]], NDArray[np.float64]]
"""A picture [H, W, 3] to boxes [n, 4]."""


class Picture(NamedTuple):
    """A picture, the boxes of the faces in it that are known, and where it is from."""

    pixels: NDArray[np.uint8]
    faces: NDArray[np.float64]
    source: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--raw", type=Path, required=True)
    parser.add_argument("--detector-weights", type=Path, help="of pyfacer, a local file")
    parser.add_argument("--pictures", type=int, default=500, help="with one face, and of ExpW")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    pictures = list(pictures_of(args.raw, args.pictures))
    found, seconds = {}, {}
    for name, find in detectors(args.detector_weights).items():
        find(pictures[0].pixels)  # loads it
        start = time.process_time()
        found[name] = [find(picture.pixels) for picture in pictures]
        seconds[name] = (time.process_time() - start) / len(pictures)
    write(render(pictures, found, seconds), args.out)


def detectors(weights: Path | None) -> dict[str, Find]:
    """Those that are installed, by name."""
    settings = SegmentationSettings(detector_weights=weights)
    pyfacer = PyfacerDetector(settings)

    def retinaface(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        (faces,) = pyfacer.find([detector_views(pixels, 640)])
        return _boxes([box for box, _ in faces])

    others: dict[str, Find] = {}
    try:
        import dlib

        hog = dlib.get_frontal_face_detector()

        def by_dlib(doublings: int, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
            rows = hog.run(pixels, doublings, 0.0)[0]
            return _boxes([(r.left(), r.top(), r.right() + 1, r.bottom() + 1) for r in rows])

        others["dlib's HOG"] = partial(by_dlib, 0)
        others["dlib's HOG, pictures doubled"] = partial(by_dlib, 1)
    except ModuleNotFoundError:
        pass
    try:
        from skimage import data
        from skimage.feature import Cascade

        cascade = Cascade(data.lbp_frontal_face_cascade_filename())

        def by_skimage(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
            largest = (min(pixels.shape[:2]),) * 2
            rows = cascade.detect_multi_scale(pixels, 1.2, 1, (40, 40), largest)
            return _boxes(
                [(r["c"], r["r"], r["c"] + r["width"], r["r"] + r["height"]) for r in rows]
            )

        others["scikit-image's LBP cascade"] = by_skimage
    except ModuleNotFoundError:
        pass
    try:
        import cv2

        folder = Path(cv2.__file__).parent / "data"
        opencv: Any = cv2  # of which version 5 has no cascades
        haar = opencv.CascadeClassifier(str(folder / "haarcascade_frontalface_alt2.xml"))

        def by_opencv(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
            grey = opencv.cvtColor(pixels, opencv.COLOR_RGB2GRAY)
            rows = haar.detectMultiScale(grey, 1.1, 3, minSize=(30, 30))
            return _boxes([(x, y, x + w, y + h) for x, y, w, h in rows])

        others["OpenCV 4's Haar cascade"] = by_opencv
    except (ModuleNotFoundError, AttributeError):
        pass
    at_one_size = {name: partial(_at_one_size, find) for name, find in others.items()}
    return {"pyfacer's RetinaFace": retinaface, **at_one_size}


def _at_one_size(find: Find, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """As RetinaFace's larger view: the longer side has 640 pixels."""
    height, width = pixels.shape[:2]
    scale = 640 / max(height, width)
    size = round(width * scale), round(height * scale)
    seen = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    return find(seen) / scale


def pictures_of(raw: Path, n: int) -> list[Picture]:
    """So many larger pictures with one face each, and so many of ExpW's photographs."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(n):
        source = list(FOLDERS)[number % len(FOLDERS)]
        files = sorted((raw / FOLDERS[source]).glob("*.jpg"))
        face = Image.open(files[rng.integers(len(files))]).convert("RGB")
        found.append(_in_a_larger_picture(face, source, rng))
    labels = read_expw_boxes(raw / "expw")
    names = sorted(labels)
    for name in rng.permutation(names)[:n]:
        pixels = np.asarray(Image.open(raw / "expw" / name).convert("RGB"))
        found.append(Picture(pixels, labels[name], "expw"))
    return found


def read_expw_boxes(folder: Path) -> dict[str, NDArray[np.float64]]:
    """ExpW's photographs that are there, with the boxes of the faces that it labels."""
    from faceinsight.method.characteristics import Characteristic, Vocabulary

    words = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    vocabulary = Vocabulary(
        [Characteristic(w, w, {"expw": str(i)}, "expression") for i, w in enumerate(words)],
        {"expression": words},
        {"expw": {"expression": "expression"}},
    )
    table = read_expw(folder, vocabulary, SeededSplit()).table
    found = {}
    for name, rows in table.groupby("photograph"):
        if (folder / str(name)).is_file():
            sides = rows[["left", "top", "right", "bottom"]]
            found[str(name)] = sides.to_numpy(dtype=np.float64)
    return found


def _in_a_larger_picture(face: Image.Image, source: str, rng: np.random.Generator) -> Picture:
    """A face of 120 to 240 pixels somewhere in a picture of soft colours."""
    height, width = _CANVAS
    colours = rng.integers(0, 256, (3, 4, 3), dtype=np.uint8)
    canvas = Image.fromarray(colours).resize((width, height), Image.Resampling.BICUBIC)
    longer = int(rng.integers(120, 241))
    scale = longer / max(face.size)
    face = face.resize((round(face.width * scale), round(face.height * scale)))
    left = int(rng.integers(0, width - face.width + 1))
    top = int(rng.integers(0, height - face.height + 1))
    canvas.paste(face, (left, top))
    box = [[left, top, left + face.width, top + face.height]]
    return Picture(np.asarray(canvas), np.array(box, dtype=np.float64), source)


def _boxes(rows: list[Box]) -> NDArray[np.float64]:
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def matched(found: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which of the boxes [n, 4] is of each known face [m, 4]; -1 where none is. Each is of one."""
    of = np.full(len(known), -1)
    if not len(found):
        return of
    share = _overlap(found, known, smaller=True)
    for _ in range(min(share.shape)):
        row, column = np.unravel_index(share.argmax(), share.shape)
        if share[row, column] < _SAME:
            break
        of[column] = row
        share[row], share[:, column] = 0, 0
    return of


def _overlap(
    one: NDArray[np.float64], other: NDArray[np.float64], smaller: bool = False
) -> NDArray[np.float64]:
    """Intersection over union of boxes [n, 4] and [m, 4], or over the smaller of the two."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    common = (high - low).clip(0).prod(axis=2)
    sizes = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (one, other)]
    if smaller:
        return common / np.minimum(sizes[0][:, None], sizes[1][None])
    return common / (sizes[0][:, None] + sizes[1][None] - common)


def fit(theirs: NDArray[np.float64], ours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Four numbers that bring boxes [n, 4] to others [n, 4] of the same faces.

    Shift of the centre to the right and down, and width and height, each in sides of their box (the
    root of its area): medians, which a wrong match does not move.
    """
    (centre, side), (wanted, _) = _framed(theirs), _framed(ours)
    size = (ours[:, 2:] - ours[:, :2]) / side
    return np.median(np.concatenate([(wanted - centre) / side, size], axis=1), axis=0)


def apply(theirs: NDArray[np.float64], numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes [n, 4] as `fit` says."""
    centre, side = _framed(theirs)
    centre, half = centre + numbers[:2] * side, numbers[2:] * side / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def _framed(boxes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres [n, 2] and sides [n, 1]."""
    size = boxes[:, 2:] - boxes[:, :2]
    return (boxes[:, :2] + boxes[:, 2:]) / 2, np.sqrt(size.prod(axis=1, keepdims=True))


def render(
    pictures: list[Picture],
    found: dict[str, list[NDArray[np.float64]]],
    seconds: dict[str, float],
) -> list[str]:
    """The result as lines of Markdown."""
    sources = list(dict.fromkeys(picture.source for picture in pictures))
    reference = next(iter(found))
    rows, frames = [], []
    for name, boxes in found.items():
        hits: dict[str, list[bool]] = {source: [] for source in sources}
        false = 0
        pairs: list[tuple[int, NDArray[np.float64], NDArray[np.float64]]] = []
        for number, (picture, of) in enumerate(zip(pictures, boxes, strict=True)):
            match = matched(of, picture.faces)
            hits[picture.source] += (match >= 0).tolist()
            if picture.source != "expw":  # it does not label every face
                false += len(of) - int((match >= 0).sum())
            theirs = found[reference][number]
            for row, best in enumerate(matched(of, theirs)):
                if best >= 0:
                    pairs.append((number, of[best], theirs[row]))
        shares = [f"{100 * np.mean(hits[source]):.1f}" for source in sources]
        single = sum(picture.source != "expw" for picture in pictures)
        rows.append([name, *shares, f"{100 * false / single:.1f}", f"{1000 * seconds[name]:.0f}"])
        if name != reference and pairs:
            frames.append([name, *_frame(pairs)])
    return [
        "# Detectors that need no download",
        "",
        f"Made by `experiments/detectors.py`: {single} faces in larger pictures, and "
        f"{len(pictures) - single} photographs of ExpW. Found: per cent of the known faces; of "
        "ExpW those that it labels. False: boxes that are on no face, a hundred pictures with one "
        "face; ExpW does not label every face. Time is the processor's.",
        "",
        *table(["detector", *sources, "false", "ms a picture"], rows),
        "",
        "Boxes beside RetinaFace's of the same faces: mean intersection over union, as they are, "
        "and with four numbers fitted on every other picture, on the rest. The numbers: shift to "
        "the right and down, width and height, in sides of the detector's own box.",
        "",
        *table(["detector", "faces", "as they are", "fitted", "numbers"], frames),
        "",
        "`faceinsight` takes dlib's, with doubled pictures: small faces are what a detector "
        "without a download misses most, its package is kept for every system, and OpenCV 5, which "
        "comes with pyfacer, has no cascade any more.",
    ]


def _frame(pairs: list[tuple[int, NDArray[np.float64], NDArray[np.float64]]]) -> list[str]:
    numbers = np.array([number for number, _, _ in pairs])
    theirs, ours = (np.stack([pair[i] for pair in pairs]) for i in (1, 2))
    fitted_on, rest = numbers % 2 == 0, numbers % 2 == 1
    fitted = fit(theirs[fitted_on], ours[fitted_on])
    plain = np.diag(_overlap(theirs[rest], ours[rest])).mean()
    after = np.diag(_overlap(apply(theirs[rest], fitted), ours[rest])).mean()
    told = ", ".join(f"{number:.3f}" for number in fitted)
    return [f"{len(pairs)}", f"{plain:.3f}", f"{after:.3f}", told]


if __name__ == "__main__":
    main()
