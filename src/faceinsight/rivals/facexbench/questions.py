"""FaceXBench's question files, and results in the same layout."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictStr,
    ValidationError,
    field_validator,
    model_validator,
)

from faceinsight.data.readers.base import UNSAFE_NAME
from faceinsight.data.readers.label_file import printable
from faceinsight.errors import FaceInsightError


class FaceXBenchError(FaceInsightError):
    """A file of questions or replies is missing or malformed; the message names the place."""


class Question(BaseModel):
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

    model_config = ConfigDict(frozen=True, validate_by_name=True, coerce_numbers_to_str=True)

    file: str = ""
    id: str = ""
    category: str = "unknown"
    subcategory: str = "unknown"
    num_images: str = "unknown"
    images: tuple[Path, ...] = Field(alias="image_paths")
    text: str = Field(alias="question_text")
    options: tuple[str, ...] = Field(min_length=1, max_length=26)
    answer: str = Field(alias="correct_answer_option")
    reply: StrictStr | None = Field(None, alias="prediction")

    @field_validator("images")
    @classmethod
    def _lie_below(cls, images: tuple[Path, ...]) -> tuple[Path, ...]:
        for path in map(str, images):
            if re.search(UNSAFE_NAME, path):
                raise ValueError(f"the picture '{printable(path)}' must lie below the folder")
        return images

    @model_validator(mode="after")
    def _has_its_answer(self) -> Question:
        if self.answer not in (known := letters(len(self.options))):
            raise ValueError(
                f"correct_answer_option is '{self.answer}', but the options are {', '.join(known)}"
            )
        return self


class _File(BaseModel):
    category: str = "unknown"
    subcategory: str = Field("unknown", alias="sub-category")
    num_images: str = "unknown"
    questions: dict[str, Question] = Field(min_length=1)


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
    common = content.model_dump(exclude={"questions"}) | {"file": path.name}
    folder = pictures or path.parent
    return [
        question.model_copy(
            update={"id": id_, "images": tuple(folder / image for image in question.images)}
            | common
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
        return _File.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise FaceXBenchError(f"{path} is missing: put FaceXBench's question file there") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise FaceXBenchError(
            f"{path}{', ' + where if where else ''}: {first['msg'].removeprefix('Value error, ')}"
        ) from None
    except (OSError, ValueError) as error:
        raise FaceXBenchError(f"{path} is no JSON file ({error})") from None
