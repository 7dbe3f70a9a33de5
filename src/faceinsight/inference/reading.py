"""From energies to faces: probabilities, labels that never contradict, and words."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from faceinsight.answers import label_words, labels_of, write_answer
from faceinsight.answers.questions import questions
from faceinsight.inference.cropper import Crops
from faceinsight.inference.face import AgeEstimate, ClassEstimate, Face, shown_crop
from faceinsight.model.labels import consistent_labels, handed_out, probabilities

if TYPE_CHECKING:
    from faceinsight.model.modeling import FaceInsightModel

_TRIES = 8
"""Descriptions of which the first is taken that tells most of age, gender and expression. They vary
in what they leave out; the same face is always described alike."""


class FaceReader:
    """Reads the energies of one model.

    Args:
        network: brings vocabulary, rules, words, and what it has learnt.
        drawn_alone: whether all faces of its training were drawn.
    """

    def __init__(self, network: FaceInsightModel, drawn_alone: bool = False) -> None:
        self._network = network
        self._drawn_alone = drawn_alone
        vocabulary = network.vocabulary
        self._groups = {
            name: vocabulary.group_of_task(name) for name in ("age", "gender", "expression", "race")
        }

    def read(self, logits: np.ndarray, crops: Crops, sensitive: bool) -> list[Face]:
        """N faces of energies [N, K]."""
        network = self._network
        ids = np.array(network.vocabulary.ids)
        kept = np.flatnonzero(handed_out(network, sensitive))
        names = ids[kept].tolist()
        estimated = probabilities(network, logits)[:, kept].tolist()
        decoded = consistent_labels(network, logits)[:, kept].tolist()
        faces = []
        for row in range(len(crops)):
            p = dict(zip(names, estimated[row], strict=True))
            labels = dict(zip(names, decoded[row], strict=True))
            faces.append(self._face(row, crops, p, labels))
        return faces

    def _face(
        self, row: int, crops: Crops, p: Mapping[str, float], labels: Mapping[str, bool]
    ) -> Face:
        score = float(crops.scores[row])
        present = tuple(id_ for id_, value in labels.items() if value)
        words = tuple(labels_of(present, self._network.vocabulary))
        left, top, right, bottom = crops.boxes[row].tolist()
        held = {name: _held(group, p, present) for name, group in self._groups.items()}
        age = held["age"]
        return Face(
            photograph=crops.names[crops.photographs[row]],
            number=int(crops.numbers[row]),
            bbox=(left, top, right, bottom),
            confidence=None if np.isnan(score) else score,
            probabilities=p,
            present=present,
            labels=words,
            age=None if age is None else AgeEstimate(age.id, age.word, age.probability),
            gender=held["gender"],
            expression=held["expression"],
            race=held["race"],
            uncertain=None,
            caution=crops.caution(row) if self._drawn_alone else None,
            crop=shown_crop(crops.pixels[row]),
            _words=partial(self._described, labels, words),
        )

    def _described(self, labels: Mapping[str, bool], words: tuple[str, ...]) -> str:
        lexicon = self._network.lexicon
        if lexicon is None:
            return f"Appears: {', '.join(words)}." if words else "I cannot tell."
        about_all = questions(lexicon.vocabulary, lexicon)[0]
        written = [write_answer(about_all, labels, lexicon, seed) for seed in range(_TRIES)]
        in_groups = [id_ for group in self._groups.values() for id_ in group if labels.get(id_)]
        return max(written, key=lambda answer: sum(id_ in answer.about for id_ in in_groups)).text


def _held(
    group: tuple[str, ...], p: Mapping[str, float], present: tuple[str, ...]
) -> ClassEstimate | None:
    held = [id_ for id_ in group if id_ in present]
    return ClassEstimate(held[0], label_words(held[0]), p[held[0]]) if len(held) == 1 else None
