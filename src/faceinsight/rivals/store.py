"""Answers on disk, a line each; none that is held is asked for twice.

A line is written whole and flushed to the disk before its answer counts as held. What a killed
process leaves of a last line is cut off when the file is opened again.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

Key = tuple[str, str]
"""Digest of the face, digest of the question."""


@dataclass(frozen=True)
class Answer:
    """What a rival answered.

    Attributes:
        text: its words; empty where it was scored by likelihood.
        scores: by likelihood: log-probability of each option, in the question's order; None
            where an option was not among those that a server listed.
        floor: the lowest log-probability that the server listed, a bound for the options that it
            did not; None where every option has a score.
        model: the name that a server gave to the model that answered; None where it gave none.
    """

    text: str = ""
    scores: tuple[float | None, ...] | None = None
    floor: float | None = None
    model: str | None = None


class AnswerStore:
    """Answers by face and question, in an append-only file.

    One process at a time may write; see `WorkFolder.alone`.

    Args:
        path: the file; its folder must exist.
    """

    def __init__(self, path: Path) -> None:
        self._held: dict[Key, Answer] = {}
        self._stream = path.open("a+b")
        self._stream.seek(0)
        good = 0
        for number, line in enumerate(self._stream, start=1):
            if not line.endswith(b"\n"):
                logger.warning("%s: the last line was half written; dropped.", path)
                break
            good += len(line)
            try:
                key, answer = _parsed(line)
            except (ValueError, KeyError, TypeError):
                logger.warning("%s: line %d is damaged; asked again.", path, number)
            else:
                self._held[key] = answer
        self._stream.truncate(good)

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, key: object) -> bool:
        return key in self._held

    def get(self, key: Key) -> Answer | None:
        """The answer to a question about a face, if it is held."""
        return self._held.get(key)

    def add(self, answers: Iterable[tuple[Key, Answer]]) -> None:
        """Hold answers: when this returns they are on the disk."""
        new = list(answers)
        self._stream.write(b"".join(_line(key, answer) for key, answer in new))
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._held.update(new)

    def __enter__(self) -> AnswerStore:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


def _line(key: Key, answer: Answer) -> bytes:
    plain = {"face": key[0], "question": key[1], **asdict(answer)}
    return json.dumps(plain, ensure_ascii=False).encode() + b"\n"


def _parsed(line: bytes) -> tuple[Key, Answer]:
    plain = json.loads(line)
    text, scores = plain["text"], plain["scores"]
    if not isinstance(text, str):
        raise TypeError("text")
    scores = None if scores is None else tuple(None if s is None else float(s) for s in scores)
    key = str(plain["face"]), str(plain["question"])
    return key, Answer(text, scores, plain["floor"], plain.get("model"))
