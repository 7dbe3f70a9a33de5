"""The queue, without a model: numbers are doubled, in batches."""

from __future__ import annotations

from concurrent.futures import CancelledError, Future
from concurrent.futures import wait as wait_for
from threading import Event
from typing import Any

import pytest

from faceinsight.serving.batching import Admission, Batcher, Closed, Full


class Doubling:
    """Waits at a gate, remembers its batches, and fails on what is no number."""

    def __init__(self) -> None:
        self.gate, self.batches, self.sizes = Event(), list[list[Any]](), list[int]()
        self.gate.set()

    def prepare(self, items: Any) -> list[Any]:
        self.gate.wait(10)
        self.batches.append(list(items))
        if "unprepared" in items:
            raise ValueError("unprepared")
        return list(items)

    def finish(self, items: list[Any]) -> list[Any]:
        if "unfinished" in items:
            raise ValueError("unfinished")
        return [ZeroDivisionError() if item == 0 else 2 * item for item in items]

    def batcher(self, most: int = 4, wait: float = 0.0) -> Batcher[Any, list[Any], Any]:
        return Batcher(self.prepare, self.finish, most=most, wait=wait, on_batch=self.sizes.append)


def gathered(doubling: Doubling, batcher: Batcher[Any, Any, Any], *items: Any) -> list[Future[Any]]:
    """Items that wait while another one is prepared."""
    doubling.gate.clear()
    first = batcher.submit(-1)
    while batcher._waiting:  # until it is taken
        pass
    futures = [batcher.submit(*(item if isinstance(item, tuple) else (item,))) for item in items]
    doubling.gate.set()
    assert first.result(10) == -2
    return futures


def test_what_waits_is_answered_in_one_batch_each_with_its_own():
    doubling = Doubling()
    batcher = doubling.batcher()
    futures = gathered(doubling, batcher, 1, 2, 3, 4, 5)
    assert [future.result(10) for future in futures] == [2, 4, 6, 8, 10]
    assert doubling.batches == [[-1], [1, 2, 3, 4], [5]]
    assert doubling.sizes == [1, 4, 1]
    batcher.close()


def test_an_item_counts_by_its_size_and_a_large_one_is_a_batch_of_its_own():
    doubling = Doubling()
    batcher = doubling.batcher()
    futures = gathered(doubling, batcher, (1, 2), (2, 2), (3, 9), (4, 1))
    assert [future.result(10) for future in futures] == [2, 4, 6, 8]
    assert doubling.batches == [[-1], [1, 2], [3], [4]]
    batcher.close()


def test_a_batch_waits_for_more_until_it_is_full():
    doubling = Doubling()
    batcher = doubling.batcher(most=3, wait=30)
    futures = [batcher.submit(number) for number in (1, 2, 3)]
    assert [future.result(10) for future in futures] == [2, 4, 6]
    assert doubling.batches == [[1, 2, 3]]
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
    doubling.gate.clear()
    first = batcher.submit(1)
    while batcher._waiting:
        pass
    dropped, kept = batcher.submit(2), batcher.submit(3)
    assert dropped.cancel()
    doubling.gate.set()
    assert (first.result(10), kept.result(10)) == (2, 6)
    with pytest.raises(CancelledError):
        dropped.result(10)
    assert doubling.batches == [[1], [3]]
    batcher.close()


def test_everything_accepted_is_answered_before_the_end():
    doubling = Doubling()
    batcher = doubling.batcher(wait=30)
    doubling.gate.clear()
    futures = [batcher.submit(number) for number in range(1, 20)]
    doubling.gate.set()
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
