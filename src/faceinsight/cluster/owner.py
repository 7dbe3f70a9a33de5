"""Who writes to a place: one start at a time.

Two starts that score the same photographs would write double rows. The file `owner.json` names the
one that writes, with the time at which it last said so; one that has died is taken over from.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from contextlib import suppress
from socket import gethostname
from threading import Event, Thread
from typing import Any

from faceinsight.cluster.storage import Storage
from faceinsight.errors import FaceInsightError, ParameterError

_FILE = "owner.json"

_FIELDS = {"start": str, "host": str, "pid": int, "at": float}
"""Of a record."""

_EVERY, _DEAD = 30.0, 120.0
"""Seconds between two renewals, and without one until an owner counts as dead. The clocks of the
machines have to agree to less than that."""


class Owner:
    """Keeps other starts from a place, as long as the `with` block lasts.

    Args:
        storage: the place.

    Raises:
        ParameterError: on entering, another start writes there.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._me = {"start": uuid.uuid4().hex, "host": gethostname(), "pid": os.getpid()}
        self._end = Event()
        self._other: dict[str, Any] | None = None
        self._thread = Thread(target=self._renew, daemon=True)

    def __enter__(self) -> Owner:
        there = self._storage.read(_FILE)
        if there is None:
            self._storage.create(_FILE, self._record())
        elif _lives(other := _read(there)):
            raise ParameterError(self._taken(other))
        else:
            self._storage.write(_FILE, self._record())
        self._look()
        self.require()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join()
        with suppress(OSError, FaceInsightError):  # a full disk, a store that is away
            self._look()
            if self._other is None:
                self._storage.remove(_FILE)

    def require(self) -> None:
        """Stop where another start has taken the place meanwhile.

        Raises:
            ParameterError: it has.
        """
        if self._other is not None:
            raise ParameterError(self._taken(self._other))

    def _renew(self) -> None:
        while self._other is None and not self._end.wait(_EVERY):
            with suppress(OSError, FaceInsightError):  # as above: the next one may succeed
                self._look()
                if self._other is None:
                    self._storage.write(_FILE, self._record())

    def _look(self) -> None:
        found = _read(self._storage.read(_FILE))
        if found and found["start"] != self._me["start"]:
            self._other = found

    def _record(self) -> bytes:
        return json.dumps(self._me | {"at": time.time()}).encode()

    def _taken(self, other: dict[str, Any]) -> str:
        return (
            f"--out: another start, process {other['pid']} on {other['host']}, writes to "
            f"{self._storage.place}: wait for its end, or name another place (one that was killed "
            f"counts as dead after {_DEAD:.0f} seconds)"
        )


def _read(data: bytes | None) -> dict[str, Any]:
    """A record; nothing of what is none."""
    try:
        found = json.loads(data or b"")
        return {name: of(found[name]) for name, of in _FIELDS.items()}
    except (ValueError, TypeError, KeyError):
        return {}


def _lives(owner: dict[str, Any]) -> bool:
    if not owner or abs(time.time() - owner["at"]) > _DEAD:
        return False
    if owner["host"] != gethostname():
        return True
    try:
        with suppress(PermissionError):  # somebody else's process lives as well
            os.kill(owner["pid"], 0)
    except ProcessLookupError:
        return False
    return True
