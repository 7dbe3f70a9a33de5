"""Predictions and rules made up for tests."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from faceinsight.method.characteristics import Characteristic, Vocabulary


def small_vocabulary() -> Vocabulary:
    """Three attributes and a group of three, on three data sets."""
    names = {"one": "x", "two": "x"}
    attributes = [Characteristic(i, f"a face with {i}", names) for i in ("Hat", "Bangs", "Bald")]
    classes = [
        Characteristic(i, i, {"three": i, "two": i}, "mood") for i in ("calm", "glad", "cross")
    ]
    return Vocabulary(
        [*attributes, *classes],
        {"mood": ("calm", "glad", "cross")},
        {
            "one": {"attributes": "attributes"},
            "two": {"attributes": "attributes", "expression": "mood"},
            "three": {"expression": "mood"},
        },
    )


@dataclass(frozen=True)
class FakeRule:
    text: str
    reason: str
    kind: str
    columns: list[int]


class FakeRules:
    """Bald excludes Bangs; exactly one mood."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._index = vocabulary.index
        self._moods = [self._index[i] for i in ("calm", "glad", "cross")]
        hair = [self._index[i] for i in ("Bald", "Bangs")]
        self.rules = (
            FakeRule("Bald -> not Bangs", "no hair, no fringe", "exclusion", hair),
            FakeRule("exactly one of {calm, glad, cross}", "one mood", "group", self._moods),
        )

    def violated(self, present: np.ndarray) -> np.ndarray:
        both = present[:, self._index["Bald"]] & present[:, self._index["Bangs"]]
        return np.stack([both, present[:, self._moods].sum(axis=1) != 1], axis=1)


def fake_predictions(
    vocabulary: Vocabulary,
    sizes: dict[str, int],
    *,
    seed: int = 0,
    skill: float = 1.5,
    unknown: float = 0.1,
    faces_a_photograph: int = 1,
) -> pd.DataFrame:
    """Random labels and probabilities that follow them with this much skill.

    The labels depend on the seed alone. With skill 0 the probabilities say nothing.
    """
    truth, noise = np.random.default_rng(seed), np.random.default_rng([seed, round(skill * 1e6)])
    parts = []
    for dataset, n in sizes.items():
        labels = np.full((n, len(vocabulary)), -1)
        latent = truth.normal(size=(n, 3))
        for id_ in vocabulary.annotated_by(dataset):
            column = vocabulary.index[id_]
            score = latent @ truth.normal(size=3) + truth.normal(size=n)
            labels[:, column] = score > truth.normal()
            labels[truth.random(n) < unknown, column] = -1
        for members in vocabulary.groups.values():
            columns = [vocabulary.index[m] for m in members]
            if any(m in vocabulary.annotated_by(dataset) for m in members):
                mine = [
                    c
                    for c, m in zip(columns, members, strict=True)
                    if m in vocabulary.annotated_by(dataset)
                ]
                labels[:, mine] = 0
                labels[np.arange(n), np.array(mine)[truth.integers(0, len(mine), n)]] = 1
        shape = (n, len(vocabulary))
        logits = skill * np.where(labels == 1, 1, -1) + noise.normal(size=shape)
        p = (1 / (1 + np.exp(-logits))).astype(np.float32)
        decoded = p >= 0.5
        for members in vocabulary.groups.values():
            columns = np.array([vocabulary.index[m] for m in members])
            decoded[:, columns] = False
            decoded[np.arange(n), columns[p[:, columns].argmax(axis=1)]] = True
        if {"Bald", "Bangs"} <= set(vocabulary.ids):
            decoded[:, vocabulary.index["Bangs"]] &= ~decoded[:, vocabulary.index["Bald"]]
        number = np.arange(n)
        frame = {
            "dataset": np.repeat(dataset, n),
            "photograph": [f"{i // faces_a_photograph:06}.jpg" for i in number],
            "face": (number % faces_a_photograph).astype(np.int16),
            "split": np.repeat("test", n),
        }
        frame |= {f"p_{id_}": p[:, i] for i, id_ in enumerate(vocabulary.ids)}
        frame |= {f"d_{id_}": decoded[:, i].astype(np.int8) for i, id_ in enumerate(vocabulary.ids)}
        frame |= {
            f"y_{id_}": pd.array(np.where(labels[:, i] < 0, None, labels[:, i]), dtype="Int8")
            for i, id_ in enumerate(vocabulary.ids)
        }
        parts.append(pd.DataFrame(frame))
    return pd.concat(parts, ignore_index=True)
