"""The project's own pipelines on one data set, run by scripts that claim something of them."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import CatalogProtocol
from omegaconf import OmegaConf

from faceinsight.common.work import digest
from faceinsight.data.registry import DATA_SETS

ROOT = Path(__file__).parents[1]


def at_least(least: int) -> Callable[[str], int]:
    """Converter of an argument that is a whole number from `least` on."""

    def number(text: str) -> int:
        if (value := int(text)) < least:
            raise argparse.ArgumentTypeError(f"is {value}, and {least} is the least")
        return value

    return number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that say on what, and how often, the pipelines are run."""
    parser.add_argument("--seeds", type=at_least(1), default=3)
    parser.add_argument("--resamples", type=at_least(100), default=1000, help="of the bootstrap")
    parser.add_argument("--folder", type=Path, required=True, help="for what the runs make")
    parser.add_argument("--env", default="small")
    parser.add_argument("--dataset", default="celeba", choices=DATA_SETS, help="the only one used")
    parser.add_argument("--raw", type=Path, help="data sets of your own, for --env=small or paper")
    parser.add_argument("--detector-weights", type=Path, help="of pyfacer, a local file")
    parser.add_argument("--parser-weights", type=Path, help="of pyfacer, a local file")
    parser.add_argument("--epochs", type=float, help="of training; the environment's by default")
    parser.add_argument("--params", default="", help="further parameters, as for kedro run")


@cache
def code_version(*scripts: str) -> str:
    """The commit of the code and its configuration, for a page and for what is kept.

    Results of one commit are not taken for those of another; of changes that are not committed
    only a digest can be told. It is what the script was started with.

    Args:
        scripts: paths from the project's folder that decide results as well.
    """
    paths = ["--", "src", "conf", "experiments"]
    paths += scripts
    commit = _git("log", "-1", "--format=%h", *paths).strip()
    changes = _git("diff", "HEAD", *paths)
    return f"{commit}+{digest(changes)}" if changes else commit


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


def run_kedro(env: str, given: Iterable[str], pipeline: str | None = None) -> None:
    """`kedro run` of one pipeline, or of the default one, with parameters NAME=VALUE."""
    command = [sys.executable, "-m", "kedro", "run", f"--env={env}", f"--params={','.join(given)}"]
    if pipeline is not None:
        command.append(f"--pipelines={pipeline}")
    subprocess.run(command, cwd=ROOT, check=True)


def open_catalog(env: str, given: dict[str, Any]) -> CatalogProtocol:
    """What runs in an environment have made, with parameters by name; it loads newest versions."""
    bootstrap_project(ROOT)
    session = KedroSession.create(ROOT, env=env, runtime_params=given)
    with session:
        return session.load_context().catalog


@dataclass(frozen=True)
class Project:
    """The pipelines with one environment, one data folder and the parameters that all runs share.

    The seed of the splits stays the environment's, and with it faces, crops, maps and prior; what
    differs between seeds is training.

    Attributes:
        env: Kedro environment.
        dataset: the only data set that takes part.
        data: folder of everything that runs make.
        given: parameters but `data`, each as `--params` takes it, NAME=VALUE.
    """

    env: str
    dataset: str
    data: Path
    given: tuple[str, ...]

    @classmethod
    def from_arguments(cls, args: argparse.Namespace) -> Project:
        """What `add_arguments` asked for."""
        given = [f"datasets.{name}.use=false" for name in DATA_SETS if name != args.dataset]
        # Intervals are computed over all seeds at once, not for each run.
        given.append("evaluation.n_resamples=0")
        for name in ("raw", "detector_weights", "parser_weights"):
            if (path := getattr(args, name)) is not None:
                given.append(f"{name}={path.resolve()}")
        if args.epochs is not None:
            given.append(f"training.epochs={args.epochs:g}")
        given += [pair for pair in args.params.split(",") if pair]
        return cls(args.env, args.dataset, args.folder.resolve() / "data", tuple(given))

    def run(self, pipeline: str, *params: str) -> None:
        """`kedro run` of one pipeline, with parameters of this run (NAME=VALUE)."""
        run_kedro(self.env, (f"data={self.data}", *self.given, *params), pipeline)

    def load(self, *names: str) -> list[Any]:
        """Newest versions of artifacts; `params:NAME` gives a parameter."""
        pairs = OmegaConf.from_dotlist([f"data={self.data}", *self.given])
        # Pairs NAME=VALUE make nothing but a mapping of names.
        given = cast("dict[str, Any]", OmegaConf.to_container(pairs))
        catalog = open_catalog(self.env, given)
        return [catalog.load(name) for name in names]
