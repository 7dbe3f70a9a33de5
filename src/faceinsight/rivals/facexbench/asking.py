"""Put FaceXBench's questions to whatever can answer, and keep every reply.

Results have the layout of the question files, a file each, with the reply under `prediction`: so
FaceXBench's own script can score ours, and ours its. A file is written whole after every few
replies; a second start asks what is left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from tqdm import tqdm

from faceinsight.common.work import write_beside
from faceinsight.rivals.facexbench.questions import (
    FaceXBenchError,
    Question,
    read_file,
    with_options,
)

SAVE_EVERY = 20
"""Replies between two savings of a file."""


class Answerer(Protocol):
    """Whatever answers a multiple-choice question: a model of ours, a rival, a person."""

    def answer(self, images: Sequence[Path], question: str, options: Sequence[str]) -> str:
        """Answer one question.

        Args:
            images: none, one or several pictures.
            question: what is asked, without the options.
            options: texts of the options, A first.

        Returns:
            A letter, or a text that `option_letter` reads; empty for no answer.
        """
        ...


class Prompted:
    """An `Answerer` for models that take pictures and one text.

    Args:
        generate: pictures and prompt to reply.
    """

    def __init__(self, generate: Callable[[Sequence[Path], str], str]) -> None:
        self._generate = generate

    def answer(self, images: Sequence[Path], question: str, options: Sequence[str]) -> str:
        """See `Answerer`; the options are lettered as FaceXBench's own script does."""
        return self._generate(images, with_options(question, options))


def ask(
    benchmark: Path, answerer: Answerer, results: Path, *, describe_task: bool = False
) -> list[Question]:
    """Ask all questions that have no reply yet.

    Args:
        benchmark: FaceXBench's folder of question files, with its pictures.
        answerer: who is asked.
        results: folder for the replies; what an earlier start left there is kept.
        describe_task: put the description of the task before each question.

    Returns:
        All questions with their replies.

    Raises:
        FaceXBenchError: there is no question file, one is malformed, a picture is missing, or the
            results are of other questions.
    """
    files = sorted(benchmark.glob("*.json"))
    if not files:
        raise FaceXBenchError(
            f"{benchmark} holds no question file: name FaceXBench's folder `benchmark`"
        )
    answered = []
    for path in files:
        answered += _ask_file(path, answerer, results / path.name, describe_task)
    return answered


def _ask_file(path: Path, answerer: Answerer, result: Path, describe_task: bool) -> list[Question]:
    questions = read_file(path)
    replies = _kept_replies(path, questions, result)
    waiting = [question for question in questions if question.id not in replies]
    try:
        bar = tqdm(waiting, desc=path.name, unit="question", disable=not waiting)
        for number, question in enumerate(bar, start=1):
            if missing := [image for image in question.images if not image.is_file()]:
                raise FaceXBenchError(
                    f"{path}, question {question.id}: the picture {missing[0]} is missing"
                )
            asked = question.asked
            if describe_task and question.description:
                asked = f"{question.description}\n{asked}"
            text = replace(question, asked=asked).text
            replies[question.id] = answerer.answer(question.images, text, question.options)
            if number % SAVE_EVERY == 0:
                _save(path, replies, result)
    finally:  # what was answered is kept, however the asking ended
        if waiting:
            _save(path, replies, result)
    return [replace(question, reply=replies[question.id]) for question in questions]


def _kept_replies(path: Path, questions: Sequence[Question], result: Path) -> dict[str, str]:
    """Replies that an earlier start left."""
    if not result.exists():
        return {}
    kept = {question.id: question for question in read_file(result, path.parent)}
    replies = {}
    for question in questions:
        earlier = kept.get(question.id)
        if earlier is None or replace(earlier, reply=None) != replace(question, reply=None):
            raise FaceXBenchError(
                f"{result} holds replies to other questions than {path}: name another folder for "
                "the results"
            )
        if earlier.reply is not None:
            replies[question.id] = earlier.reply
    return replies


def _save(path: Path, replies: dict[str, str], result: Path) -> None:
    """The question file with the replies in it, keeping everything else that it holds."""
    content = json.loads(path.read_text(encoding="utf-8"))
    for id_, reply in replies.items():
        content["questions"][id_]["prediction"] = reply
    with write_beside(result) as beside:
        beside.write_text(json.dumps(content, indent=4, ensure_ascii=False), encoding="utf-8")
