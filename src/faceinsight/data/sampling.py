"""Which examples an epoch sees: several data sets, shared by temperature and weight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np
from torch.utils.data import Sampler

from faceinsight.errors import ParameterError

T = TypeVar("T")


def epoch_shares(
    sizes: Sequence[int], weights: Sequence[float], temperature: float, total: int
) -> np.ndarray:
    """How many of an epoch's `total` examples each data set gives.

    A data set of n examples and weight w is drawn in proportion to w * n^temperature, so that
    temperature 1 is proportional to size and 0 is equal. Rounded by largest remainder, so that the
    counts add up to `total`.

    Raises:
        ParameterError: there is nothing to draw from.
    """
    size = np.asarray(sizes, dtype=np.float64)
    if not any(w and n for w, n in zip(weights, sizes, strict=True)):
        raise ParameterError(
            "datasets.*.weight: every data set with training examples has weight 0; give one of "
            "them a weight above 0"
        )
    share = np.where(size > 0, np.asarray(weights) * np.power(np.maximum(size, 1), temperature), 0)
    exact = total * share / share.sum()
    counts = np.floor(exact).astype(np.int64)
    for index in np.argsort(counts - exact, kind="stable")[: total - counts.sum()]:
        counts[index] += 1
    return counts


class DatasetSampler(Sampler[tuple[int, int]]):
    """Draw an epoch's examples and the integers that decide their augmentation.

    Every example of a data set is seen once before any of it is seen again, across epochs as well.
    The order is a function of seed and epoch alone, so a run that goes on sees what it would have
    seen.

    Args:
        sizes: examples of each data set; their indices follow each other.
        weights: relative weight of each data set.
        temperature: see `epoch_shares`.
        seed: of everything drawn.
        total: examples an epoch; by default as many as there are.

    Yields:
        (index of the example, integer for its augmentation).
    """

    def __init__(
        self,
        sizes: Sequence[int],
        weights: Sequence[float],
        temperature: float = 1.0,
        seed: int = 0,
        total: int | None = None,
    ) -> None:
        self._sizes = list(sizes)
        self._seed = seed
        self._total = sum(sizes) if total is None else total
        self._counts = epoch_shares(sizes, weights, temperature, self._total)
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next; accelerate's data loader calls this."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._total

    def __iter__(self) -> Iterator[tuple[int, int]]:
        parts, offset = [], 0
        for number, (size, count) in enumerate(zip(self._sizes, self._counts, strict=True)):
            if count:
                parts.append(offset + self._take(number, size, int(count)))
            offset += size
        rng = np.random.default_rng([self._seed, self._epoch])
        order = rng.permutation(np.concatenate(parts))
        draws = rng.integers(0, 2**63, size=len(order))
        return iter(zip(order.tolist(), draws.tolist(), strict=True))

    def _take(self, number: int, size: int, count: int) -> np.ndarray:
        """The next `count` indices of one data set, from its endless row of permutations."""
        start = self._epoch * count
        rounds = range(start // size, (start + count - 1) // size + 1)
        row = np.concatenate(
            [np.random.default_rng([self._seed, number, r]).permutation(size) for r in rounds]
        )
        begin = start - rounds.start * size
        return row[begin : begin + count]


def share_of(batch: Sequence[T], rank: int, world: int) -> list[T]:
    """The part of a global batch that one of several processes takes.

    They take turns, so that parts differ by at most one example, and the first examples of a batch
    are the first of the parts. A batch with fewer examples than there are processes goes to each of
    them whole: the mean of equal means is the same.
    """
    if len(batch) < world:
        return list(batch)
    return list(batch[rank::world])


class RankBatches(Sampler[list[tuple[int, int]]]):
    """One process's part of every batch that all processes see together.

    The batches of all processes put together are, in every step, the batches that one process with
    a `batch_size` times as large would see; nothing is dropped, repeated or padded.

    Args:
        sampler: draws the examples, the same ones in every process.
        batch_size: most examples a process and step.
        rank: number of this process.
        world: number of processes.
    """

    def __init__(self, sampler: DatasetSampler, batch_size: int, rank: int, world: int) -> None:
        self._sampler = sampler
        self._images = batch_size * world
        self._rank, self._world = rank, world

    def __len__(self) -> int:
        return -(-len(self._sampler) // self._images)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        examples = iter(self._sampler)
        while batch := list(islice(examples, self._images)):
            yield share_of(batch, self._rank, self._world)
