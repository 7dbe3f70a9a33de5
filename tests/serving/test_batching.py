"""The queue, without a model: numbers are doubled, in batches."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import wait as wait_for
from threading import Event
from typing import Any

import pytest

from faceinsight.serving.batching import Admission, Batcher, Closed, Full


class Doubling:
    """Waits at two gates, remembers its batches, and fails on what is no number."""

    def __init__(self) -> None:
        self.preparing, self.finishing = Event(), Event()
        self.prepared, self.finished = list[list[Any]](), list[list[Any]]()
        self.sizes = list[int]()
        self.preparing.set()
        self.finishing.set()

    def prepare(self, items: Any) -> list[Any]:
        self.preparing.wait(10)
        self.prepared.append(list(items))
        if "unprepared" in items:
            raise ValueError("unprepared")
        return list(items)

    def finish(self, parts: Any) -> list[list[Any]]:
        self.finishing.wait(10)
        self.finished.append([item for part in parts for item in part])
        if any("unfinished" in part for part in parts):
            raise ValueError("unfinished")
        return [[ZeroDivisionError() if item == 0 else 2 * item for item in part] for part in parts]

    def batcher(self, **options: Any) -> Batcher[Any, list[Any], Any]:
        return Batcher(
            self.prepare,
            self.finish,
            on_batch=self.sizes.append,
            **{"most": 4, "threads": 1} | options,
        )


def until(holds: Callable[[], bool]) -> None:
    """Wait for another thread."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def gathered(doubling: Doubling, batcher: Batcher[Any, Any, Any], *items: Any) -> list[Future[Any]]:
    """Items that wait while another one is prepared."""
    doubling.preparing.clear()
    first = batcher.submit(-1)
    until(lambda: not batcher._waiting)
    futures = [batcher.submit(*(item if isinstance(item, tuple) else (item,))) for item in items]
    doubling.preparing.set()
    assert first.result(10) == -2
    return futures


def test_what_waits_is_prepared_together_and_each_has_its_own_answer():
    doubling = Doubling()
    batcher = doubling.batcher()
    futures = gathered(doubling, batcher, 1, 2, 3, 4, 5)
    assert [future.result(10) for future in futures] == [2, 4, 6, 8, 10]
    assert doubling.prepared == [[-1], [1, 2, 3, 4], [5]]
    assert sum(doubling.sizes) == 6
    batcher.close()


def test_what_is_prepared_meanwhile_by_any_thread_is_finished_in_one_batch():
    doubling = Doubling()
    batcher = doubling.batcher(threads=3)
    doubling.finishing.clear()
    futures = []
    for number in range(1, 8):  # one after the other
        futures.append(batcher.submit(number))
        until(lambda: len(doubling.prepared) == len(futures))
    doubling.finishing.set()
    assert [future.result(10) for future in futures] == [2 * n for n in range(1, 8)]
    assert doubling.finished == [[1], [2, 3, 4, 5], [6, 7]]
    assert doubling.sizes == [1, 4, 2]
    batcher.close()


def test_an_item_counts_by_its_size_and_a_large_one_is_a_batch_of_its_own():
    doubling = Doubling()
    batcher = doubling.batcher()
    futures = gathered(doubling, batcher, (1, 2), (2, 2), (3, 9), (4, 1))
    assert [future.result(10) for future in futures] == [2, 4, 6, 8]
    assert doubling.prepared == [[-1], [1, 2], [3], [4]]
    batcher.close()


def test_a_batch_waits_for_what_is_being_prepared_and_for_nothing_else():
    doubling = Doubling()
    batcher = doubling.batcher(threads=2, wait=30)
    assert batcher.submit(1).result(10) == 2  # nothing else is on its way
    doubling.preparing.clear()
    futures = [batcher.submit(2)]
    until(lambda: not batcher._waiting)
    futures.append(batcher.submit(3))
    until(lambda: not batcher._waiting)
    doubling.preparing.set()
    assert [future.result(10) for future in futures] == [4, 6]
    assert sorted(doubling.finished[1]) == [2, 3]
    batcher.close()


@pytest.mark.parametrize("bad", ["unprepared", "unfinished"])
def test_others_do_not_pay_for_an_item_that_fails(bad):
    doubling = Doubling()
    batcher = doubling.batcher()
    one, broken, zero, two = gathered(doubling, batcher, 1, bad, 0, 2)
    assert (one.result(10), two.result(10)) == (2, 4)
    with pytest.raises(ValueError, match=bad):
        broken.result(10)
    with pytest.raises(ZeroDivisionError):
        zero.result(10)
    assert batcher.submit(3).result(10) == 6
    batcher.close()


def test_what_is_cancelled_while_it_waits_is_not_worked_on():
    doubling = Doubling()
    batcher = doubling.batcher()
    doubling.preparing.clear()
    first = batcher.submit(1)
    until(lambda: not batcher._waiting)
    dropped, kept = batcher.submit(2), batcher.submit(3)
    assert dropped.cancel()
    doubling.preparing.set()
    assert (first.result(10), kept.result(10)) == (2, 6)
    with pytest.raises(CancelledError):
        dropped.result(10)
    assert doubling.prepared == [[1], [3]]
    batcher.close()


def test_everything_accepted_is_answered_before_the_end():
    doubling = Doubling()
    batcher = doubling.batcher(threads=2, wait=30)
    doubling.preparing.clear()
    futures = [batcher.submit(number) for number in range(1, 20)]
    doubling.preparing.set()
    batcher.close()
    assert not wait_for(futures, 0).not_done
    assert [future.result() for future in futures] == [2 * number for number in range(1, 20)]
    with pytest.raises(Closed):
        batcher.submit(1)


def test_no_more_are_accepted_than_may_be():
    admission = Admission(2)
    with admission(), admission():
        assert admission.accepted == 2
        with pytest.raises(Full), admission():
            raise AssertionError
    assert admission.accepted == 0
    with pytest.raises(ZeroDivisionError), admission():
        raise ZeroDivisionError
    assert admission.accepted == 0
