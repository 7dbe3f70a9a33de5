"""Where the files of a data set lie: layouts that people have beside its authors' own.

An archive is unpacked into a folder of its own name, or into two of one name; a mirror converts the
photographs, or gives their names other endings. What is plainly the same data is found.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from faceinsight.data.formats import PICTURE_NAME

_ARCHIVE = re.compile(r".+\.(zip|7z|rar|tar|tgz|gz|bz2|xz|zst|\d{3})", re.IGNORECASE)

# Other pictures of the same names: label maps, and CelebA's and RAF-DB's before they were aligned.
_OTHERS = {"__macosx", "maps", "maps_faulty", "img_celeba", "original"}

_SAMPLE = 200
_LEVELS = ("", "*/", "*/*/")
_DEEPEST = 3


def label_file(folder: Path, *names: str) -> Path:
    """A label file, under any of its names, in the data set's folder or up to three levels below.

    Case does not matter, nor does what a browser adds to a second download (`labels (1).csv`). Of
    several the highest counts. Where there is none, the path is the one that its authors' layout
    has.
    """
    authors = folder / names[0]
    if authors.is_file():
        return authors
    keys = [_key(name.rpartition("/")[2]) for name in names]
    level = [str(folder)]
    for _ in range(_DEEPEST + 1):
        inside = [entry for place in level for entry in _visible(place)]
        found = [entry for entry in inside if _key(entry.name) in keys and entry.is_file()]
        if found:
            return Path(min(found, key=lambda e: (keys.index(_key(e.name)), e.path)).path)
        level = [entry.path for entry in inside if entry.is_dir()]
    return authors


def _key(name: str) -> str:
    return re.sub(r" ?\(\d+\)(?=\.\w+$)", "", name).lower().replace("-", "_")


def _visible(folder: str) -> list[os.DirEntry[str]]:
    """What lies in a folder, if it can be read, without what systems put there."""
    with suppress(OSError), os.scandir(folder) as entries:
        return [e for e in entries if e.name[0] != "." and e.name.lower() != "__macosx"]
    return []


def whereabouts(folder: Path) -> str:
    """What to add to a message about missing files: where they may still be.

    In archives that are still to be unpacked, or in folders that cannot be read.
    """
    inside = {path for at in _LEVELS for path in folder.glob(at + "*")}
    for path in sorted(inside):
        if path.is_dir() and not os.access(path, os.R_OK | os.X_OK):
            return f" ({path} cannot be read: see to its permissions)"
    beside = {path for path in folder.parent.glob("*") if folder.name in path.name.lower()}
    names = sorted(
        path.relative_to(folder.parent).as_posix()
        for path in inside | beside
        if _ARCHIVE.fullmatch(path.name) and path.is_file()
    )
    if not names:
        return ""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f" ({names[0]}{more} is an archive that was not unpacked)"


def pictures(folder: Path, known: Sequence[str] = ()) -> Iterator[str]:
    """POSIX paths of all pictures below a folder, but for those in folders of other pictures.

    Args:
        folder: of the data set.
        known: names of folders that are looked into whatever they are called.
    """
    pruned = _OTHERS - {name.lower() for name in known}
    home = folder.resolve()
    entered = set(home.parents)
    for root, folders, names in os.walk(folder, followlinks=True):
        # Links may lead in circles, and out to where other data sets lie.
        if (place := Path(root).resolve()) in entered:
            folders.clear()
            continue
        entered.add(place)
        folders[:] = sorted(f for f in folders if f[0] != "." and f.lower() not in pruned)
        start = Path(root).relative_to(folder).as_posix()
        for name in sorted(names):
            if PICTURE_NAME.fullmatch(name) and name[0] != "." and name.isprintable():
                yield name if start == "." else f"{start}/{name}"


def find_photographs(folder: Path, below: str, photographs: pd.Series) -> pd.Series:
    """Paths of photographs as they lie there.

    A photograph that is not where its authors' layout has it is sought in the whole folder: by its
    name below `below`, whatever its case and its ending. Of several folders that hold one, those
    that are called as `below` come first, then those that hold more.

    Args:
        folder: of the data set.
        below: what the names in the label file are relative to, in the authors' layout.
        photographs: [N] paths in the authors' layout.

    Returns:
        [N] paths; those of photographs that are nowhere stay as they are.
    """
    given = pa.array(photographs, pa.string())
    names = pc.unique(given)
    some = names.take(np.linspace(0, len(names) - 1, min(len(names), _SAMPLE)).astype(int))
    if all(os.path.isfile(folder / name) for name in some.to_pylist()):  # noqa: PTH113 -- any length
        return photographs
    parts = PurePosixPath(below).parts
    there = pa.array(pictures(folder, parts), pa.string())
    missing = names.filter(pc.invert(pc.is_in(names, there)))
    others = there.filter(pc.invert(pc.is_in(there, names)))
    depths = pc.subtract(pc.count_substring(missing, "/"), len(parts))
    places = [
        _places(missing.filter(pc.equal(depths, depth)), others, depth.as_py())
        for depth in pc.unique(depths)
    ]
    found = pd.concat(places) if places else pd.DataFrame()
    if not len(found):
        return photographs
    hits = found["folder"].value_counts()
    order = sorted(hits.index, key=lambda f: (-_alike(f, below), -hits[f], f.count("/"), f))
    ranks = found["folder"].map({folder: rank for rank, folder in enumerate(order)})
    best = found.assign(rank=ranks).sort_values("rank", kind="stable").drop_duplicates("name")
    at = pc.index_in(given, value_set=pa.array(best["name"], pa.string()))
    moved = pc.coalesce(pa.array(best["file"], pa.string()).take(at), given)
    return pd.Series(pd.array(moved, photographs.dtype), photographs.index)


def _places(names: pa.Array, files: pa.Array, depth: int) -> pd.DataFrame:
    """Files that may be the photographs of these names, each with the folder that holds it."""
    name_keys, file_keys = _keys(names, depth), _keys(files, depth)
    names = names.filter(is_there := pc.is_in(name_keys, file_keys))
    at = pc.index_in(file_keys, value_set=name_keys.filter(is_there))
    found = {"name": names.take(at.drop_null()), "file": files.filter(at.is_valid())}
    frame = pd.DataFrame({key: array.to_pylist() for key, array in found.items()}, dtype=object)
    return frame.assign(
        folder=[
            file.rsplit("/", depth + 1)[0] if file.count("/") > depth else ""
            for file in frame["file"]
        ]
    )


def _keys(paths: pa.Array, depth: int) -> pa.Array:
    """What photographs are known by: their last `depth` folders and name, without case and ending.

    RAF-DB's aligned photographs are found with and without `_aligned`, a part `val` as well where
    it is written out.
    """
    stems = pc.replace_substring_regex(pc.utf8_lower(paths), r"(_aligned)?\.[^./]*$", "")
    stems = pc.replace_substring_regex(stems, r"(^|/)valid(ation)?/", r"\1val/")
    return pc.replace_substring_regex(stems, rf"^.*/((?:[^/]+/){{{depth}}}[^/]+)$", r"\1")


def _alike(one: str, other: str) -> int:
    """How many folders two paths have in common at their ends."""
    pairs = zip(reversed(one.lower().split("/")), reversed(other.lower().split("/")), strict=False)
    alike = 0
    for a, b in pairs:
        if a != b:
            break
        alike += 1
    return alike
