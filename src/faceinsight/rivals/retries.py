"""Asking a server that may be busy: a limit on rate, and retries that wait longer each time."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
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


class Retries:
    """Requests at a limited rate, retried with back-off; for all threads together.

    Requests are spread evenly: at 60 a minute one goes every second. Before the n-th retry it waits
    `backoff * 2^(n - 1)` seconds, at random between half of that and all, so that many threads do
    not come back at once; or as long as the server asks for, which then holds all of them.

    Args:
        attempts: tries in all.
        longest_wait: seconds, of either kind of waiting.
        per_minute: limit on rate; None has none.

    Attributes:
        setbacks: how often each reason to try again came up.
    """

    def __init__(
        self,
        attempts: int,
        backoff: float,
        longest_wait: float,
        per_minute: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.setbacks: Counter[str] = Counter()
        self._attempts, self._backoff, self._longest_wait = attempts, backoff, longest_wait
        self._every = 0.0 if per_minute is None else 60.0 / per_minute
        self._clock, self._sleep = clock, sleep
        self._next = clock()
        self._lock = threading.Lock()

    def __call__(self, request: Callable[[], T]) -> T:
        """What `request` returns once it does not raise `TryAgain`.

        Raises:
            Failed: all attempts came to nothing.
        """
        for attempt in range(1, self._attempts + 1):
            self.wait()
            try:
                return request()
            except TryAgain as setback:
                with self._lock:
                    self.setbacks[setback.reason] += 1
                if attempt == self._attempts:
                    raise Failed(setback.reason, setback.said) from None
                if setback.wait is None:
                    whole = min(self._backoff * 2 ** (attempt - 1), self._longest_wait)
                    self._sleep(whole * random.uniform(0.5, 1))
                    continue
                with self._lock:
                    held = self._clock() + min(setback.wait, self._longest_wait)
                    self._next = max(self._next, held)
        raise AssertionError("attempts is 1 or more")

    def wait(self) -> None:
        """Return when it is this request's turn."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._every
        if turn > now:
            self._sleep(turn - now)


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
