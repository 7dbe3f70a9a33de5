"""What every settings class refuses, and that each is one of them."""

import importlib
import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from faceinsight.common.paths import TEXTS
from faceinsight.common.settings import Seed, Settings


class Given(Settings):
    seed: Seed = 0
    share: float = 0.5
    most: int | None = None
    is_used: bool = False
    either: bool | int = 0


@pytest.mark.parametrize(
    "given",
    [
        {"seed": True},
        {"share": False},
        {"most": True},
        {"share": "inf"},
        {"share": float("nan")},
        {"seed": -1},
        {"seed": 2**32},
        {"sahre": 1},
    ],
)
def test_what_is_no_number_or_no_name_is_refused(given):
    with pytest.raises(ValidationError):
        Given.model_validate(given)


def test_what_is_meant_is_taken():
    given = {"seed": 2**32 - 1, "share": "0.2", "most": None, "is_used": 1, "either": True}
    assert Given.model_validate(given).model_dump() == given | {"share": 0.2, "is_used": True}


def test_every_documented_parameter_is_one_of_these(project_root):
    text = (project_root / "docs/parameters.md").read_text(encoding="utf-8")
    named = re.findall(r"<!-- parameters: \S+ (\S+)\.(\w+) -->", text)
    assert len(named) > 15
    for module, name in named:
        assert issubclass(getattr(importlib.import_module(module), name), Settings), name


def texts(settings):
    """Names of fields that hold a text or a path, nested ones too."""
    for name, field in settings.model_fields.items():
        kinds = {field.annotation, *get_args(field.annotation)}
        if {str, Path} & kinds and kinds <= {str, Path, type(None)}:
            yield name
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, Settings):
                yield from texts(kind)


def test_every_text_stays_as_it_was_typed(project_root):
    text = (project_root / "docs/parameters.md").read_text(encoding="utf-8")
    named = re.findall(r"<!-- parameters: \S+ (\S+)\.(\w+) -->", text)
    found = {t for m, name in named for t in texts(getattr(importlib.import_module(m), name))}
    assert len(found) > 20
    assert found - TEXTS == {"each", "list"}  # `max_tokens` has numbers of these names
