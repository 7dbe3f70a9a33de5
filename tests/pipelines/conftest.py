"""One run of the whole chain at the smallest scale, and a project in which it was run."""

from __future__ import annotations

import copy
import io
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from click.testing import CliRunner
from kedro.config import OmegaConfigLoader
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import DataCatalog

from faceinsight.pipelines import command

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"DO_NOT_TRACK": "1", "KEDRO_ENV": "tiny"}


@pytest.fixture(scope="session", autouse=True)
def _read_words_once() -> Iterator[None]:
    """What is global, vocabulary and words, is read once: Kedro takes a second for it each time."""
    read, known = OmegaConfigLoader.__getitem__, {}

    def once(loader: OmegaConfigLoader, key: str) -> dict[str, Any]:
        if key != "globals":
            return read(loader, key)
        of = (loader.conf_source, loader.env)
        known[of] = known.get(of) or read(loader, key)
        return copy.deepcopy(known[of])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OmegaConfigLoader, "__getitem__", once)
        yield


class Project:
    """A folder with the project's configuration, so that nothing is written into the checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(ROOT / "conf", root / "conf")
        (root / "src").mkdir()  # Kedro asks for it; the code is the checkout's
        for name in ("pyproject.toml", ".telemetry"):
            shutil.copy(ROOT / name, root / name)

    def kedro(self, *arguments: str) -> CompletedProcess[str]:
        """A `kedro` command in a process of its own, as a person would type it: takes long."""
        paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
        return subprocess.run(
            [sys.executable, "-m", "kedro", *arguments],
            cwd=self.root,
            env=os.environ | ENVIRONMENT | {"PYTHONPATH": paths.rstrip(os.pathsep)},
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, *arguments: str, **params: str) -> CompletedProcess[str]:
        """`kedro run` in this process."""
        given = ",".join(f"{name}={value}" for name, value in params.items())
        arguments = (*arguments, *([f"--params={given}"] if given else []))
        bootstrap_project(self.root)
        log = io.StringIO()
        handler, logger = logging.StreamHandler(log), logging.getLogger("faceinsight")
        logger.addHandler(handler)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.root)
            patch.setenv("KEDRO_ENV", "tiny")
            patch.setattr(logger, "level", logging.INFO)
            # What is no sentence of the command's is a defect, and is raised.
            done = CliRunner().invoke(command.run, arguments, catch_exceptions=False)
        logger.removeHandler(handler)
        return CompletedProcess(
            arguments, done.exit_code, done.stdout, log.getvalue() + done.stderr
        )

    def catalog(self, **params: Any) -> DataCatalog:
        """The catalog, of newest versions."""
        bootstrap_project(self.root)
        with KedroSession.create(self.root, env="tiny", runtime_params=params) as session:
            return session.load_context().catalog


class Finished(Project):
    """After one whole run, which told `told`."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        done = self.kedro("run")
        assert done.returncode == 0, done.stderr[-4000:]
        self.told = done.stderr


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return Finished(tmp_path_factory.mktemp("project"))
