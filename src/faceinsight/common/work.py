"""Work that can be stopped: folders named by a digest, and files that are whole or absent.

Kedro versions artifacts by run, so a run that is started again gets a new place. Long work happens
instead in a work folder named by a digest of its configuration and inputs, where a second start
finds what the first left. What is finished is then published as a version (see
`faceinsight.datasets`).

What is found again, and by whom: a whole model by `TrainingJob.key` (`training.loop.train`), crops
and label maps face by face (`data.segmentation`), audits by file stamps (`data.audit`), one's own
photographs in parts (`inference.scored_parts`), rivals' answers one by one (`rivals.store`), their
adapters (`rivals.finetuning.grid`), drawn data sets whole (`data.drawn.writing`), and that a model
can be built (`pipelines.trial`). To make a kind anew after its code has changed, raise its number
in `common.recipes`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from faceinsight.common.paths import writes_into

logger = logging.getLogger(__name__)

FINISHED = "FINISHED"
"""Name of the empty file that is written last into a finished work folder."""


def digest(*things: Any) -> str:
    """Hash configuration and data to 16 hexadecimal digits, the same on every machine.

    Accepts plain values, mappings, sequences, dataclasses, pydantic models, numpy arrays,
    pandas dataframes, and `Path`s (a file by its content, a folder by its files' names and
    contents). The order of a mapping's keys does not count.

    Raises:
        TypeError: something whose content has no stable form.
    """
    hasher = hashlib.sha256()
    for thing in things:
        _feed(hasher, thing)
    return hasher.hexdigest()[:16]


def _feed(hasher: Any, thing: Any) -> None:
    if hasattr(thing, "model_dump"):
        thing = thing.model_dump(mode="json")
    elif is_dataclass(thing) and not isinstance(thing, type):
        thing = asdict(thing)
    if thing is None or isinstance(thing, bool | int | float | str):
        hasher.update(f"{type(thing).__name__}:{json.dumps(thing)};".encode())
    elif isinstance(thing, bytes):
        hasher.update(f"bytes:{len(thing)}:".encode() + thing)
    elif isinstance(thing, np.ndarray):
        if thing.dtype.hasobject:
            raise TypeError("cannot make a digest of an array of Python objects")
        hasher.update(f"array:{thing.dtype.str}:{thing.shape}:".encode())
        hasher.update(np.ascontiguousarray(thing).tobytes())
    elif isinstance(thing, np.generic):
        _feed(hasher, thing.item())
    elif isinstance(thing, Mapping):
        hasher.update(b"{")
        for key in sorted(thing, key=str):
            _feed(hasher, str(key))
            _feed(hasher, thing[key])
        hasher.update(b"}")
    elif isinstance(thing, Path):
        _feed_path(hasher, thing)
    elif isinstance(thing, list | tuple):
        hasher.update(b"[")
        for item in thing:
            _feed(hasher, item)
        hasher.update(b"]")
    elif isinstance(thing, set | frozenset):
        _feed(hasher, sorted(thing))
    elif hasattr(thing, "to_config"):
        _feed(hasher, thing.to_config())
    elif type(thing).__module__.startswith("pandas"):
        from pandas.util import hash_pandas_object

        _feed(hasher, [str(column) for column in getattr(thing, "columns", [])])
        _feed(hasher, hash_pandas_object(thing, index=False).to_numpy())
    else:
        raise TypeError(f"cannot make a digest of a {type(thing).__name__}")


def _feed_path(hasher: Any, path: Path) -> None:
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            hasher.update(file.relative_to(path).as_posix().encode() + b"\0")
            _feed_path(hasher, file)
        return
    with path.open("rb") as stream:
        hasher.update(hashlib.file_digest(stream, "sha256").digest())


@contextmanager
def write_beside(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and rename it into place when the block succeeds.

    Serves files and folders alike. A reader sees the old state or the new, never half of either
    (a folder that is replaced is away for the moment between two renames); on an error nothing is
    left behind. A device or a pipe (/dev/stdout) is yielded itself: it must not become a file.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        yield path
        return
    writes_into(path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix is kept last: writers that choose a format by it (Parquet, PNG) must still see it.
    # A name that just fits stays so: what makes the temporary one longer is taken off its stem.
    stem = path.stem.encode(errors="surrogateescape")[:200].decode(errors="ignore")
    beside = path.with_name(f".{stem}.{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        yield beside
        if path.is_dir() and beside.is_dir():
            old = beside.with_name(f"{beside.name}.old")
            path.replace(old)
            beside.replace(path)
            shutil.rmtree(old)
        else:
            beside.replace(path)
    finally:
        if beside.is_dir():
            shutil.rmtree(beside, ignore_errors=True)
        else:
            with suppress(FileNotFoundError):
                beside.unlink()


def link_tree(source: Path, target: Path) -> None:
    """Copy a folder by hard links, or by content where the file system cannot link.

    Only for files that nobody changes in place: everything in this project replaces files whole.
    """
    shutil.copytree(source, target, copy_function=link_or_copy)


def link_or_copy(source: str | Path, target: str | Path) -> str | Path:
    """Hard-link a file to `target`, or copy it where the file system cannot link."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


class WorkFolder:
    """A folder for work that can be stopped and goes on where it was.

    Args:
        root: the folder of all work folders.
        kind: what is being done, e.g. "training".
        key: digest of configuration and inputs.
    """

    def __init__(self, root: Path | str, kind: str, key: str) -> None:
        self.path = Path(root) / kind / key
        writes_into(self.path)
        self.path.mkdir(parents=True, exist_ok=True)

    @property
    def is_finished(self) -> bool:
        """Whether an earlier start already did all of the work."""
        return (self.path / FINISHED).exists()

    @contextmanager
    def alone(self) -> Iterator[int]:
        """Keep other processes out: a second start of the same work waits for the first to end.

        The lock goes with its process, however that ends. Yields its file descriptor: processes
        that inherit it share the lock, which then goes with the last of them.
        """
        import fcntl

        with (self.path / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                logger.warning("Another process works in %s; waiting for it.", self.path)
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock.fileno()

    def finish(self) -> None:
        """Say that the work is done; call it last."""
        (self.path / FINISHED).touch()
