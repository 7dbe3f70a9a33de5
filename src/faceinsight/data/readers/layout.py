"""Where the files of a data set lie: layouts that people have beside its authors' own.

An archive is unpacked into a folder of its own name, or into two of one name; a mirror converts the
photographs, or gives their names other endings. What is plainly the same data is found.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
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


def label_file(folder: Path, *names: str) -> Path:
    """A label file, under any of its names, in the data set's folder or up to two levels below it.

    Where there is none, the path is the one that its authors' layout has.
    """
    found = (p for at in _LEVELS for name in names for p in sorted(folder.glob(at + name)))
    return next((path for path in found if path.is_file()), folder / names[0])


def packed(folder: Path) -> str:
    """What to add to a message about missing files: archives that are still to be unpacked."""
    inside = {path for at in _LEVELS for path in folder.glob(at + "*")}
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
    for root, folders, names in os.walk(folder):
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
    names = pd.unique(photographs.to_numpy(dtype=object))
    some = names[np.linspace(0, len(names) - 1, min(len(names), _SAMPLE)).astype(int)]
    if all(os.path.isfile(folder / name) for name in some):  # noqa: PTH113 -- of any length
        return photographs
    parts = PurePosixPath(below).parts
    there = pd.Index(pictures(folder, parts))
    missing = names[~pd.Index(names).isin(there)]
    others = pa.array(there[~there.isin(names)], pa.string())
    start = len(parts)
    depths = np.array([name.count("/") - start for name in missing])
    found = []
    for depth in np.unique(depths):
        wanted = missing[depths == depth]
        at = pc.index_in(_keys(others, depth), value_set=_keys(pa.array(wanted), depth))
        hit = at.is_valid()
        files = others.filter(hit).to_numpy(zero_copy_only=False)
        names_of = wanted[at.filter(hit).to_numpy(zero_copy_only=False).astype(int)]
        found.append(pd.DataFrame({"name": names_of, "file": files, "depth": depth}))
    places = pd.concat(found) if found else pd.DataFrame({"name": [], "file": [], "depth": []})
    if not len(places):
        return photographs
    places["folder"] = [
        f.split("/")[: -1 - d] for f, d in zip(places["file"], places["depth"], strict=True)
    ]
    places["folder"] = places["folder"].str.join("/")
    hits = places["folder"].value_counts()
    order = sorted(hits.index, key=lambda f: (-_alike(f, below), -hits[f], f.count("/"), f))
    places["rank"] = places["folder"].map({f: i for i, f in enumerate(order)})
    best = places.sort_values("rank", kind="stable").drop_duplicates("name")
    moved = dict(zip(best["name"], best["file"], strict=True))
    return photographs.map(lambda name: moved.get(name, name)).astype(photographs.dtype)


def _keys(paths: pa.Array, depth: int) -> pa.Array:
    """What photographs are known by: their last `depth` folders and name, without case and ending.

    RAF-DB's aligned photographs are found with and without `_aligned`.
    """
    stems = pc.replace_substring_regex(pc.utf8_lower(paths), r"(_aligned)?\.[^./]*$", "")
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
