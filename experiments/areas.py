"""How well do fixed areas of a face's box cover the parts of the face?

Explanations of a model that reads no label maps take areas of the box that the detector finds
where nothing makes a map (`inference.areas`). On CelebAMask-HQ's photographs, whose maps are known,
with the boxes of dlib's detector, which every user has:

- how much of each class lies in which area, and what each area holds;
- whether an explanation by areas names first what one by the true map names first.

The areas were fitted to the first, third, ... of the photographs in the order of their names; the
second, fourth, ... are measured here.

    python experiments/areas.py --photographs DIR/images --masks DIR/masks --out docs/areas.md
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from faceinsight import FaceInsight
from faceinsight.data.classes import MAP_CLASSES
from faceinsight.data.crops import FaceCrop, cut_face
from faceinsight.data.parsing.detector import DlibDetector, FaceDetector, detector_views
from faceinsight.data.parsing.provided import load_map
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.photographs import MAX_PIXELS, load_photograph
from faceinsight.inference.areas import give_areas
from faceinsight.inference.cropper import Crops
from faceinsight.inference.explanation import region_shares
from faceinsight.inference.regions import ERASURES, REGION_OF, REGIONS, region_names
from faceinsight.model.labels import log_odds, taught
from page import table, write

_SIDE = 640

AREA_OF = {
    **dict.fromkeys(("eyes", "brows", "eyeglasses"), ("eyes",)),
    "nose": ("nose",),
    "mouth": ("mouth",),
    "skin": ("skin", "hair", "neck"),
    **dict.fromkeys(("ears", "earring"), ("skin", "hair")),
    **dict.fromkeys(("hair", "hat"), ("hair",)),
    **dict.fromkeys(("neck", "necklace"), ("neck",)),
    **dict.fromkeys(("cloth", "background"), ("background",)),
}
"""Region of a label map to the areas that stand for it: forehead and chin are skin to a map."""


class Face(NamedTuple):
    """One face: [S, S, 3] uint8, and two label maps [S, S] uint8."""

    pixels: np.ndarray
    true: np.ndarray
    areas: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--masks", type=Path, required=True, help="PNG files of the same names")
    parser.add_argument("--faces", type=int, default=10_000, help="photographs, at most")
    parser.add_argument("--model", help="reads no maps; the package's if not given")
    parser.add_argument("--out", type=Path, help="the page")
    args = parser.parse_args()
    model = FaceInsight.from_pretrained(args.model, device="cpu", batch_size=128)
    crops = SegmentationSettings(
        maps="provided",
        size=model.network.config.image_size,
        margin=model.network.config.crops["margin"],
    )
    files = sorted(args.photographs.iterdir())[1::2][: args.faces]
    faces = list(faces_of(files, args.masks, DlibDetector(), crops))
    inside = covered(faces)
    write(render(len(files), len(faces), inside, agreement(model, faces)), args.out)


def faces_of(
    files: list[Path], masks: Path, detector: FaceDetector, crops: SegmentationSettings
) -> Iterator[Face]:
    """The largest face of each photograph in which one is found, with both maps."""
    for file in files:
        pixels = load_photograph(file.parent, file.name, max_pixels=MAX_PIXELS)
        (found,) = detector.find([detector_views(pixels, _SIDE, detector.around)])
        if not found:
            continue
        box = max((box for box, _ in found), key=lambda of: (of[2] - of[0]) * (of[3] - of[1]))
        face, by_box = FaceCrop(1, box), FaceCrop(1, box)
        true = load_map(masks, f"{file.stem}.png", pixels.shape[:2])
        cut_face(face, pixels, true, crops)
        give_areas([by_box], file.name, pixels.shape[:2], crops)
        assert face.crop is not None
        assert face.label_map is not None
        assert by_box.label_map is not None
        yield Face(face.crop, face.label_map, by_box.label_map)


def covered(faces: list[Face]) -> np.ndarray:
    """Pixels of all faces by true class and by region of the area, int64 [19, R]."""
    counts = np.zeros((len(MAP_CLASSES), len(REGIONS)), dtype=np.int64)
    for face in faces:
        np.add.at(counts, (face.true, REGION_OF[face.areas]), 1)
    return counts


def agreement(model: FaceInsight, faces: list[Face]) -> dict[str, tuple[float, int]]:
    """How often explanations name first what those by the true map (fill) name first.

    Of what the model says is present. An area is right where it stands for the region.

    Returns:
        What is compared to the share, and of how many pairs of face and characteristic.
    """
    pixels = np.stack([face.pixels for face in faces])
    first = {}
    for name, maps, method in (
        ("true", [face.true for face in faces], ERASURES[0]),
        ("blur", [face.true for face in faces], ERASURES[1]),
        ("areas", [face.areas for face in faces], ERASURES[0]),
    ):
        z, shares = region_shares(model, Crops.of_arrays(pixels, np.stack(maps)), method)
        first[name] = np.nan_to_num(shares, nan=-np.inf).argmax(axis=1)
    said = (log_odds(model.network, z) > 0) & taught(model.network)
    names = list(REGIONS)
    stands = np.zeros((len(names), len(names)), dtype=bool)
    for region, areas in AREA_OF.items():
        stands[names.index(region), [names.index(area) for area in areas]] = True
    right = stands[first["true"], first["areas"]]
    # A blur's first region is counted as generously: where the same area stands for both.
    alike = (stands[first["true"]] & stands[first["blur"]]).any(axis=-1)
    by_chance = stands[first["true"], np.roll(first["areas"], 1, axis=1)]
    return {
        "areas of the box": (float(right[said].mean()), int(said.sum())),
        "the true map, blurred in place of filled": (float(alike[said].mean()), int(said.sum())),
        "areas, of another characteristic of the face": (
            float(by_chance[said].mean()),
            int(said.sum()),
        ),
    }


def render(
    files: int, faces: int, counts: np.ndarray, agreed: dict[str, tuple[float, int]]
) -> list[str]:
    """The result as lines of Markdown."""
    areas = np.flatnonzero(counts.sum(axis=0))
    names = [region_names("box")[area] for area in areas]
    return [
        "# Explanations by areas of the box",
        "",
        "Where nothing makes a label map, a model that reads none is explained by areas at fixed "
        "places of the face's box. `experiments/areas.py` measured them, on "
        f"{faces:,} faces that dlib's detector found in {files:,} photographs of CelebAMask-HQ, "
        "whose maps are known; the areas were fitted to others of them.",
        "",
        "## What of a class lies in which area",
        "",
        "Per cent of each class's pixels within the crop; last, its part of all pixels.",
        "",
        *table(
            ["class", *names, "of all"],
            [
                [
                    name.replace("_", " "),
                    *(f"{100 * n / of.sum():.0f}" for n in of[areas]),
                    f"{100 * of.sum() / counts.sum():.1f}",
                ]
                for name, of in zip(MAP_CLASSES, counts, strict=True)
                if of.sum()
            ],
        ),
        "",
        "## What an area holds",
        "",
        "Per cent of each area's pixels; last, its part of the crop.",
        "",
        *table(
            ["area", *REGIONS, "of the crop"],
            [
                [name, *(f"{100 * n / of.sum():.0f}" for n in _by_region(of)), f"{share:.0%}"]
                for name, of, share in zip(
                    names, counts[:, areas].T, counts.sum(axis=0)[areas] / counts.sum(), strict=True
                )
            ],
        ),
        "",
        "## Do they name the same region first?",
        "",
        "Of what the package's model says is present, how often the first region is one that "
        "stands for what comes first by the true map (filled); skin is cheeks, forehead or chin.",
        "",
        *table(
            ["regions", "the same first", "pairs of face and characteristic"],
            [[name, f"{share:.0%}", f"{n:,}"] for name, (share, n) in agreed.items()],
        ),
    ]


def _by_region(of_classes: np.ndarray) -> np.ndarray:
    return np.bincount(REGION_OF, weights=of_classes, minlength=len(REGIONS))


if __name__ == "__main__":
    main()
