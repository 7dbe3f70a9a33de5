"""FaceXBench's question files, and results in the same layout."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from faceinsight.data.readers.base import UNSAFE_NAME
from faceinsight.data.readers.label_file import printable
from faceinsight.errors import FaceInsightError


class FaceXBenchError(FaceInsightError):
    """A file of questions or replies is missing or malformed; the message names the place."""


class _Question(BaseModel):
    model_config = ConfigDict(extra="allow")

    image_paths: list[str]
    question_text: str
    options: list[str | int | float] = Field(min_length=1, max_length=26)
    correct_answer_option: str
    prediction: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> _Question:
        if self.correct_answer_option not in letters(len(self.options)):
            raise ValueError(
                f"correct_answer_option is '{self.correct_answer_option}', but the options are "
                f"{', '.join(letters(len(self.options)))}"
            )
        for path in self.image_paths:
            if re.search(UNSAFE_NAME, path):
                raise ValueError(f"the picture '{printable(path)}' must lie below the folder")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="allow")

    category: str = "unknown"
    subcategory: str = Field("unknown", alias="sub-category")
    num_images: str = "unknown"
    questions: dict[str, _Question] = Field(min_length=1)


@dataclass(frozen=True)
class Question:
    """One multiple-choice question.

    Attributes:
        file: name of its file.
        id: within the file.
        category: one of six, e.g. `bias_fairness`.
        subcategory: one of fourteen, e.g. `age`.
        num_images: `single`, `multiple` or `zero`.
        images: its pictures, in order.
        text: what is asked, without the options.
        options: what may be answered, as text; the first is A.
        answer: letter of the right one.
        reply: what was answered, in the asked one's own words; None where it was not asked yet.
    """

    file: str
    id: str
    category: str
    subcategory: str
    num_images: str
    images: tuple[Path, ...]
    text: str
    options: tuple[str, ...]
    answer: str
    reply: str | None = None


def letters(n: int) -> tuple[str, ...]:
    """A, B, C, ... for n options."""
    return tuple(chr(ord("A") + i) for i in range(n))


def read_file(path: Path, pictures: Path | None = None) -> list[Question]:
    """Read a file of questions, or of results, which is the same with a `prediction` in each.

    Args:
        path: a JSON file.
        pictures: the folder that picture paths are relative to; by default the file's own.

    Raises:
        FaceXBenchError: naming file, question and fault.
    """
    content = _load(path)
    folder = pictures or path.parent
    return [
        Question(
            file=path.name,
            id=id_,
            category=content.category,
            subcategory=content.subcategory,
            num_images=content.num_images,
            images=tuple(folder / image for image in question.image_paths),
            text=question.question_text,
            options=tuple(str(option) for option in question.options),
            answer=question.correct_answer_option,
            reply=question.prediction,
        )
        for id_, question in content.questions.items()
    ]


def files_in(folder: Path) -> list[Path]:
    """All question or result files of a folder and those below it, in order of their names.

    Raises:
        FaceXBenchError: there is none.
    """
    files = sorted(folder.rglob("*.json"))
    if not files:
        raise FaceXBenchError(
            f"{folder} holds no question file: name FaceXBench's folder `benchmark`, or a folder "
            "of results"
        )
    return files


def _load(path: Path) -> _File:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FaceXBenchError(f"{path} is missing: put FaceXBench's question file there") from None
    except (OSError, ValueError) as error:
        raise FaceXBenchError(f"{path} is no JSON file ({error})") from None
    try:
        return _File.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise FaceXBenchError(
            f"{path}{', ' + where if where else ''}: {first['msg'].removeprefix('Value error, ')}"
        ) from None
