"""Requests of several clients, answered in one batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, Lock, Thread
from typing import Generic, TypeVar

_In = TypeVar("_In")
_Made = TypeVar("_Made")
_Out = TypeVar("_Out")
_Of = TypeVar("_Of")


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


@dataclass(frozen=True)
class _Part(Generic[_In, _Made, _Out]):
    """Jobs that were prepared together."""

    jobs: Sequence[_Job[_In, _Out]]
    made: _Made


class Batcher(Generic[_In, _Made, _Out]):
    """A queue whose items are prepared in threads, and finished in batches.

    What waits is taken by the first thread that is free, all of it together; what is prepared
    while a batch is finished makes up the next batch. So batches grow with the load, and nobody
    waits while there is none.

    Args:
        prepare: first step, on some items.
        finish: second step, on all that was prepared meanwhile: for each call of `prepare` an
            answer, or an error, for each of its items.
        most: largest batch, in the sizes that items are submitted with; a larger item is a batch
            of its own.
        threads: that prepare.
        wait: seconds for which a batch that is not full waits for what is being prepared.
        on_batch: is told the size of each batch that is finished.
    """

    def __init__(
        self,
        prepare: Callable[[Sequence[_In]], _Made],
        finish: Callable[[Sequence[_Made]], Sequence[Sequence[_Out | Exception]]],
        *,
        most: int,
        threads: int = 1,
        wait: float = 0.0,
        on_batch: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._prepare, self._finish = prepare, finish
        self._most, self._wait, self._on_batch = most, wait, on_batch
        self._waiting: deque[_Job[_In, _Out]] = deque()
        self._prepared: deque[_Part[_In, _Made, _Out]] = deque()
        self._preparing = 0
        self._changed = Condition()
        self._closed = False
        works = [self._prepare_all] * threads + [self._finish_all]
        self._threads = [
            Thread(target=work, name=f"faceinsight {n}", daemon=True)
            for n, work in enumerate(works)
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
            self._changed.notify_all()
        return job.answer

    def close(self) -> None:
        """Accept nothing more, and return when everything accepted is answered."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _prepare_all(self) -> None:
        while jobs := self._next_jobs():
            part = None
            try:
                part = _Part(jobs, self._prepare([job.item for job in jobs]))
            except Exception as error:
                self._each_alone(jobs, error)
            with self._changed:
                self._preparing -= 1
                if part is not None:
                    self._prepared.append(part)
                self._changed.notify_all()

    def _finish_all(self) -> None:
        while parts := self._next_parts():
            self._on_batch(sum(job.size for part in parts for job in part.jobs))
            try:
                finished = self._finish([part.made for part in parts])
            except Exception as error:
                self._each_alone([job for part in parts for job in part.jobs], error)
                continue
            for part, answers in zip(parts, finished, strict=True):
                for job, answer in zip(part.jobs, answers, strict=True):
                    _settle(job, answer)

    def _each_alone(self, jobs: Sequence[_Job[_In, _Out]], error: Exception) -> None:
        """What went wrong may be the fault of one item, for which the others do not pay."""
        if len(jobs) == 1:
            _settle(jobs[0], error)
            return
        for job in jobs:
            answer: _Out | Exception
            try:
                ((answer,),) = self._finish([self._prepare([job.item])])
            except Exception as failure:
                answer = failure
            _settle(job, answer)

    def _next_jobs(self) -> list[_Job[_In, _Out]]:
        """What waits, as far as it fits; empty once the queue is closed and everything taken."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return []
                jobs = [
                    job
                    for job in _fitting(self._waiting, self._most, lambda job: job.size)
                    if job.answer.set_running_or_notify_cancel()
                ]
                if jobs:
                    self._preparing += 1
                    return jobs

    def _next_parts(self) -> list[_Part[_In, _Made, _Out]]:
        """What is prepared, as far as it fits; empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._prepared or (self._closed and self._is_idle()))
            self._changed.wait_for(
                lambda: self._is_idle() or sum(map(_size, self._prepared)) >= self._most, self._wait
            )
            return _fitting(self._prepared, self._most, _size)

    def _is_idle(self) -> bool:
        return not (self._waiting or self._preparing)


def _size(part: _Part[_In, _Made, _Out]) -> int:
    return sum(job.size for job in part.jobs)


def _fitting(queue: deque[_Of], most: int, size_of: Callable[[_Of], int]) -> list[_Of]:
    """Take as many as fit into a batch, and one at least where there are any."""
    taken: list[_Of] = []
    size = 0
    while queue and (not taken or size + size_of(queue[0]) <= most):
        taken.append(queue.popleft())
        size += size_of(taken[-1])
    return taken


def _settle(job: _Job[_In, _Out], answer: _Out | Exception) -> None:
    if isinstance(answer, Exception):
        job.answer.set_exception(answer)
    else:
        job.answer.set_result(answer)
