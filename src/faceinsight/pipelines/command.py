"""`kedro run`, with errors that a person can read.

Kedro shows a traceback for whatever a node raises. What a user's input, configuration or weights
have caused is one sentence instead; defects of ours keep their traceback.
"""

from __future__ import annotations

import copy
import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import yaml
from kedro.framework import project
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import split_string
from kedro.framework.project import LOGGING, configure_project
from kedro.utils import find_kedro_project

from faceinsight.common.messages import with_full_stop
from faceinsight.common.paths import TEXTS, at_home
from faceinsight.pipelines.messages import sentence
from faceinsight.pipelines.naming import completed, misnamed, nothing_left

STOPPED = "Stopped. The same command goes on where this one was."


def _with_readable_errors(command: Callable[..., Any], stopped: str = "") -> Callable[..., Any]:
    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        moved = _enter_project()
        kwargs |= {"params": _parameter_at_home(kwargs["params"])} if "params" in kwargs else {}
        try:
            with _errors_as_sentences(kwargs.get("params") if moved else None, kwargs):
                try:
                    return command(*args, **kwargs)
                except ValueError as error:
                    # Which nodes there are is known only after Kedro has read the configuration.
                    whole = completed(kwargs | _pipelines_of(kwargs), project.pipelines)
                    again = {name: whole[name] for name in kwargs}
                    if not _chooses_nothing(error) or again == kwargs:
                        raise
                    return command(*args, **again)
        except KeyboardInterrupt:
            if stopped:
                click.echo(f"\n{stopped}", err=True)
            raise

    return wrapped


@contextmanager
def _errors_as_sentences(
    seen_from_project: Any = None, options: dict[str, Any] | None = None
) -> Iterator[None]:
    """Turn errors into sentences; those of relative paths in the parameters given say whose."""
    try:
        yield
    except Exception as error:
        told = sentence(error) or _misnamed(error, options or {})
        if told is None:
            raise
        if any(str(Path(text).absolute()) in told for text in _relative(seen_from_project)):
            told = (
                f"{told.removesuffix('.')} (relative paths in --params begin at the project's "
                f"folder, {Path.cwd()}, wherever the command is typed)."
            )
        raise click.ClickException(told) from None


def _misnamed(error: Exception, options: dict[str, Any]) -> str | None:
    """Kedro's error where options choose what is not in the pipelines, as a sentence."""
    if not _chooses_nothing(error):
        return None
    told = misnamed(options | _pipelines_of(options), project.pipelines)
    return with_full_stop(told or nothing_left(options))


def _chooses_nothing(error: Exception) -> bool:
    """Kedro's way to say that options choose what is not in the pipelines."""
    return isinstance(error, ValueError) and str(error).startswith("Pipeline ")


def _pipelines_of(options: dict[str, Any]) -> dict[str, list[str]]:
    chosen = options.get("pipelines") or [options.get("pipeline") or "__default__"]
    return {"pipeline_names": list(chosen)}


def _relative(value: Any) -> Iterator[str]:
    """Texts in parameters that are relative paths, if they are paths."""
    if isinstance(value, dict | list):
        for of in value.values() if isinstance(value, dict) else value:
            yield from _relative(of)
    elif isinstance(value, str) and value and not Path(value).is_absolute():
        yield value


def _enter_project() -> bool:
    """Paths in parameters mean what they mean in the catalog, wherever in the project one is.

    Returns:
        Whether the command was typed in another folder than the project's.
    """
    project = find_kedro_project(Path.cwd())
    if project is None or project == Path.cwd():
        return False
    os.chdir(project)
    # Kedro looked for this file where the command was typed.
    LOGGING.configure(yaml.safe_load((project / "conf" / "logging.yml").read_text("utf-8")))
    return True


def _read_option(callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def wrapped(*args: Any) -> Any:
        with _errors_as_sentences():
            return callback(*args)

    return wrapped


def _read_params(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Keep paths and names among the parameters as they were typed: `photos=2024_01`, `raw=on`."""

    @functools.wraps(callback)
    def wrapped(ctx: click.Context, param: Any, value: Any) -> Any:
        read = callback(ctx, param, value)
        for item in split_string(ctx, param, value) if isinstance(value, str) else ():
            path, _, text = item.partition("=")
            *folders, name = path.strip().split(".")
            of = functools.reduce(lambda at, key: at.get(key, {}), folders, read)
            if name in TEXTS and isinstance(of.get(name), int | float):
                of[name] = text.strip()
        return read

    return _read_option(wrapped)


def _parameter_at_home(value: Any) -> Any:
    """A parameter with `~` as the shell expands it, which it does not after a comma."""
    if isinstance(value, dict):
        return {name: _parameter_at_home(of) for name, of in value.items()}
    if isinstance(value, list):
        return [_parameter_at_home(of) for of in value]
    return at_home(value) if isinstance(value, str) else value


run = copy.copy(kedro_run)
assert kedro_run.callback is not None
run.callback = _with_readable_errors(kedro_run.callback, STOPPED)
# Kedro reads some options before the command begins, and prints its errors of them itself.
run.params = [copy.copy(option) for option in kedro_run.params]
for option in run.params:
    if option.callback is not None:
        reader = _read_params if option.name == "params" else _read_option
        option.callback = reader(option.callback)
    if option.name == "runner":
        option.default = "faceinsight.pipelines.runner.SideBySide"


def configure() -> None:
    """Make Kedro know this package, where its own command line has not done so."""
    if project.PACKAGE_NAME is None:
        configure_project("faceinsight")
