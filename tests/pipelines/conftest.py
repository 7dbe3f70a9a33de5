"""One run of the whole chain at the smallest scale, shared by all tests of the pipelines."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

ROOT = Path(__file__).parents[2]


@dataclass
class Project:
    """The project with a data folder of its own."""

    data: Path

    @property
    def params(self) -> dict[str, str]:
        return {"data": str(self.data), "raw": str(self.data / "raw")}

    def run(self, *arguments: str, **params: str) -> subprocess.CompletedProcess[str]:
        """`kedro run --env=tiny` in a process of its own, as a person would."""
        given = ",".join(f"{name}={value}" for name, value in {**self.params, **params}.items())
        command = [sys.executable, "-m", "kedro", "run", "--env=tiny", f"--params={given}"]
        return subprocess.run(
            [*command, *arguments],
            cwd=ROOT,
            env=os.environ | {"DO_NOT_TRACK": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    def catalog(self):
        bootstrap_project(ROOT)
        with KedroSession.create(ROOT, env="tiny", runtime_params=self.params) as session:
            return session.load_context().catalog

    def versions(self, name: str) -> list[str]:
        return self.catalog().get(name).list_versions(full_path=False)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """After one whole run."""
    project = Project(tmp_path_factory.mktemp("data"))
    done = project.run()
    assert done.returncode == 0, done.stderr[-4000:]
    return project
