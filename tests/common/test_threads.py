"""Results come in order, and no more is begun than was asked for."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from faceinsight.common.threads import ahead


@pytest.mark.parametrize("depth", [0, 1, 5])
def test_in_order_and_only_a_little_ahead(depth):
    taken = []

    def numbers():
        for number in count():
            taken.append(number)
            yield number

    with ThreadPoolExecutor(3) as pool:
        results = ahead(pool, lambda n: n * n, numbers(), depth)
        for expected in range(20):
            assert next(results) == expected**2
            assert len(taken) == expected + depth + 1
        results.close()


def test_errors_are_raised_where_their_result_is_due_and_the_rest_is_not_begun():
    begun, gate = [], threading.Event()

    def work(number):
        begun.append(number)
        if number == 1:
            raise ValueError("one")
        if number > 1:
            gate.wait(10)

    with ThreadPoolExecutor(1) as pool:
        results = ahead(pool, work, range(10), 8)
        assert next(results) is None
        with pytest.raises(ValueError, match="one"):
            next(results)
        gate.set()
    assert len(begun) <= 3
