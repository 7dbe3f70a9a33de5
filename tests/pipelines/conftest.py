"""One run of the whole chain at the smallest scale, shared by all tests of the pipelines."""

import os
import shutil
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
    """A copy of the project, so that nothing is written into the checkout."""

    root: Path

    @classmethod
    def copy_to(cls, root: Path) -> "Project":
        shutil.copytree(ROOT / "conf", root / "conf")
        for name in ("pyproject.toml", ".telemetry"):
            shutil.copy(ROOT / name, root / name)
        shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("*.egg-info"))
        return cls(root)

    def kedro(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A `kedro` command in a process of its own, as a person would type it."""
        return subprocess.run(
            [sys.executable, "-m", "kedro", *arguments],
            cwd=self.root,
            env=os.environ | {"DO_NOT_TRACK": "1", "KEDRO_ENV": "tiny"},
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, *arguments: str, **params: str) -> subprocess.CompletedProcess[str]:
        given = ",".join(f"{name}={value}" for name, value in params.items())
        return self.kedro("run", *arguments, *([f"--params={given}"] if given else []))

    def catalog(self):
        return self.catalog_of("lgc")

    def catalog_of(self, variant: str):
        """The catalog in which `model`, `predictions` and the like are this variant's."""
        bootstrap_project(self.root)
        given = {"variant": variant}
        with KedroSession.create(self.root, env="tiny", runtime_params=given) as session:
            return session.load_context().catalog

    def versions(self, name: str) -> list[str]:
        return self.catalog().get(name).list_versions(full_path=False)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """After one whole run."""
    project = Project.copy_to(tmp_path_factory.mktemp("project"))
    done = project.run()
    assert done.returncode == 0, done.stderr[-4000:]
    return project
