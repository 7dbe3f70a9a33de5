"""The photographs that a cluster is to look at: a folder, a pattern, or a table of paths.

Paths are those of a file system that all nodes share, or of an object store, by fsspec.
"""

from __future__ import annotations

from collections import Counter
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
_STORES = ("s3", "s3a", "gs", "gcs", "abfs", "az")
"""What a table may name beside paths and the table's own store, unless that is a web server."""

_IN_A_ROW = 32
"""Photographs that a store fails to hand out, one after another, until it is asked for no more."""


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

        What a table names in an object store is known by its path alone, since to ask for each
        would take hours; its rows that are files are known as files are.

        Args:
            map_files: finds their maps, where these are files.
            workers: threads.
        """
        n = len(self.names)
        sizes, changes = self.found or (np.zeros(n, dtype=np.int64),) * 2
        no_map = np.full(n, 0 if map_files is None else -1, dtype=np.int64)
        columns = [list(map(printable, self.names)), sizes, changes, no_map, no_map]
        keys = pd.DataFrame(dict(zip(KEY, columns, strict=True))).astype({"photograph": object})
        if self.found is not None:
            return keys
        are_files = np.array([not is_remote(place_of(self.root, name)) for name in self.names])
        if are_files.any():
            of_files = [self.names[row] for row in np.flatnonzero(are_files)]
            paths = [name.removeprefix("file://") for name in of_files]
            known = stamps(Path(self.root), paths, map_files, workers)
            keys.loc[are_files, KEY[1:]] = known[KEY[1:]].to_numpy()
        return keys


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
    given = given.removeprefix("file://")
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
    failures: Counter[str] = Counter()
    for name in names:
        place = place_of(root, name)
        if is_remote(place):
            yield _Remote(root, name, failures)  # type: ignore[misc]
        else:
            yield Path(place)


def place_of(root: str, name: str) -> str:
    """Where a photograph lies: an absolute path, or a URI."""
    name = name.removeprefix("file://")
    is_absolute = is_remote(name) or Path(name).is_absolute()
    return name if is_absolute else f"{root}/{name}"


class _Remote:
    """A photograph in an object store, as a file that is read at once.

    Args:
        root: see `Photographs.root`.
        name: as it stands in a table, which may be a stranger's, or in a listing.
        failures: of each store, how many in a row; counted here.
    """

    def __init__(self, root: str, name: str, failures: Counter[str]) -> None:
        self._place, self._failures = place_of(root, name), failures
        self._is_allowed = _is_allowed(root, name)

    def read(self) -> bytes:
        """All its bytes.

        Raises:
            PhotographError: it is not there, or cannot be read, whatever the store says.
        """
        place, failures = self._place, self._failures
        if not self._is_allowed:
            raise PhotographError(
                "unreadable",
                f"{place} is not read: name photographs by paths, or by addresses of "
                f"{', '.join(_STORES)} or their table's own store; neither of http nor with '::'.",
            )
        store = "/".join(place.split("/", 3)[:3])
        if failures[store] >= _IN_A_ROW:
            raise PhotographError(
                "unreadable",
                f"{place} was not asked for: {store} failed {_IN_A_ROW} times in a row; see that "
                "it can be reached, and start again.",
            )
        try:
            files, path = filesystem(place)
            data = files.cat_file(path)
        except FileNotFoundError:
            failures[store] = 0
            raise PhotographError("missing", f"there is no file {place}.") from None
        except Exception as error:  # every store has classes of its own
            failures[store] = 0 if isinstance(error, PermissionError) else failures[store] + 1
            said = str(error).partition("\n")[0] or type(error).__name__
            raise PhotographError(
                "unreadable",
                f"{place} cannot be read ({said}): see to the address, the network and the "
                "credentials on every node, and start again.",
            ) from error
        failures[store] = 0
        return data


def _is_allowed(root: str, name: str) -> bool:
    """Whether a photograph's name may say how it is read: fsspec opens whatever a name asks for.

    That is files of the node, and the network that it is in; `::` chains one way to another.
    """
    if "::" in name or name.startswith(("http://", "https://")):
        return False
    return not is_remote(name) or name.partition("://")[0] in (*_STORES, root.partition("://")[0])


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
    files.invalidate_cache()  # it would keep the entries, which take much more than is needed here
    uri = f"{scheme}://{root}"
    names, sizes, changes = [], [], []
    while listed:
        path, of = listed.popitem()
        name = path.removeprefix(f"{root}/")
        if of.get("type") == "directory" or _is_hidden(name):
            continue
        is_absolute = name.startswith("/") or "://" in name  # of photos//a.jpg, by `place_of`
        names.append(f"{uri}/{name}" if is_absolute else name)
        sizes.append(of.get("size") or 0)
        changes.append(_changed(of))
    if not names:
        raise ParameterError(f"photos: there is no file in {given}")
    order = sorted(range(len(names)), key=names.__getitem__)
    found = np.array(sizes, dtype=np.int64)[order], np.array(changes, dtype=np.int64)[order]
    return Photographs(given, uri, [names[row] for row in order], [], found)


def _changed(entry: dict[str, Any]) -> int:
    """Nanoseconds since 1970 of the last change, by whatever name a store has for it; 0 if none."""
    at = next(
        (entry[k] for k in ("LastModified", "mtime", "updated", "created") if k in entry), None
    )
    return 0 if at is None else pd.Timestamp(at).value  # of none but UTC, if it names no zone


def _of_pattern(pattern: str) -> Photographs:
    before = _before_pattern(pattern)
    root, below = before or "/", pattern.removeprefix(f"{before}/")
    if below.endswith("**"):  # which are folders alone to `Path.glob`
        below += "/*"
    paths = (path for path in Path(root).glob(below) if path.is_file())
    found = (path.relative_to(root).as_posix() for path in paths)
    names = sorted(name for name in found if not _is_hidden(name))
    if not names:
        raise ParameterError(f"photos: no file is called {pattern}")
    return Photographs(pattern, root, names, [])


def _before_pattern(pattern: str) -> str:
    """The folder in front of the first part of a path that is a pattern.

    Raises:
        ParameterError: it is none.
    """
    parts = pattern.split("/")
    if any("**" in part and part != "**" for part in parts):
        raise ParameterError(
            f"photos: in {pattern} other characters stand beside **, which is any number of "
            "folders: write it between slashes, as in **/*.jpg"
        )
    first = next(i for i, part in enumerate(parts) if _MAGIC & set(part))
    return "/".join(parts[:first])


def _is_hidden(name: str) -> bool:
    """Whether a file, or a folder that it lies in, is called `.name`."""
    return any(part.startswith(".") for part in name.split("/"))


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
