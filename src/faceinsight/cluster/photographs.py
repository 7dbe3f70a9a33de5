"""The photographs that a cluster is to look at: a folder, a pattern, or a table of paths.

Paths are those of a file system that all nodes share, or of an object store, by fsspec.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from faceinsight.cluster.storage import failing_as_sentences, filesystem, is_remote, parquet_file
from faceinsight.common.paths import at_home, printable
from faceinsight.errors import ParameterError, PhotographError
from faceinsight.inference.folder import Skipped, find_folder, list_files
from faceinsight.inference.map_files import MapFiles
from faceinsight.inference.photograph import Photo
from faceinsight.inference.scored_parts import KEY, stamps

_TABLES = {".csv", ".parquet"}
_COLUMNS = ("photograph", "path", "file")
_INDEX = "__index_level_"  # how pandas calls rows' names that it stores
_MAGIC = set("*?[")


@dataclass(frozen=True)
class Photographs:
    """Photographs by name.

    Attributes:
        given: as they were named, absolute.
        root: the folder that relative names are below of.
        names: paths, as they stand in the table, or below the root.
        skipped: what was not entered.
        found: bytes and time of change of each, where the listing of an object store told them.
        column: of the table that they are named in, if in one.
    """

    given: str
    root: str
    names: list[str]
    skipped: list[Skipped]
    found: tuple[np.ndarray, np.ndarray] | None = None
    column: str | None = None

    @property
    def source(self) -> str:
        """What was named, as one text: of a table its column too."""
        return self.given if self.column is None else f"{self.given}, column {self.column}"

    def require_outside(self, out: str) -> None:
        """Stop where the results would be photographs of the next start.

        Args:
            out: the place of the results, absolute.

        Raises:
            ParameterError: it is below the photographs.
        """
        place, root = (p if is_remote(p) else str(Path(p).resolve()) for p in (out, self.root))
        wanted = "*" if self.given == self.root else self.given.rpartition("/")[2]
        written = ("run.json", "part.parquet")
        is_below = f"{place}/".startswith(f"{root.rstrip('/')}/")
        if is_below and self.column is None and any(fnmatch(name, wanted) for name in written):
            raise ParameterError(
                f"--out: {out} is below the photographs, {self.given}, and would be scored as "
                "such; name a place outside"
            )

    def keys(self, map_files: MapFiles | None, workers: int) -> pd.DataFrame:
        """What each photograph is known by, [N] rows of `scored_parts.KEY`.

        What a table names in an object store is known by its path alone: to ask for each would
        take hours.

        Args:
            map_files: finds their maps, where these are files.
            workers: threads.
        """
        if self.found is None and not any(map(is_remote, [self.root, *self.names])):
            return stamps(Path(self.root), self.names, map_files, workers)
        sizes, changes = self.found or (np.zeros(len(self.names), dtype=np.int64),) * 2
        no_map = np.full(len(self.names), 0 if map_files is None else -1, dtype=np.int64)
        columns = [[printable(name) for name in self.names], sizes, changes, no_map, no_map]
        return pd.DataFrame(dict(zip(KEY, columns, strict=True))).astype({"photograph": object})


def find_photographs(given: str, column: str | None) -> Photographs:
    """The photographs that are meant.

    Args:
        given: a folder; a pattern with `*`, `?` or `[...]`, where `**` is any number of folders; or
            a table, `*.csv` or `*.parquet`, with a column of paths. Relative paths in a table are
            below the table's folder.
        column: the table's column of paths; None takes `photograph`, `path`, `file`, or the only
            one.

    Raises:
        ParameterError: there is nothing there, or the table has no such column.
    """
    if is_remote(given):
        return _remote(given.rstrip("/"), column)
    path = Path(at_home(given)).absolute()
    if path.suffix.lower() in _TABLES and path.is_file():
        return _of_table(str(path), str(path.parent), column)
    if _MAGIC & set(given) and not path.exists():
        return _of_pattern(str(path))
    if not path.exists():
        raise ParameterError(f"photos: there is no folder and no file {path}")
    folder = find_folder(given)
    names, skipped = list_files(folder)
    return Photographs(str(folder), str(folder), names, skipped)


def open_photographs(root: str, names: Iterable[str]) -> Iterator[Photo]:
    """Photographs as `FaceInsight` takes them; those of an object store are read when wanted.

    Args:
        root: see `Photographs.root`.
        names: some of them.
    """
    for name in names:
        place = place_of(root, name)
        yield _Remote(place) if is_remote(place) else Path(place)  # type: ignore[misc]


def place_of(root: str, name: str) -> str:
    """Where a photograph lies: an absolute path, or a URI."""
    is_absolute = is_remote(name) or Path(name).is_absolute()
    return name if is_absolute else f"{root}/{name}"


class _Remote:
    """A photograph in an object store, as a file that is read at once."""

    def __init__(self, place: str) -> None:
        self._place = place

    def read(self) -> bytes:
        """All its bytes.

        Raises:
            PhotographError: it is not there, or may not be read.
            FaceInsightError: the store does not answer.
        """
        files, path = filesystem(self._place)
        try:
            with failing_as_sentences(self._place):
                return files.cat_file(path)
        except FileNotFoundError:
            raise PhotographError("missing", f"there is no file {self._place}.") from None
        except PermissionError:
            raise PhotographError(
                "unreadable", f"{self._place} cannot be read: see to its permissions."
            ) from None


def _remote(given: str, column: str | None) -> Photographs:
    files, path = filesystem(given)
    scheme = given.partition("://")[0]
    with failing_as_sentences(given, missing=True):
        if Path(path).suffix.lower() in _TABLES and files.isfile(path):
            return _of_table(given, given.rpartition("/")[0], column)
        if _MAGIC & set(path):
            root = _before_pattern(path)
            listed = files.glob(path, detail=True)
        else:
            root = path.rstrip("/")
            listed = files.find(root, detail=True)
    entries = {
        name.removeprefix(f"{root}/"): of
        for name, of in listed.items()
        if of.get("type") != "directory"
    }
    names = sorted(name for name in entries if not any(p[0] == "." for p in name.split("/") if p))
    if not names:
        raise ParameterError(f"photos: there is no file in {given}")
    sizes = np.array([entries[name].get("size") or 0 for name in names], dtype=np.int64)
    changes = np.array([_changed(entries[name]) for name in names], dtype=np.int64)
    return Photographs(given, f"{scheme}://{root}", names, [], (sizes, changes))


def _changed(entry: dict[str, Any]) -> int:
    """Nanoseconds since 1970 of the last change, by whatever name a store has for it; 0 if none."""
    at = next(
        (entry[k] for k in ("LastModified", "mtime", "updated", "created") if k in entry), None
    )
    return 0 if at is None else pd.to_datetime(at, utc=True).value


def _of_pattern(pattern: str) -> Photographs:
    root = _before_pattern(pattern)
    matching = Path(root).glob(pattern.removeprefix(f"{root}/"))
    names = sorted(path.relative_to(root).as_posix() for path in matching if path.is_file())
    if not names:
        raise ParameterError(f"photos: no file is called {pattern}")
    return Photographs(pattern, root, names, [])


def _before_pattern(pattern: str) -> str:
    """The folder in front of the first part of a path that is a pattern."""
    parts = pattern.split("/")
    first = next(i for i, part in enumerate(parts) if _MAGIC & set(part))
    return "/".join(parts[:first])


def _of_table(place: str, root: str, column: str | None) -> Photographs:
    try:
        with failing_as_sentences(place), _opened(place) as stream:
            column, paths = _column_of(stream, place, column)
    except (ValueError, OSError, pd.errors.ParserError) as error:  # of pyarrow, and of pandas
        if isinstance(error, OSError) and error.errno is not None:
            raise
        said = str(error).partition("\n")[0]
        raise ParameterError(f"photos: {place} is no table that can be read ({said})") from None
    names = paths.fillna("").astype(str)
    if (empty := np.flatnonzero(names.str.strip() == "")).size:
        raise ParameterError(f"photos: {place}, row {empty[0] + 1} names no photograph")
    if not len(names):
        raise ParameterError(f"photos: {place} names no photograph")
    return Photographs(place, root, list(dict.fromkeys(names)), [], column=column)


def _opened(place: str) -> Any:
    """A file, here or in an object store, as a stream of bytes."""
    if not is_remote(place):
        return Path(place).open("rb")
    files, path = filesystem(place)
    return files.open(path, "rb")


def _column_of(stream: Any, place: str, column: str | None) -> tuple[str, pd.Series]:
    """The column of paths, and what is in it."""
    if Path(place).suffix.lower() == ".parquet":
        file = parquet_file(stream)
        listed = [name for name in file.schema_arrow.names if not name.startswith(_INDEX)]
        column = _choose(listed, place, column)
        return column, file.read(columns=[column]).column(0).to_pandas().astype(object)
    table = pd.read_csv(stream, dtype=str, keep_default_na=False)
    column = _choose(list(map(str, table.columns)), place, column)
    return column, table[column]


def _choose(listed: list[str], place: str, column: str | None) -> str:
    """The column of paths among those of a table."""
    if column is None:
        column = next((name for name in _COLUMNS if name in listed), None)
        column = listed[0] if column is None and len(listed) == 1 else column
    if column not in listed:
        named = "which column holds the paths" if column is None else f"not {column}, but one of"
        raise ParameterError(f"--column: name {named}: {', '.join(listed)} are in {place}")
    return column
