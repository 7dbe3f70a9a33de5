"""The package as others install it: a wheel, in an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
ALONE = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
"""The environment without what would lead Python back to the checkout."""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=ALONE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def build(source: Path, root: Path = ROOT) -> Path:
    """Build the wheel in `source`, from a copy: building leaves files beside the source."""
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, source)
    ignored = shutil.ignore_patterns("*.egg-info", "__pycache__")
    shutil.copytree(root / "src", source / "src", ignore=ignored)
    run(uv(), "build", "--wheel", "--quiet", "--out-dir", source / "dist", cwd=source)
    (built,) = (source / "dist").glob("*.whl")
    return built


def uv() -> Path:
    """The installer beside this Python, or elsewhere."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.is_file() else shutil.which("uv")
    assert found, "uv is not installed: `make setup` brings it"
    return Path(found)


def install(folder: Path, *wheels: Path, without: str = "") -> Path:
    """Install wheels into a new environment below `folder`; returns its Python.

    What faceinsight requires, and nothing else, is linked from this environment, where it is
    compiled; but for the package that is to be left out.
    """
    python = folder / "venv/bin/python"
    run(uv(), "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    run(uv(), "pip", "install", "-q", "--python", python, "--no-deps", *wheels, cwd=folder)
    (info,) = (folder / "venv/lib").glob("python*/site-packages/faceinsight-*.dist-info")
    for name in _required(metadata.Distribution.at(info)) - {without}:
        of = metadata.distribution(name)
        for top in {file.parts[0] for file in of.files or ()} - {"..", "__pycache__"}:
            link = info.parent / top
            if not link.exists():
                link.symlink_to(str(of.locate_file(top)))
    return python


def _required(package: metadata.Distribution) -> set[str]:
    """Names of all distributions that a package brings, without its extras."""
    seen: set[tuple[str, str]] = set()
    ahead = [(package, "")]
    while ahead:
        of, extra = ahead.pop()
        for text in of.requires or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                new = {(needed.name, of_it) for of_it in ("", *needed.extras)} - seen
                seen |= new
                ahead += [(metadata.distribution(name), of_it) for name, of_it in new]
    return {name for name, _ in seen}
