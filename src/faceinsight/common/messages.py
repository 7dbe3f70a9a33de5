"""Errors of the libraries underneath as sentences that a person can act on.

What a user's input, configuration or weights have caused is one sentence; for everything else there
is none, and the traceback is needed.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel

from faceinsight.errors import FaceInsightError, ParameterError

_FAULT = re.compile(
    r"^(?:(?P<where>\S+)\n)?  (?P<what>\S.+?) \[type=(?P<type>\w+), input_value=(?P<given>.*), "
    r"input_type=\w+\]$",
    re.MULTILINE,
)
"""One fault in pydantic's own text, which is all that Kedro's error keeps of it."""

_PLACES = {
    errno.EACCES: "see to its permissions",
    errno.EPERM: "see to its permissions",
    errno.EROFS: "name another folder to write to with --params data=FOLDER",
    errno.ENOSPC: "make room, or name another folder to write to with --params data=FOLDER",
    errno.EDQUOT: "make room, or name another folder to write to with --params data=FOLDER",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.ENOTDIR: "name a folder, not a file",
}
"""What to do about a place that cannot be used. (A file that is not there may be our defect.)"""

_PARAMETER = re.compile(r"Parameter '(?P<name>[^']+)': Failed to instantiate (?P<model>\w+)")

_NO_VERSION = re.compile(r"form of 'load_versions'.*found (?P<given>.*) instead")
_NO_ENTRY = re.compile(r"'load_versions' keys \[(?P<name>[^],]+)")


def sentence(error: BaseException) -> str | None:
    """What to tell a person about an error, or None where the traceback is needed.

    A sentence ends in a full stop, but for one whose last word is a path or `NAME=VALUE`, which
    would take the stop for its own; a report of several lines stays as it is.
    """
    told = _told(error)
    return told if told is None or "\n" in told else _stopped(told)


def _stopped(text: str) -> str:
    is_to_be_copied = bool(re.search(r"[/=]\S*$", text))
    return text if is_to_be_copied or text.endswith((".", "?", "!")) else f"{text}."


def _told(error: BaseException) -> str | None:
    from kedro.config import MissingConfigException
    from kedro.framework.cli.utils import KedroCliError
    from kedro.io.core import DatasetError, VersionNotFoundError
    from kedro.validation.exceptions import DataValidationError, ParameterValidationError
    from omegaconf.errors import OmegaConfBaseException

    for cause in _causes(error):
        if isinstance(cause, FaceInsightError | DataValidationError):
            return str(cause)
        if isinstance(cause, KedroCliError):
            return _bad_command(cause.message)
        if isinstance(cause, ParameterValidationError):
            return _faulty_parameters(str(cause))
        if isinstance(cause, MissingConfigException):
            return f"{cause} (name one of the folders of conf/ with --env)"
        if isinstance(cause, ValueError) and "Failed to find the pipeline named" in str(cause):
            return " ".join(str(cause).split()) + " (`kedro registry list` names them all)"
        if isinstance(cause, VersionNotFoundError):
            path = re.search(r"filepath=[^']*'?([^',)]+)", str(cause))
            name = path[1] if path else cause
            if model := re.search(r"06_models/(\w+)/model$", str(name)):
                return (
                    f"There is no trained model {name} yet; `kedro run --pipelines=train --params "
                    f"variant={model[1]}`, with the same --env, trains one."
                )
            return f"There is no version of {name} yet; run the pipeline that makes it first."
        if isinstance(cause, OSError) and cause.errno in _PLACES:
            return f"{cause.filename or 'the disk'}: {cause.strerror}; {_PLACES[cause.errno]}."
        if isinstance(cause, DatasetError) and (entry := _NO_ENTRY.search(str(cause))):
            return f"--load-versions: {_no_entry(entry['name'])}"
        if isinstance(cause, DatasetError) and cause.__cause__ is None:
            return str(cause)
        if isinstance(cause, OmegaConfBaseException):
            key = getattr(cause, "full_key", None)
            return f"Configuration{f', key {key!r}' if key else ''}: {cause.msg or cause}"
    return None


def no_such(what: str, given: str, known: set[str], otherwise: str | None = None) -> str:
    """ "there is no `what` 'given'", and what was meant.

    Args:
        what: the kind of thing.
        given: its name as it was typed.
        known: names that there are.
        otherwise: what to say where no name is near; by default all of them.
    """
    near = get_close_matches(given, known, n=1)
    listed = otherwise or f"there are {', '.join(sorted(known))}"
    hint = f"did you mean '{near[0]}'?" if near else listed
    return f"there is no {what} '{given}'; {hint}"


def require_version(catalog: Any, name: str, version: str, option: str) -> None:
    """Stop where an artifact has no such version.

    Args:
        catalog: a Kedro catalog.
        name: of the artifact; one that keeps no versions is let through.
        version: as it was typed.
        option: of the command line that named it.

    Raises:
        ParameterError: there is no such version.
        VersionNotFoundError: there is none at all.
    """
    from kedro.io.core import AbstractVersionedDataset, VersionNotFoundError

    dataset = catalog.get(name)
    if not isinstance(dataset, AbstractVersionedDataset) or dataset._version is None:
        return
    there = dataset.list_versions(full_path=False)
    if not there:
        raise VersionNotFoundError(f"Did not find any versions for {dataset}")
    if version not in there:
        raise ParameterError(
            f"{option}: there is no version {version} of '{name}'; the newest is {max(there)}"
        )


def _bad_command(text: str) -> str:
    if match := _NO_VERSION.search(text):
        return (
            f"--load-versions: '{match['given']}' is not of the form NAME:VERSION, an artifact of "
            "the catalog and the name of one of its folders, e.g. model:2026-01-31T12.00.00.000Z"
        )
    return " ".join(text.split())


def _no_entry(name: str) -> str:
    from kedro.framework.project import pipelines

    used = {entry for pipeline in pipelines.values() for entry in pipeline.datasets()}
    known = {entry for entry in used if entry.partition(":")[0] not in ("params", "parameters")}
    return no_such("artifact", name, known, "`kedro catalog describe-datasets` names them all")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _faulty_parameters(text: str) -> str:
    """Kedro's report of parameters that do not fit, a line for each fault."""
    found = list(_PARAMETER.finditer(text))
    lines = []
    ends = [*(match.start() for match in found[1:]), len(text)]
    for here, end in zip(found, ends, strict=False):
        part = text[here.start() : end]
        for fault in _FAULT.finditer(part):
            # What concerns a whole model, and no one field of it, has no place.
            path = [here["name"], *(fault["where"] or "").split(".")]
            path = [name for name in path if name]
            if fault["type"] == "extra_forbidden":
                fields = _fields(here["model"], path[1:-1])
                lines.append(f"{'.'.join(path)}: {no_such('parameter', path[-1], fields)}")
            else:
                what = fault["what"].removeprefix("Value error, ")
                # Of a whole model nobody typed all that pydantic shows, and it shows a part.
                is_whole = fault["given"].startswith("{")
                given = "" if is_whole else f" (given: {fault['given']})"
                lines.append(f"{'.'.join(path)}: {what}{given}")
    if not lines:
        return text
    lines = [_stopped(line) for line in lines]
    return lines[0] if len(lines) == 1 else "\n".join(["parameters do not fit:", *lines])


def _fields(model: str, path: list[str]) -> set[str]:
    """Names of the fields of a settings class, or of one that is nested in it."""
    found = next((c for c in _settings_classes(BaseModel) if c.__name__ == model), None)
    for name in path:
        if found is None or name not in found.model_fields:
            return set()
        annotation = found.model_fields[name].annotation
        nested = [annotation, *get_args(annotation)]
        found = next((t for t in nested if isinstance(t, type) and issubclass(t, BaseModel)), None)
    return set() if found is None else set(found.model_fields)


def _settings_classes(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for settings in base.__subclasses__():
        if settings.__module__.startswith("faceinsight."):
            yield settings
        yield from _settings_classes(settings)
