"""Requests of several clients, answered in one batch.

Two threads: one prepares a batch while the other finishes the one before. What arrives meanwhile
gathers, so that batches grow with the load and nobody waits while there is none.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue
from threading import Condition, Lock, Thread
from typing import Generic, TypeVar

_In = TypeVar("_In")
_Made = TypeVar("_Made")
_Out = TypeVar("_Out")


class Full(Exception):
    """As many requests are accepted as may be: this one is not."""


class Closed(Exception):
    """The server is ending, and accepts nothing any more."""


class Admission:
    """Counts requests from their first byte to their answer.

    Args:
        most: requests at a time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self.accepted = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Hold a place.

        Raises:
            Full: there is none.
        """
        with self._lock:
            if self.accepted >= self._most:
                raise Full
            self.accepted += 1
        try:
            yield
        finally:
            with self._lock:
                self.accepted -= 1


@dataclass(frozen=True)
class _Job(Generic[_In, _Out]):
    item: _In
    size: int
    answer: Future[_Out] = field(default_factory=Future)


class Batcher(Generic[_In, _Made, _Out]):
    """A queue whose items are answered in batches, in the order in which they came.

    Args:
        prepare: first step on the items of a batch.
        finish: second step; an answer, or an error, for each of those items.
        most: largest batch, in the sizes that items are submitted with; a larger item is a batch
            of its own.
        wait: seconds for which a batch that is not full waits for more.
        on_batch: is told the size of each batch.
    """

    def __init__(
        self,
        prepare: Callable[[Sequence[_In]], _Made],
        finish: Callable[[_Made], Sequence[_Out | Exception]],
        *,
        most: int,
        wait: float = 0.0,
        on_batch: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._prepare, self._finish = prepare, finish
        self._most, self._wait, self._on_batch = most, wait, on_batch
        self._waiting: deque[_Job[_In, _Out]] = deque()
        self._changed = Condition()
        self._closed = False
        self._prepared: Queue[tuple[list[_Job[_In, _Out]], _Made] | None] = Queue(maxsize=1)
        self._threads = [
            Thread(target=work, name=f"faceinsight {name}", daemon=True)
            for name, work in (("prepare", self._prepare_all), ("finish", self._finish_all))
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, item: _In, size: int = 1) -> Future[_Out]:
        """Put an item into the queue; its answer may be cancelled until it is worked on.

        Raises:
            Closed: `close` was called.
        """
        job: _Job[_In, _Out] = _Job(item, size)
        with self._changed:
            if self._closed:
                raise Closed
            self._waiting.append(job)
            self._changed.notify()
        return job.answer

    def close(self) -> None:
        """Accept nothing more, and return when everything accepted is answered."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        for thread in self._threads:
            thread.join()

    def _prepare_all(self) -> None:
        while jobs := self._take():
            self._on_batch(sum(job.size for job in jobs))
            try:
                prepared = self._prepare([job.item for job in jobs])
            except Exception as error:
                self._each_alone(jobs, error)
            else:
                self._prepared.put((jobs, prepared))
        self._prepared.put(None)

    def _finish_all(self) -> None:
        while (batch := self._prepared.get()) is not None:
            jobs, prepared = batch
            try:
                answers = self._finish(prepared)
            except Exception as error:
                self._each_alone(jobs, error)
            else:
                for job, answer in zip(jobs, answers, strict=True):
                    _settle(job, answer)

    def _each_alone(self, jobs: Sequence[_Job[_In, _Out]], error: Exception) -> None:
        """What went wrong may be the fault of one item, for which the others do not pay."""
        if len(jobs) == 1:
            _settle(jobs[0], error)
            return
        for job in jobs:
            try:
                (answer,) = self._finish(self._prepare([job.item]))
            except Exception as failure:
                answer = failure
            _settle(job, answer)

    def _take(self) -> list[_Job[_In, _Out]]:
        """The next batch; empty once the queue is closed and everything was taken."""
        taken: list[_Job[_In, _Out]] = []
        with self._changed:
            while not taken:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if not self._waiting:
                    return []
                until = time.monotonic() + self._wait
                while sum(job.size for job in self._waiting) < self._most and not self._closed:
                    if (left := until - time.monotonic()) <= 0:
                        break
                    self._changed.wait(left)
                size = 0
                while self._waiting and (not taken or size + self._waiting[0].size <= self._most):
                    job = self._waiting.popleft()
                    if job.answer.set_running_or_notify_cancel():
                        taken.append(job)
                        size += job.size
        return taken


def _settle(job: _Job[_In, _Out], answer: _Out | Exception) -> None:
    if isinstance(answer, Exception):
        job.answer.set_exception(answer)
    else:
        job.answer.set_result(answer)
