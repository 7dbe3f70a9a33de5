"""`latest`: a folder that has the newest of everything at a path that stays.

Versions lie under dated paths. Beside them, `data/latest` has a link to the newest version of each
artifact that people open: `data/latest/report.html`, `data/latest/lgc/model`. A link is made beside
its place and renamed into it, so that it leads to the old version or to the new. Where the file
system has no links, a copy takes its place (hard links, if there are those).
"""

from __future__ import annotations

import os
import re
import shutil
import uuid
from pathlib import Path

from faceinsight.common.work import link_or_copy, link_tree

FOLDER = "latest"

_LAYER = re.compile(r"(06_models|07_model_output|08_reporting)$")
"""Folders of what people open; what lies before serves the pipelines alone."""


def latest_place(version: Path) -> Path | None:
    """The path that stays, of an artifact whose version lies at `LAYER/NAME/VERSION/FILE`.

    Args:
        version: where it lies.

    Returns:
        None for what is in no layer that people look into.
    """
    artifact = version.parent.parent
    for layer in artifact.parents:
        if _LAYER.search(layer.name):
            return layer.parent / FOLDER / artifact.relative_to(layer)
    return None


def stable_path(version: Path | None) -> Path | None:
    """The path that stays, if it leads to this version; else the version's own."""
    place = None if version is None else latest_place(version)
    if place is None or version is None or not place.exists():
        return version
    return place if place.is_symlink() and place.samefile(version) else version


def show_latest(version: Path) -> Path | None:
    """Make the path that stays lead to this version.

    Returns:
        That path; None where there is none.
    """
    place = latest_place(version)
    if place is None or not version.exists():
        return None
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_name(f".{place.name}.{uuid.uuid4().hex[:8]}")
    try:
        _link(version, beside)
        _replace(place, beside)
    finally:
        _remove(beside)
    return place


def _link(version: Path, beside: Path) -> None:
    try:
        # Relative, so that a data folder that is moved or copied keeps its links.
        beside.symlink_to(os.path.relpath(version, beside.parent))
    except (OSError, NotImplementedError):
        if version.is_dir():
            link_tree(version, beside)
        else:
            link_or_copy(version, beside)


def _replace(place: Path, beside: Path) -> None:
    """Rename into place; what no rename replaces, a folder or by a folder, is moved away first."""
    old = None
    if os.path.lexists(place) and any(p.is_dir() and not p.is_symlink() for p in (place, beside)):
        old = place.with_name(f"{beside.name}.old")
        place.replace(old)
    try:
        beside.replace(place)
    except OSError:
        if old is not None:
            old.replace(place)
        raise
    if old is not None:
        _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
