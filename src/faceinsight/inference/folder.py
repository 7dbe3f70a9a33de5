"""What lies in somebody's folder of photographs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from faceinsight.common.paths import at_home
from faceinsight.data.parsing.provided import MAP_FOLDERS
from faceinsight.errors import ParameterError

_MAPS = frozenset(MAP_FOLDERS.values())


class Skipped(NamedTuple):
    """Something that is not scored, and why.

    Attributes:
        photograph: POSIX path below the folder.
        reason: short and countable.
        message: one sentence that says what to do.
    """

    photograph: str
    reason: str
    message: str


def find_folder(photos: Path | str | None) -> Path:
    """The folder of photographs, absolute, links resolved; `~` is a person's home.

    Raises:
        ParameterError: none is named, there is none, or it is a file.
    """
    if photos is None or not str(photos).strip():
        raise ParameterError(
            "photos: name the folder of your photographs with --params photos=FOLDER"
        )
    folder = Path(at_home(photos))
    if folder.is_file():
        raise ParameterError(
            f"photos: {photos} is a file; name the folder that it lies in, --params photos=FOLDER"
        )
    if not folder.is_dir():
        raise ParameterError(
            f"photos: there is no folder {folder.absolute()}; name the folder of your photographs "
            "with --params photos=FOLDER"
        )
    return folder.resolve()


def list_files(folder: Path) -> tuple[list[str], list[Skipped]]:
    """Every file below a folder, whatever it is, in order of its path.

    Hidden files and folders (`.name`) are left out. Folders `maps` and `maps_faulty` that mirror
    what lies beside them hold label maps, and links to folders may lead in circles: neither is
    entered, and both are named.

    Returns:
        POSIX paths below the folder, and what was not entered.

    Raises:
        ParameterError: there is no file.
    """
    names: list[str] = []
    skipped: list[Skipped] = []

    def unreadable(error: OSError) -> None:
        skipped.append(
            Skipped(
                _below(folder, Path(error.filename)),
                "unreadable",
                f"{error.filename} cannot be read ({error.strerror}): see to its permissions.",
            )
        )

    for root, folders, files in os.walk(folder, onerror=unreadable):
        here = Path(root)
        visible = sorted(name for name in files if not name.startswith("."))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        beside = {*folders, *(Path(name).stem for name in visible)} - _MAPS
        for name in list(folders):
            path = here / name
            if path.is_symlink():
                reason, why = "link", "is a link to a folder, which is not followed: name it itself"
            elif name in _MAPS and _mirrors(path, beside):
                reason, why = "label maps", "holds label maps of what lies beside it"
            else:
                continue
            folders.remove(name)
            skipped.append(Skipped(_below(folder, path), reason, f"{path} {why}."))
        names += [_below(folder, here / name) for name in visible]
    if not names and skipped:
        raise ParameterError(f"photos: there is nothing to score in {folder}: {skipped[0].message}")
    if not names:
        raise ParameterError(
            f"photos: there is no file in {folder}, nor in its folders; name the folder of your "
            "photographs"
        )
    return sorted(names), skipped


def _mirrors(maps: Path, beside: set[str]) -> bool:
    """Whether anything in a folder is called as something beside that folder."""
    try:
        with os.scandir(maps) as entries:
            return any(
                (entry.name if entry.is_dir() else Path(entry.name).stem) in beside
                for entry in entries
            )
    except OSError:
        return False


def _below(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()
