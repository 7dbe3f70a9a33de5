"""Writes each of the six data sets in its own layout on disk, as their publishers ship them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from faceinsight.data.drawn.causal import AGES
from faceinsight.data.drawn.settings import DrawnSettings
from faceinsight.data.drawn.studio import Studio

# fmt: off
CELEBA_COLUMNS = (
    "5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs",
    "Big_Lips", "Big_Nose", "Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair",
    "Bushy_Eyebrows", "Chubby", "Double_Chin", "Eyeglasses", "Goatee", "Gray_Hair",
    "Heavy_Makeup", "High_Cheekbones", "Male", "Mouth_Slightly_Open", "Mustache", "Narrow_Eyes",
    "No_Beard", "Oval_Face", "Pale_Skin", "Pointy_Nose", "Receding_Hairline", "Rosy_Cheeks",
    "Sideburns", "Smiling", "Straight_Hair", "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat",
    "Wearing_Lipstick", "Wearing_Necklace", "Wearing_Necktie", "Young",
)
# fmt: on
"""The columns of list_attr_celeba.txt."""

# fmt: off
MAAD_COLUMNS = (
    "Male", "Young", "Middle_Aged", "Senior", "Asian", "White", "Black", "Rosy_Cheeks",
    "Shiny_Skin", "Bald", "Wavy_Hair", "Receding_Hairline", "Bangs", "Sideburns", "Black_Hair",
    "Blond_Hair", "Brown_Hair", "Gray_Hair", "No_Beard", "Mustache", "5_o_Clock_Shadow",
    "Goatee", "Oval_Face", "Square_Face", "Round_Face", "Double_Chin", "High_Cheekbones",
    "Chubby", "Obstructed_Forehead", "Fully_Visible_Forehead", "Brown_Eyes", "Bags_Under_Eyes",
    "Bushy_Eyebrows", "Arched_Eyebrows", "Mouth_Closed", "Smiling", "Big_Lips", "Big_Nose",
    "Pointy_Nose", "Heavy_Makeup", "Wearing_Hat", "Wearing_Earrings", "Wearing_Necktie",
    "Wearing_Lipstick", "No_Eyewear", "Eyeglasses", "Attractive",
)
# fmt: on
"""The columns of MAAD_Face.csv after Filename and Identity."""

_FAIRFACE_AGES = {
    age: "more than 70" if age == "age_70_plus" else f"{0 if first == 1 else first}-{last}"
    for age, (first, last) in AGES.items()
}
_FAIRFACE_RACES = {
    "race7_White": "White",
    "race7_Black": "Black",
    "race7_Latino_Hispanic": "Latino_Hispanic",
    "race7_East_Asian": "East Asian",
    "race7_Southeast_Asian": "Southeast Asian",
    "race7_Indian": "Indian",
    "race7_Middle_Eastern": "Middle Eastern",
}
_GENDERS = ("Male", "Female")
_UTKFACE_RACES = ("race5_White", "race5_Black", "race5_Asian", "race5_Indian", "race5_Others")
_EXPW = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
_RAFDB = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")

_SEARCHED = ("angry", "amazed", "afraid", "happy", "sad", "annoyed", "excited", "calm")
_PEOPLE = ("man", "woman", "teacher", "boss", "actor", "girl", "student", "nurse")


def write_celeba(folder: Path, settings: DrawnSettings) -> None:
    """CelebA: an attribute table, the official parts, and aligned photographs."""
    n = settings.count("celeba")
    studio = Studio(folder, "celeba", settings, n)
    names = [f"{i + 1:06d}.jpg" for i in range(n)]
    labels = np.where(_attributes(studio, CELEBA_COLUMNS), 1, -1)
    rows = (
        f"{name} {' '.join(f'{v:2d}' for v in row)}"
        for name, row in zip(names, labels.tolist(), strict=True)
    )
    # The original's lines end with CRLF, and its header with a blank.
    header = " ".join(CELEBA_COLUMNS) + " "
    _lines(folder / "list_attr_celeba.txt", [str(n), header, *rows], end="\r\n")
    parts = np.digitize(np.arange(n) / n, [0.7, 0.85]).tolist()
    partition = [f"{name} {part}" for name, part in zip(names, parts, strict=True)]
    _lines(folder / "list_eval_partition.txt", partition, end="\r\n")
    for i, name in enumerate(names):
        studio.take(i, f"img_align_celeba/{name}")


def write_maad(folder: Path, settings: DrawnSettings) -> None:
    """MAAD-Face: one table over VGGFace2's photographs, several of each identity."""
    n, each = settings.count("maad"), settings.photographs_per_person
    studio = Studio(folder, "maad", settings, n, each)
    values = np.where(_attributes(studio, MAAD_COLUMNS), 1, -1)
    values[studio.label_chance.random(values.shape) < settings.unknown] = 0
    rows = []
    for i, row in enumerate(values.tolist()):
        identity = int(studio.faces.identity[i]) + 2
        name = f"n{identity:06d}/{i % each + 1:04d}_01.jpg"
        rows.append(f"{name},{identity},{','.join(map(str, row))}")
        studio.take(i, name)
    _lines(folder / "MAAD_Face.csv", [",".join(("Filename", "Identity", *MAAD_COLUMNS)), *rows])


