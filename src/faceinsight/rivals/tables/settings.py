"""How a table of another system's answers is read: which column is what, and what its words mean.

See `docs/other_systems.md` for a worked example and for the formats that known systems write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import (
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from faceinsight.common.settings import Settings
from faceinsight.data.registry import check_dataset

REFUSED = "refused"
"""Meaning of a word that is no answer, e.g. "no face found"."""

OUTSIDE = "not in vocabulary"
"""Meaning of an answer that the vocabulary has no characteristic for, e.g. "contempt"."""

PRESENT, ABSENT = "present", "absent"
"""Meanings of the words in the column of a single attribute."""

_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Settings(Settings):
    model_config = ConfigDict(coerce_numbers_to_str=True)


class PhotographSettings(_Settings):
    r"""How a row's photograph is found among the data set's.

    Attributes:
        column: holds the photograph's path or name.
        pattern: a regular expression that the whole text must match; what does not is counted as
            matching no face. Null takes the text as it is.
        becomes: what a match is turned into, with `\1` for the first group.
        compare: `path` compares whole paths below the data set's folder, `name` the part behind the
            last slash alone.
    """

    column: _Name
    pattern: str | None = None
    becomes: str | None = None
    compare: Literal["path", "name"] = "path"

    @model_validator(mode="after")
    def _is_an_expression(self) -> PhotographSettings:
        try:
            found = re.compile(f"(?:{self.pattern or ''})?").fullmatch("")
            if found is not None:
                found.expand(self.becomes or "")
        except (re.error, IndexError) as error:
            raise ValueError(f"'{self.pattern}' or '{self.becomes}': {error}") from None
        if self.becomes is not None and self.pattern is None:
            raise ValueError("becomes needs a pattern")
        return self


class TableLayout(_Settings):
    """One table of answers: a row a face, a column an answer.

    Attributes:
        use: whether it is scored.
        file: a CSV or Parquet file, below the folder of all tables or an absolute path.
        dataset: whose faces were answered about.
        photograph: how a row's photograph is found.
        face: column of the face's id within its photograph; null where a photograph has one face.
        systems: name of a system, as reports call it, to its columns: task to column, and within
            `attributes` characteristic to column. A table may hold several systems.
        words: task to meaning of each word: an id; several ids for a class that the system does not
            split ("Asian"); `refused`; or `not in vocabulary`. For `attributes`, `present`,
            `absent`, `refused` or `not in vocabulary`. An empty cell is `refused` unless it says
            otherwise.
        truth: task to a column that holds the true class in the same words, where the table brings
            its own labels: all its rows are then scored against these as well.
        unmapped: what a word without a meaning is: an `error`, or a `wrong` answer that is listed.
        source: where the answers are from, for the report.
    """

    use: bool = True
    file: _Name
    dataset: str
    photograph: PhotographSettings
    face: _Name | None = None
    systems: Annotated[dict[_Name, dict[_Name, _Name | dict[_Name, _Name]]], Field(min_length=1)]
    words: dict[_Name, dict[str, _Name | list[_Name]]]
    truth: dict[_Name, _Name] = {}
    unmapped: Literal["error", "wrong"] = "error"
    source: str = ""

    _dataset = field_validator("dataset")(check_dataset)

    def columns(self) -> Iterator[str]:
        """Names of all columns that are read; some may come twice."""
        yield self.photograph.column
        if self.face is not None:
            yield self.face
        for tasks in self.systems.values():
            for column in tasks.values():
                yield from [column] if isinstance(column, str) else column.values()
        yield from self.truth.values()


class TablesSettings(_Settings):
    """All tables of other systems' answers.

    Attributes:
        folder: where the tables lie; null scores none of them.
        layouts: name of a table, for messages and results, to how it is read.
    """

    folder: str | None = None
    layouts: dict[_Name, TableLayout] = {}
