"""Paths and names in parameters: those that begin with `~`, and those that look like numbers."""

from __future__ import annotations

import datetime
import os
import re
from pathlib import Path
from typing import Any

TEXTS = {
    "ablation_dataset", "answers", "api_key_variable", "attention", "base_url",
    "base_url_variable", "checkpoint", "choice_form", "chosen", "column", "data", "dataset",
    "detector_weights", "device", "documented", "exclude", "file", "folder", "licence", "name",
    "no", "note", "omega_sweep", "parser_weights", "path", "photograph", "photos", "pretrained",
    "prompt", "query", "raw", "replies", "results", "revision", "rival", "rivals", "served_as",
    "software", "source", "split", "system", "task", "title", "variant", "work", "yes",
}  # fmt: skip
"""What parameters are called that are a path, a name or other free text, at any depth."""


def with_texts(parameters: Any, name: str = "") -> Any:
    """Parameters in which every path and every name is text.

    YAML makes a number of a folder that is named by its year, and a date of one named by its day.
    """
    if isinstance(parameters, dict):
        return {key: with_texts(value, str(key)) for key, value in parameters.items()}
    if isinstance(parameters, list):
        return [with_texts(value, name) for value in parameters]
    is_text = name in TEXTS and isinstance(parameters, int | float | datetime.date)
    return str(parameters) if is_text else parameters


def at_home(path: Path | str) -> str:
    """A path with a leading `~` or `~user` as the shell expands it.

    Args:
        path: as it was given; that of an unknown user stays as it is, where `Path.expanduser`
            raises.
    """
    return os.path.expanduser(path)  # noqa: PTH111


def printable(name: str) -> str:
    """A path as text for tables and terminals: what is no text is written as an escape.

    That is bytes that are no valid Unicode, and control characters, such as a line break.
    """
    text = name.encode("utf-8", "backslashreplace").decode("utf-8")
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda match: ascii(match[0])[1:-1], text)


_last_written: list[Path] = []


def writes_into(path: Path) -> None:
    """Remember where this process writes: not every library says where it could not."""
    _last_written[:] = [path]


def written() -> Path | None:
    """The place that this process has last begun to write into."""
    return _last_written[0] if _last_written else None
