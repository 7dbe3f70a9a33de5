"""Kedro's errors, and those of its configuration, as sentences that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel

from faceinsight.common import messages
from faceinsight.common.messages import no_such, with_full_stop
from faceinsight.errors import ParameterError

_FAULT = re.compile(
    r"^(?:(?P<where>\S+)\n)?  (?P<what>\S.+?) \[type=(?P<type>\w+), input_value=(?P<given>.*), "
    r"input_type=\w+\]$",
    re.MULTILINE,
)
"""One fault in pydantic's own text, which is all that Kedro's error keeps of it."""

_PARAMETER = re.compile(
    r"Parameter '(?P<name>[^']+)': (?:Failed to instantiate (?P<model>\w+)|(?P<none>value is None)"
    r"|Expected dict for dataclass \w+, got (?P<other>\w+))"
)

_NO_VERSION = re.compile(r"form of 'load_versions'.*found (?P<given>.*) instead")
_NO_ENTRY = re.compile(r"'load_versions' keys \[(?P<name>[^],]+)")


def sentence(error: BaseException) -> str | None:
    """What to tell a person about an error, or None where the traceback is needed.

    See `faceinsight.common.messages.sentence`.
    """
    return messages.sentence(error, _told)


def _told(cause: BaseException) -> str | None:
    from kedro.config import MissingConfigException
    from kedro.framework.cli.utils import KedroCliError
    from kedro.io.core import DatasetError, VersionNotFoundError
    from kedro.validation.exceptions import DataValidationError, ParameterValidationError
    from omegaconf.errors import OmegaConfBaseException

    if isinstance(cause, DataValidationError):
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
    if isinstance(cause, DatasetError) and (entry := _NO_ENTRY.search(str(cause))):
        return f"--load-versions: {_no_entry(entry['name'])}"
    if isinstance(cause, DatasetError) and cause.__cause__ is None:
        return str(cause)
    if isinstance(cause, OmegaConfBaseException):
        key = getattr(cause, "full_key", None)
        said = str(cause.msg or cause).splitlines()[0]
        if said.startswith("Cannot merge DictConfig with ListConfig"):
            said = "a list stands where values by name are meant"
        return f"Configuration{f', key {key!r}' if key else ''}: {said}"
    return _bad_yaml() if isinstance(cause, yaml.MarkedYAMLError) else None


def _bad_yaml() -> str | None:
    """The first file of the configuration that is no YAML, and where it goes wrong.

    The error itself names no file: Kedro reads bytes.
    """
    for path in sorted(Path("conf").rglob("*.yml")):
        try:
            yaml.safe_load(path.read_bytes())
        except yaml.MarkedYAMLError as error:
            mark, problem = error.problem_mark, error.problem or "it is no YAML"
            at = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            return f"{path}{at}: {problem}; mend it as YAML, with spaces and no tabs"
    return None


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
            "the catalog and the name of one of its folders, e.g. "
            "lgc.model:2026-01-31T12.00.00.000Z"
        )
    return " ".join(text.split())


def _no_entry(name: str) -> str:
    from kedro.framework.project import pipelines

    used = {entry for pipeline in pipelines.values() for entry in pipeline.datasets()}
    known = {entry for entry in used if entry.partition(":")[0] not in ("params", "parameters")}
    return no_such("artifact", name, known, "`kedro catalog describe-datasets` names them all")


def _faulty_parameters(text: str) -> str:
    """Kedro's report of parameters that do not fit, a line for each fault."""
    found = list(_PARAMETER.finditer(text))
    lines = []
    ends = [*(match.start() for match in found[1:]), len(text)]
    for here, end in zip(found, ends, strict=False):
        part = text[here.start() : end]
        if here["none"]:
            lines.append(f"{here['name']}: null stands where a value is needed; leave it out")
        elif here["other"]:
            lines.append(f"{here['name']}: expected several values by name, found {here['other']}")
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
    lines = [with_full_stop(line) for line in lines]
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
