"""`kedro run` and `kedro ask`, with errors that a person can read.

Kedro shows a traceback for whatever a node raises. What a user's input, configuration or weights
have caused is one sentence instead; defects of ours keep their traceback.
"""

from __future__ import annotations

import copy
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import yaml
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.project import LOGGING
from kedro.utils import find_kedro_project

from faceinsight.ask import ask
from faceinsight.home import at_home
from faceinsight.sentences import sentence


@click.group(name="faceinsight", context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Commands of this project."""


STOPPED = "Stopped. The same command goes on where this one was."


def _with_readable_errors(command: Callable[..., Any], stopped: str = "") -> Callable[..., Any]:
    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        _enter_project()
        try:
            if "params" in kwargs:
                kwargs["params"] = _parameter_at_home(kwargs["params"])
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            if stopped:
                click.echo(f"\n{stopped}", err=True)
            raise
        except Exception as error:
            told = sentence(error)
            if told is None:
                raise
            raise click.ClickException(told) from None

    return wrapped


def _enter_project() -> None:
    """Paths in parameters mean what they mean in the catalog, wherever in the project one is."""
    project = find_kedro_project(Path.cwd())
    if project is None or project == Path.cwd():
        return
    os.chdir(project)
    # Kedro looked for this file where the command was typed.
    LOGGING.configure(yaml.safe_load((project / "conf" / "logging.yml").read_text("utf-8")))


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
cli.add_command(run)

assert ask.callback is not None
ask.callback = _with_readable_errors(ask.callback)
cli.add_command(ask)
