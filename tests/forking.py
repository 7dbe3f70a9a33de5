"""Processes that need not import PyTorch first: forks of a server that has done so, and no more.

A fresh interpreter takes seconds to import what every test needs. A fork of a server that has
imported other people's packages, nothing of this project, and done nothing else is as good.
"""

import gc
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerContext
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, NoReturn

PACKAGES = (
    "kedro.framework.cli",
    "kedro.framework.session",
    "kedro.runner",
    "kedro_datasets.pandas",
    "kedro_datasets.plotly",
    "pandas",
    "pandera.pandas",
    "peft",
    "plotly.graph_objects",
    "sklearn.metrics",
    "torch.utils.tensorboard",
    "torch_geometric.nn",
    "transformers.generation.utils",
    "transformers.integrations",
    "transformers.loss.loss_utils",
    "transformers.modeling_utils",
    "transformers.trainer",
)
_LONGEST = 600
"""Seconds after which a process hangs, and does not merely take its time."""


def fork_context() -> ForkServerContext:
    """Starts processes with `PACKAGES` imported. One server serves all tests of a process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PACKAGES))
    return context


def run(function: Callable[..., None], *arguments: Any) -> None:
    """Call a function of a module in a process that knows nothing of this one."""
    code = _exit_code(function, arguments)
    assert code == 0, f"{function.__name__} ended with {code}"


def _exit_code(function: Callable[..., None], arguments: tuple[Any, ...]) -> int | None:
    process = fork_context().Process(target=function, args=arguments)
    process.start()
    process.join(_LONGEST)
    if process.is_alive():
        process.kill()
        process.join()
        raise TimeoutError(f"{function.__name__} was not done after {_LONGEST} s")
    return process.exitcode


def kedro(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None
) -> CompletedProcess[str]:
    """A `kedro` command, as a person would type it in the folder `cwd`.

    But for logging, which Kedro configures when it is imported: once, where the tests were started.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        environment = os.environ | (env or {})
        order = (arguments, str(cwd), environment, str(out), str(err))
        code = _exit_code(_run, order)
        texts = (out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))
    return CompletedProcess(["kedro", *arguments], code, *texts)


def _run(
    arguments: tuple[str, ...], cwd: str, environment: dict[str, str], out: str, err: str
) -> NoReturn:
    gc.freeze()  # what the server has imported stays
    for descriptor, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), descriptor)
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.path.insert(0, cwd)
    sys.argv = ["kedro", *arguments]

    from kedro.framework.cli.cli import main

    main()
    sys.exit(0)
