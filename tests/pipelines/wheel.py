"""The package as others install it: a wheel, in an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ALONE = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
"""The environment without what would lead Python back to the checkout."""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=ALONE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def build(source: Path) -> Path:
    """Build the wheel in `source`, from a copy: building leaves files beside the source."""
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


def install(wheel: Path, folder: Path) -> Path:
    """Install the wheel into a new environment below `folder`; returns its Python."""
    python = folder / "venv/bin/python"
    run(uv(), "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    pinned = ROOT / "requirements.txt"
    run(uv(), "pip", "install", "-q", "--python", python, "-c", pinned, wheel, cwd=folder)
    return python
