"""What every settings class refuses, and that each is one of them."""

import importlib
import re

import pytest
from pydantic import ValidationError

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
