"""Asking a server that may be busy: a limit on rate, and retries that wait longer each time."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

T = TypeVar("T")


class TryAgain(Exception):
    """One request came to nothing, and another may fare better.

    Attributes:
        reason: the short, countable reason ("429", "500", "timed out", "empty", ...).
        wait: seconds that the server asks to wait, if it says so.
        said: the server's own words, if any.
    """

    def __init__(self, reason: str, wait: float | None = None, said: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait
        self.said = said


class Failed(Exception):
    """A question that was asked as often as allowed, or that the server refuses.

    Attributes:
        reason: of the last try.
        said: the server's own words about it, if any.
    """

    def __init__(self, reason: str, said: str = "") -> None:
        super().__init__(f"{reason}: {said}" if said else reason)
        self.reason = reason
        self.said = said


class RateLimit:
    """When the next request may go, for all threads together.

    Requests are spread evenly: at 60 a minute one goes every second. A server that says how long to
    wait holds all of them.

    Args:
        per_minute: limit on rate; None has none.
        clock: seconds that only grow.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        per_minute: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._every = 0.0 if per_minute is None else 60.0 / per_minute
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = clock()

    def wait(self) -> None:
        """Return when it is this request's turn."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._every
        if turn > now:
            self._sleep(turn - now)

    def hold(self, seconds: float) -> None:
        """Let no request go for so long."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)


@dataclass
class Retries:
    """Retries with back-off.

    Before the n-th retry it waits `backoff * 2^(n - 1)` seconds, at random between half of that and
    all, so that many threads do not come back at once; or what the server asks for.

    Attributes:
        attempts: tries in all.
        backoff: seconds.
        longest_wait: seconds, of either kind of waiting.
        limit: shared by all threads.
        sleep: waits so many seconds.
        setbacks: how often each reason to try again came up.
    """

    attempts: int
    backoff: float
    longest_wait: float
    limit: RateLimit
    sleep: Callable[[float], object] = time.sleep
    setbacks: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __call__(self, request: Callable[[], T]) -> T:
        """What `request` returns once it does not raise `TryAgain`.

        Raises:
            Failed: all attempts came to nothing.
        """
        for attempt in range(1, self.attempts + 1):
            self.limit.wait()
            try:
                return request()
            except TryAgain as setback:
                with self._lock:
                    self.setbacks[setback.reason] += 1
                if attempt == self.attempts:
                    raise Failed(setback.reason, setback.said) from None
                if setback.wait is not None:
                    self.limit.hold(min(setback.wait, self.longest_wait))
                else:
                    whole = min(self.backoff * 2 ** (attempt - 1), self.longest_wait)
                    self.sleep(whole * random.uniform(0.5, 1))
        raise AssertionError("attempts is 1 or more")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a response's headers ask to wait, from `Retry-After` in seconds or as a date."""
    said = headers.get("retry-after")
    if said is None:
        return None
    try:
        seconds = float(said)
    except ValueError:
        try:
            until = parsedate_to_datetime(said)
        except ValueError:
            return None
        seconds = (until.astimezone(UTC) - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if seconds == seconds else None
