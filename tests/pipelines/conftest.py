"""One run of the whole chain at the smallest scale, shared by all tests of the pipelines."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import DataCatalog

from tests.forking import kedro

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"DO_NOT_TRACK": "1", "KEDRO_ENV": "tiny"}


@dataclass
class Project:
    """A copy of the project, so that nothing is written into the checkout."""

    root: Path
    catalogs: dict[str, DataCatalog] = field(default_factory=dict)  # since the last run

    @classmethod
    def copy_to(cls, root: Path) -> "Project":
        shutil.copytree(ROOT / "conf", root / "conf")
        for name in ("pyproject.toml", ".telemetry"):
            shutil.copy(ROOT / name, root / name)
        shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("*.egg-info"))
        return cls(root)

    def kedro(self, *arguments: str) -> CompletedProcess[str]:
        """A `kedro` command in a process of its own, as a person would type it."""
        self.catalogs.clear()
        return kedro(*arguments, cwd=self.root, env=ENVIRONMENT)

    def fresh(self, *arguments: str) -> CompletedProcess[str]:
        """The same in a new interpreter, which imports everything itself: seconds slower."""
        self.catalogs.clear()
        return subprocess.run(
            [sys.executable, "-m", "kedro", *arguments],
            cwd=self.root,
            env=os.environ | ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, *arguments: str, **params: str) -> CompletedProcess[str]:
        given = ",".join(f"{name}={value}" for name, value in params.items())
        return self.kedro("run", *arguments, *([f"--params={given}"] if given else []))

    def catalog(self):
        return self.catalog_of("lgc")

    def catalog_of(self, variant: str):
        """The catalog in which `model`, `predictions` and the like are this variant's."""
        if variant not in self.catalogs:
            bootstrap_project(self.root)
            given = {"variant": variant}
            with KedroSession.create(self.root, env="tiny", runtime_params=given) as session:
                self.catalogs[variant] = session.load_context().catalog
        return self.catalogs[variant]

    def versions(self, name: str) -> list[str]:
        return self.catalog().get(name).list_versions(full_path=False)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """After one whole run."""
    project = Project.copy_to(tmp_path_factory.mktemp("project"))
    # In one process, which has imported everything; side by side is tested by two models.
    done = project.run("--runner=SequentialRunner")
    assert done.returncode == 0, done.stderr[-4000:]
    return project
