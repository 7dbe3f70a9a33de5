"""Work in threads that stays a little ahead of whoever takes its results, and no more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from typing import TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def ahead(
    pool: Executor, function: Callable[[_In], _Out], items: Iterable[_In], depth: int
) -> Iterator[_Out]:
    """Results in order, with at most `depth` items begun before they are asked for."""
    begun: deque = deque()
    try:
        for item in items:
            begun.append(pool.submit(function, item))
            if len(begun) > depth:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        for future in begun:
            future.cancel()
