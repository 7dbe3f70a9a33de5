"""Answers to FaceXBench's questions from the probabilities of facial characteristics.

A model that gives probabilities can answer the questions on one picture whose options name a class
of one group (age, gender, race, expression), or of which CelebA's attributes is present, or is not.
To all others it gives no answer, which counts as not right: FaceXBench also asks about several
pictures, head poses, crowds, fakes and names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from faceinsight.method.characteristics import ATTRIBUTES, Vocabulary
from faceinsight.rivals.facexbench.questions import letters

NONE_OF_THEM = "none of the above"
NOT_PRESENT = "not present"
PRESENT = ("which of the following attributes is", "present in the image")

OTHER_WORDS: Mapping[str, tuple[str, ...]] = {
    "0-9": ("age_0_2", "age_3_9"),
    "50-60": ("age_50_59",),
    "60-70": ("age_60_69",),
    "more than 70": ("age_70_plus",),
    "anger": ("angry",),
    "others": ("race5_Others",),
}
"""Words of FaceXBench's options that none of the data sets' label files uses."""


class ByProbability:
    """An `Answerer` that chooses the most probable option.

    Args:
        probabilities: a picture to characteristic to P.
        vocabulary: the characteristics, with the words that data sets have for them.
    """

    def __init__(
        self, probabilities: Callable[[Path], Mapping[str, float]], vocabulary: Vocabulary
    ) -> None:
        self._probabilities = probabilities
        self._groups = [_words(vocabulary, members) for members in vocabulary.groups.values()]
        self._attributes = {
            id_.lower(): id_
            for dataset in vocabulary.datasets
            for task in vocabulary.tasks(dataset)
            if task.name == ATTRIBUTES
            for id_ in task.members
        }

    def answer(self, images: Sequence[Path], question: str, options: Sequence[str]) -> str:
        """See `Answerer`: a letter, or nothing where the options cannot be compared."""
        if len(images) != 1:
            return ""
        asked = question.lower()
        words = [option.strip().lower() for option in options]
        if all(word in self._attributes for word in words):
            if NOT_PRESENT in asked or all(part in asked for part in PRESENT):
                p = self._probabilities(images[0])
                scores = [p[self._attributes[word]] for word in words]
                return _letter([-s for s in scores] if NOT_PRESENT in asked else scores)
            return ""
        for group in self._groups:
            named = [word in group for word in words]
            if sum(named) > 1 and all(
                known or word in (NONE_OF_THEM, "other", "both")
                for known, word in zip(named, words, strict=True)
            ):
                return self._of_group(images[0], group, words)
        return ""

    def _of_group(
        self, image: Path, group: Mapping[str, tuple[str, ...]], words: Sequence[str]
    ) -> str:
        """The most probable option, the group's probabilities adding up to 1."""
        p = self._probabilities(image)
        total = sum(p[id_] for id_ in dict.fromkeys(i for ids in group.values() for i in ids))
        named = {id_ for word in words for id_ in group.get(word, ())}
        rest = 1 - sum(p[id_] for id_ in named) / max(total, 1e-12)
        return _letter(
            [
                sum(p[id_] for id_ in group[word]) / max(total, 1e-12)
                if word in group
                else rest
                if word == NONE_OF_THEM
                else 0.0
                for word in words
            ]
        )


def _words(vocabulary: Vocabulary, members: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What data sets and FaceXBench call the members of a group, in small letters, to ids."""
    words: dict[str, tuple[str, ...]] = {}
    for id_ in members:
        names = vocabulary.characteristics[vocabulary.index[id_]].names.values()
        own = id_.split("_", 1)[-1] if id_.startswith("race") else id_
        for name in [own, *names]:
            if not name.isdigit():  # UTKFace's and ExpW's numbers are words of nobody else
                words[name.lower()] = (id_,)
    for word, ids in OTHER_WORDS.items():
        if set(ids) <= set(members):
            words[word] = ids
    return words


def _letter(scores: Sequence[float]) -> str:
    best = max(range(len(scores)), key=scores.__getitem__)
    return letters(len(scores))[best]
