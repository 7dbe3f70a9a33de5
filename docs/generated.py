"""Tables that are made from the code when the site is built, so that they cannot be outdated."""

from __future__ import annotations

import inspect
import re
import types
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click
import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

CONF = Path(__file__).parents[1] / "conf"
ENVIRONMENTS = ("base", "small", "paper")

_PLACE = re.compile(r"<!-- (parameters|command): (.*?) -->")
_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n {5,}.*)*)", re.MULTILINE)
_LIMITS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def filled(markdown: str) -> str:
    """A page with its tables.

    Raises:
        LookupError: a table is asked for of what is not there, or a field has no description.
    """
    return _PLACE.sub(lambda place: _MADE[place[1]](*place[2].split()), markdown)


def parameters(prefix: str, path: str) -> str:
    """A table of the fields of a settings class, those of nested classes after their own.

    Args:
        prefix: name of the block in `conf/*/parameters*.yml`; `-` is none.
        path: of the class, from the root of the package.
    """
    module, _, name = path.rpartition(".")
    settings = getattr(import_module(module), name)
    given = {} if prefix == "-" else {env: _configured(env, prefix) for env in ENVIRONMENTS}
    head = "| parameter | default | |\n|---|---|---|\n"
    return head + "\n".join(_rows(settings, [], given))


def command(name: str) -> str:
    """Arguments and options of a command of `faceinsight`, as its `--help` has them."""
    from faceinsight.cli import cli

    found = cli.commands.get(name)
    if found is None:
        raise LookupError(f"faceinsight has no command {name}")
    context = click.Context(found, info_name=f"faceinsight {name}")
    usage = found.get_usage(context).removeprefix("Usage: ")
    about = inspect.cleandoc(found.help or "")
    rows = [option.get_help_record(context) for option in found.get_params(context)]
    listed = [f"| {_as_code(row[0])} | {_cell(row[1])} |" for row in rows if row and row[1]]
    table = "\n".join(["| option | |", "|---|---|", *listed])
    return f"```text\n{usage}\n```\n\n{about}\n\n{table}"


_MADE = {"parameters": parameters, "command": command}


def _rows(settings: type[BaseModel], names: list[str], given: dict[str, Any]) -> list[str]:
    told = _told(settings)
    rows = []
    for name, field in settings.model_fields.items():
        if name not in told:
            raise LookupError(f"{settings.__name__} does not describe {name}")
        nested = _nested(field.annotation)
        inner = {env: of.get(name) for env, of in given.items() if isinstance(of, dict)}
        facts = [] if nested else [_values(field.annotation, field.metadata), _set_to(inner)]
        facts_line = "; ".join(filter(None, facts))
        about = _cell(told[name]) + (f"<br><small>{facts_line}</small>" if facts_line else "")
        default = "" if nested else _default(field)
        rows.append(f"| `{'.'.join([*names, name])}` | {default} | {about} |")
        if nested:
            rows += _rows(nested, [*names, name], inner)
    return rows


def _told(settings: type[BaseModel]) -> dict[str, str]:
    """What docstrings say of each field, those of base classes too."""
    found: dict[str, str] = {}
    for of in reversed(settings.__mro__):
        text = inspect.cleandoc(vars(of).get("__doc__") or "").partition("Attributes:\n")[2]
        found |= {match[1]: " ".join(match[2].split()) for match in _ATTRIBUTE.finditer(text)}
    return found


def _nested(annotation: Any) -> type[BaseModel] | None:
    options = [annotation, *get_args(annotation)] if _is_union(annotation) else [annotation]
    classes = [o for o in options if isinstance(o, type) and not get_args(o)]
    return next((of for of in classes if issubclass(of, BaseModel)), None)


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)


def _values(annotation: Any, metadata: list[Any]) -> str:
    limits = [
        f"{sign} {limit}"
        for of in metadata
        for name, sign in _LIMITS.items()
        if (limit := getattr(of, name, None)) is not None
    ]
    return _cell(" ".join([_type(annotation), ", ".join(limits)]).strip())


def _type(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation is type(None) or annotation is None:
        return "null"
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inner)
    if _is_union(annotation):
        return " or ".join(_type(option) for option in inner)
    if origin is Annotated:
        return _values(inner[0], [m for of in inner[1:] for m in getattr(of, "metadata", [of])])
    if origin is dict:
        return "names to " + _type(inner[1])
    if origin in (list, tuple):
        kinds = dict.fromkeys(_type(option) for option in inner if option is not Ellipsis)
        return "list of " + " or ".join(kinds)
    words = {"str": "text", "int": "integer", "float": "number", "bool": "true or false"}
    name = getattr(annotation, "__name__", str(annotation))
    return words.get(name, "anything" if name in ("Any", "JsonValue") else name.lower())


def _default(field: Any) -> str:
    if field.default is PydanticUndefined:
        return "" if field.default_factory is None else _code(field.default_factory())
    return _code(field.default)


def _set_to(given: dict[str, Any]) -> str:
    shown = {env: _code(value) for env, value in given.items() if value is not None}
    return ", ".join(f"{value} in {env}" for env, value in shown.items() if len(value) < 60)


def _code(value: Any) -> str:
    if isinstance(value, BaseModel):
        return ""
    text = yaml.safe_dump(_plain(value), default_flow_style=True, allow_unicode=True, width=10**6)
    text = text.removesuffix("...\n").strip()
    return _as_code(text)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(of) for key, of in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(of) for of in value]
    known = isinstance(value, str | int | float | bool | type(None))
    return value if known else str(value)


def _as_code(text: str) -> str:
    return f"`{' '.join(text.split())}`"  # in which a bar divides no cells


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _configured(env: str, prefix: str) -> Any:
    """A block of an environment's parameters, as it is written there."""
    for path in sorted((CONF / env).glob("parameters*.yml")):
        read = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        if prefix in read:
            return read[prefix]
    return None
