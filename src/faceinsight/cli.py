"""`kedro run`, with errors that a person can read.

Kedro shows a traceback for whatever a node raises. What a user's input, configuration or weights
have caused is one sentence instead; defects of ours keep their traceback.
"""

from __future__ import annotations

import copy
import functools
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.utils import find_kedro_project

from faceinsight.errors import FaceInsightError


@click.group(name="faceinsight", context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Commands of this project."""


def _with_readable_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        # Paths in parameters mean what they mean in the catalog, wherever in the project one is.
        os.chdir(find_kedro_project(Path.cwd()) or Path.cwd())
        try:
            return command(*args, **kwargs)
        except Exception as error:
            sentence = _sentence(error)
            if sentence is None:
                raise
            raise click.ClickException(sentence) from None

    return wrapped


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _sentence(error: BaseException) -> str | None:
    """The sentence for a person, or None where the traceback is needed."""
    from kedro.io.core import DatasetError, VersionNotFoundError
    from kedro.validation.exceptions import DataValidationError, ParameterValidationError
    from omegaconf.errors import OmegaConfBaseException

    for cause in _causes(error):
        if isinstance(cause, FaceInsightError | ParameterValidationError | DataValidationError):
            return str(cause)
        if isinstance(cause, VersionNotFoundError):
            path = re.search(r"filepath=[^']*'?([^',)]+)", str(cause))
            name = path[1] if path else cause
            return f"There is no version of {name} yet; run the pipeline that makes it first."
        if isinstance(cause, DatasetError) and cause.__cause__ is None:
            return str(cause)
        if isinstance(cause, OmegaConfBaseException):
            key = getattr(cause, "full_key", None)
            return f"Configuration{f', key {key!r}' if key else ''}: {cause.msg or cause}"
    return None


run = copy.copy(kedro_run)
assert kedro_run.callback is not None
run.callback = _with_readable_errors(kedro_run.callback)
cli.add_command(run)
