"""The package as others install it: a wheel in an empty environment, with a model beside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from faceinsight.data.drawn.layouts import write_celeba
from faceinsight.data.drawn.settings import DrawnSettings
from faceinsight.method.variants import ORG
from tests.inference.conftest import save_model

ROOT = Path(__file__).parents[1]
ALONE = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
"""The environment without what would lead Python back to the checkout."""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=ALONE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from a copy: building leaves files beside the source."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    ignored = shutil.ignore_patterns("*.egg-info", "__pycache__")
    shutil.copytree(ROOT / "src", source / "src", ignore=ignored)
    run(uv(), "build", "--wheel", "--quiet", "--out-dir", source / "dist", cwd=source)
    (built,) = (source / "dist").glob("*.whl")
    return built


def uv() -> Path:
    """The installer beside this Python, or elsewhere."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.is_file() else shutil.which("uv")
    assert found, "uv is not installed: `make setup` brings it"
    return Path(found)


def test_the_wheel_holds_what_the_source_does(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    source = ROOT / "src"
    for path in (source / "faceinsight").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(source).as_posix() in held


def test_a_wheel_alone_analyzes_a_photograph(wheel, tmp_path):
    python = tmp_path / "venv/bin/python"
    run(uv(), "venv", "--quiet", "--python", sys.executable, tmp_path / "venv", cwd=tmp_path)
    pinned = ROOT / "requirements.txt"
    run(uv(), "pip", "install", "-q", "--python", python, "-c", pinned, wheel, cwd=tmp_path)
    save_model(tmp_path / "model", variant=ORG)
    write_celeba(tmp_path / "drawn", DrawnSettings(faces=10, size=48))
    shutil.copy(tmp_path / "drawn/img_align_celeba/000001.jpg", tmp_path / "face.jpg")

    absent = "import importlib.util as u; print([n for n in ('kedro', 'openai') if u.find_spec(n)])"
    assert run(python, "-c", absent, cwd=tmp_path).strip() == "[]"
    command = (python.with_name("faceinsight"), "analyze", "face.jpg", "--model=model")
    told = json.loads(run(*command, "--faces=whole", "--json", cwd=tmp_path))
    (face,) = told[0]["faces"]
    assert told[0]["photograph"] == "face.jpg"
    assert 0 <= face["probabilities"]["Smiling"] <= 1
