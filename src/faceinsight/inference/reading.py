"""From energies to faces: probabilities, labels that never contradict, and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from faceinsight.answers.labels import label_words, labels_of
from faceinsight.answers.questions import questions
from faceinsight.answers.writer import worth_telling, write_answer
from faceinsight.inference.cropper import Crops
from faceinsight.inference.face import AgeEstimate, ClassEstimate, Face, shown_crop
from faceinsight.model.labels import calibration_of, consistent_labels, handed_out, probabilities

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
        estimated, decoded = probabilities(network, logits), consistent_labels(network, logits)
        sure = sureness(network, estimated, decoded, names)
        faces = []
        for row in range(len(crops)):
            p = dict(zip(names, estimated[row, kept].tolist(), strict=True))
            labels = dict(zip(names, decoded[row, kept].tolist(), strict=True))
            faces.append(self._face(row, crops, p, labels, None if sure is None else sure[row]))
        return faces

    def _face(
        self,
        row: int,
        crops: Crops,
        p: Mapping[str, float],
        labels: Mapping[str, bool],
        sure: Sureness | None,
    ) -> Face:
        score = float(crops.scores[row])
        present = tuple(id_ for id_, value in labels.items() if value)
        words = tuple(labels_of(present, self._network.vocabulary))
        left, top, right, bottom = crops.boxes[row].tolist()
        held = {name: _held(group, p, present, sure) for name, group in self._groups.items()}
        age = held["age"]
        years, interval = (None, None) if sure is None else (sure.years, sure.interval)
        return Face(
            photograph=crops.names[crops.photographs[row]],
            number=int(crops.numbers[row]),
            bbox=(left, top, right, bottom),
            confidence=None if np.isnan(score) else score,
            face_from=crops.face_from[row],
            probabilities=p,
            present=present,
            labels=words,
            age=None if age is None else AgeEstimate(**vars(age), years=years, interval=interval),
            gender=held["gender"],
            expression=held["expression"],
            race=held["race"],
            uncertain=None if sure is None else sure.uncertain,
            caution=crops.caution(row) if self._drawn_alone else None,
            crop=shown_crop(crops.pixels[row]),
            _words=partial(self._described, labels, words),
        )

    def _described(self, labels: Mapping[str, bool], words: tuple[str, ...]) -> str:
        lexicon = self._network.lexicon
        if lexicon is None:
            return f"Appears: {', '.join(words)}." if words else "I cannot tell."
        about_all = questions(lexicon)[0]
        told = worth_telling(labels, lexicon)
        written = [write_answer(about_all, told, lexicon, seed) for seed in range(_TRIES)]
        in_groups = [id_ for group in self._groups.values() for id_ in group if labels.get(id_)]
        return max(written, key=lambda answer: sum(id_ in answer.about for id_ in in_groups)).text


class Sureness(NamedTuple):
    """Of one face: classes that may be each group's, by its members; what has several answers."""

    candidates: Mapping[tuple[str, ...], tuple[str, ...]]
    uncertain: tuple[str, ...]
    years: float | None
    interval: tuple[float, float] | None


def sureness(
    network: FaceInsightModel, estimated: np.ndarray, decoded: np.ndarray, said: Sequence[str]
) -> list[Sureness] | None:
    """What a model cannot tell of N faces; None where it was never told.

    Args:
        network: brings its calibration.
        estimated: [N, K] probabilities.
        decoded: [N, K] labels that are handed out.
        said: the characteristics of which something may be said.
    """
    calibration, vocabulary = calibration_of(network), network.vocabulary
    if calibration is None:
        return None
    absent, present = calibration.candidates(estimated, decoded, vocabulary)
    groups = {name: members for name, members in vocabulary.groups.items() if {*members} <= {*said}}
    in_groups = {member for members in groups.values() for member in members}
    single = [(id_, vocabulary.index[id_]) for id_ in said if id_ not in in_groups]
    years, ends = None, None
    if calibration.years and {*calibration.years} <= {*said}:
        years, ends = calibration.age(estimated, vocabulary)
    found = []
    for row in range(len(estimated)):
        may = {
            name: tuple(m for m in members if present[row, vocabulary.index[m]])
            for name, members in groups.items()
        }
        unclear = [name for name, members in may.items() if len(members) > 1]
        unclear += [id_ for id_, c in single if absent[row, c] and present[row, c]]
        found.append(
            Sureness(
                {members: may[name] for name, members in groups.items()},
                tuple(unclear),
                None if years is None else float(years[row]),
                None if ends is None else (float(ends[row, 0]), float(ends[row, 1])),
            )
        )
    return found


def _held(
    group: tuple[str, ...],
    p: Mapping[str, float],
    present: tuple[str, ...],
    sure: Sureness | None,
) -> ClassEstimate | None:
    held = [id_ for id_ in group if id_ in present]
    if len(held) != 1:
        return None
    may = None if sure is None else sure.candidates.get(group)
    words = None if may is None else tuple(map(label_words, may))
    return ClassEstimate(held[0], label_words(held[0]), p[held[0]], words)
