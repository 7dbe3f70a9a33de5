"""UTKFace: age in years, gender and race, written in the photographs' names.

`UTKFace/25_0_2_20170116174525125.jpg.chip.jpg` says age 25, gender 0 (male), race 2 (Asian), time.
The published set has names that lack a part; they are left out and listed. Where there is no
folder `UTKFace`, the archive's others are read: `crop_part1`, or the photographs before they were
cropped, `part1` to `part3`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from faceinsight.data.readers.base import (
    LABEL_TYPE,
    Labels,
    label_table,
    skipped_table,
    task_fields,
)
from faceinsight.data.readers.layout import pictures, whereabouts
from faceinsight.data.splits import SeededSplit
from faceinsight.errors import LabelFileError, VocabularyError
from faceinsight.method.characteristics import Vocabulary

PHOTOGRAPHS = "UTKFace"
"""Folder of the photographs, below the data set's own."""

_FIELDS = ("age", "gender", "race")
# Lenient behind the third underscore: some published names have a blank or lack a dot there.
# Surrogates stand for bytes of a name that are not UTF-8.
_NAME = re.compile(
    r"([0-9]{1,3})_([0-9])_([0-9])_[^\\/\x00-\x1f\x7f\ud800-\udfff]+\.(?:jpg|jpeg|png)",
    re.IGNORECASE,
)

# The folders of the archives, the best first.
_FOLDERS = (r"(?i)/utkface/", r"(?i)/crop_part\d*/", r"(?i)/part\d*/", "")


def read(folder: Path, vocabulary: Vocabulary, split: SeededSplit) -> Labels:
    """Read UTKFace's labels from the names of its photographs.

    Years are kept, and binned by the ranges that the vocabulary names ("3-9", "70+").

    Raises:
        LabelFileError: the folder is missing or holds no photograph with such a name.
        VocabularyError: a range of years cannot be read, or two of them overlap.
    """
    fields = task_fields("utkface", vocabulary, _FIELDS)
    class_of = [
        _classes(field, fields[field], limit) if field in fields else None
        for field, limit in zip(_FIELDS, (1000, 10, 10), strict=True)
    ]
    photographs = folder / PHOTOGRAPHS
    names, numbers, skipped, reasons = [], [], [], []
    paths = _files(folder)
    for path in paths:
        name = path.rpartition("/")[2]
        parts = _NAME.fullmatch(name)
        reason = None if parts else "the name is not age_gender_race_time.jpg"
        if parts:
            values = (int(parts[1]), int(parts[2]), int(parts[3]))
            for field, value, classes in zip(_FIELDS, values, class_of, strict=True):
                if classes and value not in classes:
                    reason = reason or f"{field} {value} is none of the vocabulary's classes"
        if reason:
            skipped.append(os.fsencode(name).decode("utf-8", "backslashreplace"))
            reasons.append(reason)
        else:
            names.append(path)
            numbers.append(values)
    if not names:
        raise LabelFileError(
            f"{photographs} holds no photograph with a name such as"
            " 25_0_2_20170116174525125.jpg.chip.jpg: put UTKFace's photographs there"
            f"{whereabouts(folder)}"
        )
    labels: dict[str, pa.Array] = {}
    for i, field in enumerate(_FIELDS):
        if classes := class_of[i]:
            ids = pa.array([classes[values[i]] for values in numbers], pa.string())
            labels |= {id_: pc.equal(ids, id_).cast(LABEL_TYPE) for id_ in fields[field]}
    paths = pa.array(names, pa.string())
    table = label_table(
        "utkface",
        vocabulary,
        photograph=paths,
        split=split.parts(pc.replace_substring_regex(paths, "^.*/", "")),
        labels=labels,
        years=pa.array([years for years, _, _ in numbers], pa.int16()),
    )
    return Labels(table, skipped_table(skipped, reasons))


def _files(folder: Path) -> list[str]:
    """Paths of the files of the photographs' folder, or of the most alike that hold any."""
    photographs = folder / PHOTOGRAPHS
    missing = f"{photographs} is missing: put UTKFace's photographs there"
    try:
        with os.scandir(photographs) as entries:
            there = list(entries)
    except FileNotFoundError:
        there = []
    files = sorted(entry.name for entry in there if not entry.is_dir())
    has_another = any(entry.is_dir() and entry.name.lower() == "utkface" for entry in there)
    if has_another or not any(map(_NAME.fullmatch, files)):
        kinds: dict[int, dict[str, str]] = {}
        for path in pictures(folder):
            parent, _, name = path.rpartition("/")
            kind = next(i for i, like in enumerate(_FOLDERS) if re.search(like, f"/{parent}/"))
            kinds.setdefault(kind, {}).setdefault(name.partition(".")[0], path)
        for kind in sorted(kinds):
            paths = [*kinds[kind].values()]
            if any(_NAME.fullmatch(path.rpartition("/")[2]) for path in paths):
                return paths
    if not photographs.exists():
        raise LabelFileError(f"{missing}{whereabouts(folder)}")
    return [f"{PHOTOGRAPHS}/{name}" for name in files]


def _classes(field: str, names: Mapping[str, str], limit: int) -> dict[int, str]:
    """The id for each number below `limit` that has one."""
    classes: dict[int, str] = {}
    for id_, name in names.items():
        found = re.fullmatch(r"(\d+)(?:-(\d+)|(\+))?", name)
        if not found or (found[2] and int(found[2]) < int(found[1])):
            raise VocabularyError(
                f"vocabulary.characteristics.{id_}.names.utkface is '{name}', but a class of"
                f" {field} is a number such as 4 or a range such as 3-9 or 70+"
            )
        last = limit - 1 if found[3] else int(found[2] or found[1])
        for number in range(int(found[1]), min(last, limit - 1) + 1):
            if number in classes:
                raise VocabularyError(
                    f"vocabulary: {field} {number} of utkface is in two classes:"
                    f" {classes[number]} and {id_}"
                )
            classes[number] = id_
    return classes
