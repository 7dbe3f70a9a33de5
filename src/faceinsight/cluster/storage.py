"""Places that several machines write to: folders that they share, and object stores, by fsspec."""

from __future__ import annotations

import os
import uuid
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pandas as pd

from faceinsight.common.paths import at_home
from faceinsight.common.work import write_beside
from faceinsight.errors import FaceInsightError, ParameterError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_EXTENSION = b"ARROW:extension:name"
"""What a schema of Arrow has with each type that a library has added, however deep it lies."""


_END = b"PAR1"
"""Of a Parquet file."""


def is_remote(place: str) -> bool:
    """Whether a place is in an object store, such as `s3://bucket/folder`."""
    return "://" in place and not place.startswith("file://")


def filesystem(place: str) -> tuple[Any, str]:
    """fsspec's file system of a place in an object store, and the path there.

    Raises:
        ParameterError: there is no such store, or the package that reads it is not installed.
    """
    import fsspec

    try:
        return fsspec.url_to_fs(place)
    except (ImportError, ValueError) as error:
        said = str(error).removesuffix(".")
        raise ParameterError(f"{place} cannot be reached ({said})") from None


@contextmanager
def failing_as_sentences(place: str, *, missing: bool = False) -> Iterator[None]:
    """Errors of a store, which has classes of its own for them, as one sentence.

    Args:
        place: what is read or written.
        missing: whether what is not there is such an error as well.

    Raises:
        FaceInsightError: the store did not do it.
        OSError: of this machine's files, with its number.
    """
    try:
        yield
    except FaceInsightError:
        raise
    except Exception as error:
        is_own = isinstance(error, FileNotFoundError) and not missing
        if not is_remote(place) or is_own:
            raise
        said = str(error).partition("\n")[0] or type(error).__name__
        raise FaceInsightError(
            f"{place} cannot be read or written ({said}); see that it is there, and to the "
            "credentials on every node, and start again"
        ) from error


def parquet_file(stream: BinaryIO) -> pq.ParquetFile:
    """A Parquet file of anybody's, of which nothing is run as code.

    Libraries add types to Arrow, and some of these (`ray.data.arrow_pickled_object`) are unpickled
    when a file is read, or even when it is opened. The footer, which says what types there are, is
    therefore looked at before.

    Args:
        stream: the file; it can be sought in.

    Raises:
        ValueError: it is no such file (pyarrow's own error), or a column has a type that a library
            has added.
    """
    import pyarrow.parquet as pq

    end = stream.seek(0, os.SEEK_END)
    stream.seek(max(end - 8, 0))
    footer = int.from_bytes(stream.read(4), "little")
    stream.seek(max(end - 8 - footer, 0))
    found = stream.read(footer)
    # Arrow's schema stands there in base64, in which a text has one of three forms.
    for shift in range(3):
        text = b64encode(bytes(shift) + _EXTENSION)
        if text[-(-8 * shift // 6) : 8 * (shift + len(_EXTENSION)) // 6] in found:
            raise ValueError("a column is of a type that is not Arrow's own: keep text alone")
    stream.seek(0)
    return pq.ParquetFile(stream)


def _has_end(path: Path) -> bool:
    """Whether a file ends as Parquet does; one that is gone does not."""
    with suppress(FileNotFoundError), path.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - len(_END)))
        return stream.read() == _END
    return False


class Storage:
    """A folder, shared or in an object store, in which files are whole or absent.

    Args:
        place: a path or a URI.

    Attributes:
        place: absolute.
    """

    def __init__(self, place: str) -> None:
        self._files: Any = None
        if is_remote(place):
            self._files, self._root = filesystem(place.rstrip("/"))
            self.place = place.rstrip("/")
        else:
            self.place = self._root = str(Path(at_home(place.removeprefix("file://"))).absolute())

    def names(self, folder: str, *, whole: bool = False) -> set[str]:
        """The files in a folder of it; hidden ones are not.

        Args:
            folder: its name.
            whole: whether only Parquet files count, and of these those that have an end: a copy
                that was broken off has none.
        """
        if self._files is None:
            paths = (Path(self._root) / folder).glob("[!.]*")
            found = {path.name for path in paths if not whole or _has_end(path)}
        else:
            with failing_as_sentences(self.place):
                try:
                    self._files.invalidate_cache()
                    listed = self._files.ls(f"{self._root}/{folder}", detail=True)
                except FileNotFoundError:
                    listed = []
            found = {
                entry["name"].rpartition("/")[2] for entry in listed if entry["size"] or not whole
            }
        return {name for name in found if name and not name.startswith(".")}

    def read(self, name: str) -> bytes | None:
        """A file's bytes; None where there is none."""
        try:
            if self._files is None:
                return (Path(self._root) / name).read_bytes()
            with failing_as_sentences(f"{self.place}/{name}"):
                return self._files.cat_file(f"{self._root}/{name}")
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes) -> None:
        """Put a file there, whole: by rename, or in one piece, which a store shows once it is."""
        if self._files is None:
            with write_beside(Path(self._root) / name) as beside, beside.open("wb") as stream:
                stream.write(data)
                # Before it has its name: a power loss leaves of others a name, and half the bytes.
                stream.flush()
                os.fsync(stream.fileno())
        else:
            with failing_as_sentences(f"{self.place}/{name}"):
                self._files.pipe_file(f"{self._root}/{name}", data)

    def create(self, name: str, data: bytes) -> None:
        """Put a file there, whole, unless there is one.

        Of two that do so at once one wins here; in a store whoever is last. Read it afterwards to
        know who has.
        """
        if self._files is not None:
            if self.read(name) is None:
                self.write(name, data)
            return
        path = Path(self._root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}{path.suffix}")
        try:
            beside.write_bytes(data)
            with suppress(FileExistsError):
                try:
                    os.link(beside, path)
                except (PermissionError, NotImplementedError):  # a file system without links
                    with path.open("xb") as stream:
                        stream.write(data)
        finally:
            beside.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Take a file away; none need be there."""
        if self._files is None:
            (Path(self._root) / name).unlink(missing_ok=True)
            return
        with failing_as_sentences(f"{self.place}/{name}"):
            try:
                self._files.rm_file(f"{self._root}/{name}")
            except FileNotFoundError:
                return

    def read_table(self, name: str) -> pd.DataFrame | None:
        """A Parquet file; None where there is none, or none that can be read."""
        table = self.read_arrow(name)
        return None if table is None else table.to_pandas(ignore_metadata=True)

    def read_arrow(self, name: str) -> pa.Table | None:
        """A Parquet file with the types of its columns; None as of `read_table`.

        Of one that others have copied there may be nothing, or a half.
        """
        import pyarrow as pa

        data = self.read(name)
        try:
            return None if data is None else parquet_file(BytesIO(data)).read()
        except (pa.ArrowException, ValueError, OSError):
            return None

    def write_table(self, name: str, table: pd.DataFrame | pa.Table) -> None:
        """Put a table there as a Parquet file."""
        import pyarrow.parquet as pq

        buffer = BytesIO()
        if isinstance(table, pd.DataFrame):
            table.to_parquet(buffer, index=False)
        else:
            pq.write_table(table, buffer)
        self.write(name, buffer.getvalue())
