"""Random labels that break no rule, as data sets and models give them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.rules.compiler import RuleSet
from faceinsight.method.rules.decode import decode

Labels = dict[str, bool]


def consistent(
    vocabulary: Vocabulary, ruleset: RuleSet, count: int, seed: int
) -> Iterator[tuple[Labels, Labels]]:
    """Pairs of complete labels and what is known of them.

    Of four, one is known whole, one as some data set annotates it, and two in a random half and a
    random tenth.
    """
    rng = np.random.default_rng(seed)
    # Means differ from face to face, so that some have many characteristics and some have few.
    means = rng.uniform(-2, 1, (count, 1))
    labels = decode(rng.normal(means, 1, (count, len(vocabulary))), ruleset)
    datasets = [set(vocabulary.annotated_by(name)) for name in vocabulary.datasets]
    for number, row in enumerate(labels):
        full = dict(zip(vocabulary.ids, map(bool, row), strict=True))
        kept = {
            0: set(full),
            1: datasets[number // 4 % len(datasets)],
            2: {id_ for id_ in full if rng.random() < 0.5},
            3: {id_ for id_ in full if rng.random() < 0.1},
        }[number % 4]
        yield full, {id_: value for id_, value in full.items() if id_ in kept}
