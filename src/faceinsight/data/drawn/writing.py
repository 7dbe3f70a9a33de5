"""Draws the data sets into a folder of their own, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import uuid
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from faceinsight.common.work import digest
from faceinsight.data.drawn.layouts import WRITERS
from faceinsight.data.drawn.settings import DATASETS, DrawnSettings
from faceinsight.errors import ParameterError
from faceinsight.method.characteristics import Vocabulary

GENERATOR_VERSION = 1
"""Goes up whenever the same settings draw other bytes, so that old folders are drawn anew."""

MANIFEST = "manifest.json"
"""Name of the file that tells a folder of drawn data sets from one that a user has filled."""


def draw_datasets(
    folder: Path, settings: DrawnSettings, vocabulary: Vocabulary, processes: int = 1
) -> Path:
    """Draw the data sets that the vocabulary has tasks for, each in its real layout.

    Beside the photographs of a data set lie their label maps, exact in `<dataset>/maps` and with a
    parser's errors in `<dataset>/maps_faulty`, under the photographs' own paths.

    A folder that holds exactly what these settings draw is left as it is; one that was drawn from
    other settings is replaced. Data sets are written beside the folder and moved into place when
    they are whole.

    Args:
        folder: a raw folder that holds nothing but drawn data sets; made if it is missing.
        settings: what to draw.
        vocabulary: names the data sets.
        processes: how many draw, a data set each at a time; the bytes are the same.

    Returns:
        `folder`.

    Raises:
        ParameterError: the folder holds anything that was not drawn here.
    """
    folder = Path(folder)
    datasets = [name for name in DATASETS if name in vocabulary.datasets]
    manifest = {
        "generator": "faceinsight.data.drawn",
        "version": GENERATOR_VERSION,
        "settings": settings.model_dump(mode="json"),
        "datasets": datasets,
    }
    if _holds(folder, manifest):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    mark = uuid.uuid4().hex[:8]
    beside = folder.with_name(f".{folder.name}.{mark}")
    try:
        folders = [beside / dataset for dataset in datasets]
        if processes == 1:
            for place in folders:
                _draw(place, settings)
        else:
            # Ctrl-C is for the caller: what is being drawn ends, what is not begun is not.
            quiet = signal.signal, (signal.SIGINT, signal.SIG_IGN)
            with ProcessPoolExecutor(processes, get_context("spawn"), *quiet) as pool:
                list(pool.map(_draw, folders, [settings] * len(folders)))
        files = _files(beside)
        finished = {**manifest, "files": len(files), "names": digest(files)}
        text = json.dumps(finished, indent=2) + "\n"
        (beside / MANIFEST).write_text(text, encoding="utf-8")
        # Another run may have drawn the same meanwhile, and be reading it.
        if not _holds(folder, manifest):
            _move_into_place(beside, folder, mark)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


def _draw(folder: Path, settings: DrawnSettings) -> None:
    """One data set, into a folder of its name."""
    folder.mkdir(parents=True)
    WRITERS[folder.name](folder, settings)


def is_drawn(folder: Path) -> bool:
    """Whether this project has drawn what lies in a raw folder, by the folder's own manifest."""
    return _read_manifest(Path(folder)) is not None


def _holds(folder: Path, manifest: dict[str, Any]) -> bool:
    """Whether the folder already holds what the manifest describes.

    Raises:
        ParameterError: it holds something else that was not drawn here.
    """
    if not folder.exists():
        return False
    if not folder.is_dir():
        raise ParameterError(
            f"{folder} is a file: name a folder of its own for the drawn data sets."
        )
    files = _files(folder)
    if not files:
        return False
    found = _read_manifest(folder)
    if found is None:
        raise ParameterError(
            f"{folder} is not empty and was not drawn by this project (it has no {MANIFEST} of"
            " ours): name a folder of its own for the drawn data sets."
        )
    files = [name for name in files if name != MANIFEST]
    if found.get("names") != digest(files):
        raise ParameterError(
            f"{folder} was drawn by this project, but files were added or removed since: move what"
            " is yours elsewhere and delete the folder, or name another for the drawn data sets."
        )
    return all(found.get(key) == value for key, value in manifest.items())


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    is_ours = isinstance(found, dict) and found.get("generator") == "faceinsight.data.drawn"
    return found if is_ours else None


def _files(folder: Path) -> list[str]:
    """Paths of all files below the folder in order; hidden ones (.gitkeep, .DS_Store) left out."""
    return sorted(
        (Path(root) / name).relative_to(folder).as_posix()
        for root, _, names in os.walk(folder)
        for name in names
        if not name.startswith(".")
    )


def _move_into_place(beside: Path, folder: Path, mark: str) -> None:
    """Rename the finished folder; what was there before is set aside first, then deleted."""
    old = folder.with_name(f".{folder.name}.{mark}.old")
    if folder.exists():
        folder.rename(old)
    beside.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