def write_fairface(folder: Path, settings: DrawnSettings) -> None:
    """FairFace: one table and one folder for each of its parts."""
    n = settings.count("fairface")
    studio = Studio(folder, "fairface", settings, n)
    years = _noisy(studio, studio.faces.years).tolist()
    races = _classes(studio, tuple(_FAIRFACE_RACES))
    genders = _classes(studio, _GENDERS)
    service = studio.layout_chance.random(n) < 0.5
    in_train = int(n * 0.8)
    for part, chosen in (("train", range(in_train)), ("val", range(in_train, n))):
        rows = []
        for number, i in enumerate(chosen, start=1):
            age = next(a for a, (first, last) in AGES.items() if first <= years[i] <= last)
            race = tuple(_FAIRFACE_RACES.values())[races[i]]
            name = f"{part}/{number}.jpg"
            rows.append(f"{name},{_FAIRFACE_AGES[age]},{_GENDERS[genders[i]]},{race},{service[i]}")
            studio.take(i, name)
        header = "file,age,gender,race,service_test"
        _lines(folder / f"fairface_label_{part}.csv", [header, *rows])


def write_utkface(folder: Path, settings: DrawnSettings) -> None:
    """UTKFace: labels in the files' names; two names lack the race, as some of the original do."""
    n = settings.count("utkface")
    studio = Studio(folder, "utkface", settings, n + 2)
    years = _noisy(studio, studio.faces.years).tolist()
    genders = _classes(studio, _GENDERS)
    races = _classes(studio, _UTKFACE_RACES)
    for i in range(n + 2):
        time = f"20170116{i // 3600:02d}{i // 60 % 60:02d}{i % 60:02d}{i * 37 % 1000:03d}"
        race = f"{races[i]}_" if i < n else ""
        studio.take(i, f"UTKFace/{years[i]}_{genders[i]}_{race}{time}.jpg.chip.jpg")


def write_expw(folder: Path, settings: DrawnSettings) -> None:
    """ExpW: photographs of one face or two, with a box and an expression for each."""
    n = settings.count("expw")
    studio = Studio(folder, "expw", settings, n)
    expressions = _classes(studio, _EXPW)
    rng = studio.layout_chance
    rows = []
    i = photograph = 0
    while i < n:
        together = [i, i + 1] if i + 1 < n and rng.random() < settings.two_faces else [i]
        search = f"{_SEARCHED[rng.integers(8)]}_{_PEOPLE[rng.integers(8)]}"
        name = f"{search}_{photograph}.jpg"
        for face, box in enumerate(studio.take_scene(together, f"image/{name}")):
            left, top, right, bottom = box
            confidence = rng.uniform(5, 100)
            rows.append(
                f"{name} {face} {top} {left} {right} {bottom} {confidence:.6g}"
                f" {expressions[i + face]}"
            )
        i += len(together)
        photograph += 1
    _lines(folder / "label.lst", rows)


def write_rafdb(folder: Path, settings: DrawnSettings) -> None:
    """RAF-DB: a list of names with the basic expression, and aligned photographs."""
    n = settings.count("rafdb")
    studio = Studio(folder, "rafdb", settings, n)
    expressions = _classes(studio, _RAFDB)
    in_train = int(n * 0.8)
    rows = []
    for i in range(n):
        name = f"train_{i + 1:05d}" if i < in_train else f"test_{i - in_train + 1:04d}"
        rows.append(f"{name}.jpg {expressions[i] + 1}")
        studio.take(i, f"Image/aligned/{name}_aligned.jpg")
    _lines(folder / "EmoLabel/list_patition_label.txt", rows)


WRITERS: dict[str, Callable[[Path, DrawnSettings], None]] = {
    "celeba": write_celeba,
    "maad": write_maad,
    "fairface": write_fairface,
    "utkface": write_utkface,
    "expw": write_expw,
    "rafdb": write_rafdb,
}
"""Data set to what writes it into a folder of its own."""


def _attributes(studio: Studio, columns: Sequence[str]) -> np.ndarray:
    """Labels of single attributes with their noise, bool [N, len(columns)]."""
    return _noisy(studio, np.stack([studio.faces.present[column] for column in columns], axis=1))


def _classes(studio: Studio, ids: Sequence[str]) -> list[int]:
    """Number of each face's class among `ids`, with noise."""
    present = np.stack([studio.faces.present[id_] for id_ in ids], axis=1)
    return _noisy(studio, np.argmax(present, axis=1)).tolist()


def _noisy(studio: Studio, labels: np.ndarray) -> np.ndarray:
    """Labels [N, ...] of which a noisy share is taken from some other face of the data set.

    Rare labels stay rare, and a class stays a class; but labels break rules now and then, as in
    life.
    """
    rng = studio.label_chance
    n = len(labels)
    other = np.take_along_axis(labels, rng.integers(0, n, labels.shape), axis=0)
    return np.where(rng.random(labels.shape) < studio.settings.label_noise, other, labels)


def _lines(path: Path, lines: Iterable[str], end: str = "\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(line + end for line in lines).encode())
