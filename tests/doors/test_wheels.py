"""Both packages as wheels in an empty environment, and no network: a photograph is analysed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from faceinsight.cli import MODEL
from tests.inference.test_packaged import ASTRONAUT
from tests.pipelines import wheel

THREE_LINES = """
from faceinsight import FaceInsight
model = FaceInsight.from_pretrained()
print(model.analyze("astronaut.png")[0])
"""


def without_network() -> list[str]:
    """What takes the network from a command, where this machine allows it."""
    wrapped = ["unshare", "--net", "--map-root-user"]
    tried = shutil.which("unshare") and subprocess.run([*wrapped, "true"], capture_output=True)
    return wrapped if tried and tried.returncode == 0 else []


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the programs lie of an environment that holds both wheels and what they need."""
    folder = tmp_path_factory.mktemp("wheels")
    built = []
    for root in (wheel.ROOT, wheel.ROOT / "weights"):
        source = folder / ("code" if root == wheel.ROOT else root.name)
        source.mkdir()
        built.append(wheel.build(source, root))
    return wheel.install(folder, *built).parent


def answer(folder: Path, *command: str | Path) -> str:
    """What a command prints that is typed in an empty home, beside a photograph."""
    shutil.copy(ASTRONAUT, folder)
    environment = {name: value for name, value in wheel.ALONE.items() if name != MODEL}
    done = subprocess.run(
        [*without_network(), *map(str, command)],
        cwd=folder,
        env=environment | {"HOME": str(folder), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_three_lines_of_python_analyse_a_photograph(programs: Path, tmp_path: Path) -> None:
    said = answer(tmp_path, programs / "python", "-c", THREE_LINES)
    assert said.startswith("Face(1, bbox=")
    assert "years old" in said


def test_the_command_analyses_a_photograph(programs: Path, tmp_path: Path) -> None:
    said = answer(tmp_path, programs / "faceinsight", "analyze", "astronaut.png", "--json")
    (photograph,) = json.loads(said)
    assert max(photograph["faces"], key=lambda face: face["confidence"])["face_from"] == "dlib"
