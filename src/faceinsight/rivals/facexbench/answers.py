"""Answers to FaceXBench's questions from the probabilities of facial characteristics.

A model that gives probabilities can answer the questions on one picture whose options name a class
of one group (age, gender, race, expression), or of which CelebA's attributes is present, or is not.
To all others it gives no answer, which counts as not right: FaceXBench also asks about several
pictures, head poses, crowds, fakes and names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from faceinsight.common.work import write_beside
from faceinsight.method.characteristics import ATTRIBUTES, Vocabulary
from faceinsight.rivals.facexbench.questions import (
    FaceXBenchError,
    Question,
    files_in,
    letters,
    read_file,
)

if TYPE_CHECKING:
    from faceinsight.inference.faceinsight import FaceInsight

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

Probabilities = Callable[[Path], Mapping[str, float]]
"""A picture to id of each characteristic to its probability; empty where no face is found."""


def answer_questions(
    benchmark: Path, results: Path, probabilities: Probabilities, vocabulary: Vocabulary
) -> list[Question]:
    """Answer all questions that have no reply yet.

    Replies are kept in the layout of the question files, so FaceXBench's own script can score them.

    Args:
        benchmark: FaceXBench's folder of question files, with its pictures.
        results: folder for the replies; what an earlier start left there is kept.

    Returns:
        All questions with their replies.

    Raises:
        FaceXBenchError: there is no question file, one is malformed, a picture is missing, or the
            results are of other questions.
    """
    choose = Chooser(probabilities, vocabulary)
    answered = []
    for path in files_in(benchmark):
        answered += _answer_file(path, results / path.relative_to(benchmark), choose)
    return answered


def _answer_file(path: Path, result: Path, choose: Chooser) -> list[Question]:
    questions = read_file(path)
    kept = {q.id: q for q in read_file(result, path.parent)} if result.exists() else {}
    replies = {id_: q.reply for id_, q in kept.items() if q.reply is not None}
    if kept and [q.model_copy(update={"reply": None}) for q in kept.values()] != questions:
        raise FaceXBenchError(
            f"{result} holds replies to other questions than {path}: remove it, or put the "
            "questions back"
        )
    waiting = [question for question in questions if question.id not in replies]
    try:
        for question in tqdm(waiting, desc=path.name, unit="question", disable=not waiting):
            if missing := [image for image in question.images if not image.is_file()]:
                raise FaceXBenchError(
                    f"{path}, question {question.id}: the picture {missing[0]} is missing"
                )
            replies[question.id] = choose(question)
    finally:  # what was answered is kept, however the asking ended
        if waiting:
            content = json.loads(path.read_text(encoding="utf-8"))
            for id_, reply in replies.items():
                content["questions"][id_]["prediction"] = reply
            with write_beside(result) as beside:
                text = json.dumps(content, indent=4, ensure_ascii=False)
                beside.write_text(text, encoding="utf-8")
    return [q.model_copy(update={"reply": replies[q.id]}) for q in questions]


def probabilities_of(model: FaceInsight) -> Probabilities:
    """Those of the face that the detector is surest of."""

    def of_picture(picture: Path) -> Mapping[str, float]:
        faces = model.analyze(picture, sensitive=True)
        surest = max(faces, key=lambda face: face.confidence or 0.0, default=None)
        return {} if surest is None else surest.probabilities

    return of_picture


class Chooser:
    """Chooses the most probable option of a question."""

    def __init__(self, probabilities: Probabilities, vocabulary: Vocabulary) -> None:
        self._probabilities = probabilities
        self._groups = [_words(vocabulary, members) for members in vocabulary.groups.values()]
        self._attributes = {
            id_.lower(): id_
            for dataset in vocabulary.datasets
            for task in vocabulary.tasks(dataset)
            if task.name == ATTRIBUTES
            for id_ in task.members
        }

    def __call__(self, question: Question) -> str:
        """A letter, or nothing where the options cannot be compared."""
        if len(question.images) != 1:
            return ""
        asked = question.text.lower()
        words = [option.strip().lower() for option in question.options]
        if all(word in self._attributes for word in words):
            absent = NOT_PRESENT in asked
            if not absent and not all(part in asked for part in PRESENT):
                return ""
            p = self._probabilities(question.images[0])
            ids = [self._attributes[word] for word in words]
            if not all(id_ in p for id_ in ids):
                return ""
            return _letter([-p[id_] if absent else p[id_] for id_ in ids])
        for group in self._groups:
            named = [word for word in words if word in group]
            if len(named) > 1 and {*words} - {*named} <= {NONE_OF_THEM, "other", "both"}:
                return _class(self._probabilities(question.images[0]), group, words)
        return ""


def _class(p: Mapping[str, float], group: Mapping[str, tuple[str, ...]], words: list[str]) -> str:
    """The most probable option; "none of the above" is the rest of the group."""
    named = {id_ for word in words for id_ in group.get(word, ())}
    if not named <= set(p):
        return ""
    members = {id_ for ids in group.values() for id_ in ids}
    rest = sum(p.get(id_, 0.0) for id_ in members - named)
    return _letter(
        [
            sum(p[id_] for id_ in group[word])
            if word in group
            else (rest if word == NONE_OF_THEM else 0.0)
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
    return words | {word: ids for word, ids in OTHER_WORDS.items() if set(ids) <= set(members)}


def _letter(scores: Sequence[float]) -> str:
    best = max(range(len(scores)), key=scores.__getitem__)
    return letters(len(scores))[best]
