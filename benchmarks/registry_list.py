"""Claim: `kedro registry list` takes at most 1.5 times what it takes in an empty Kedro project.

Makes an empty project, then times the command there and here by turns, and prints the ratio of the
medians.

    python benchmarks/registry_list.py
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
KEDRO = [sys.executable, "-m", "kedro"]
ENVIRONMENT = os.environ | {"DO_NOT_TRACK": "1"}


def main(turns: int = 7) -> None:
    with tempfile.TemporaryDirectory() as folder:
        new = ["new", "--name=empty", "--tools=none", "--example=n", "--telemetry=no"]
        run([*KEDRO, *new], Path(folder))
        projects = {"empty project": Path(folder) / "empty", "faceinsight": ROOT}
        seconds: dict[str, list[float]] = {name: [] for name in projects}
        for turn in range(turns + 1):
            for name, project in projects.items():
                started = time.perf_counter()
                run([*KEDRO, "registry", "list"], project)
                if turn:  # the first turn only warms the disk's cache
                    seconds[name].append(time.perf_counter() - started)
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name}: median {median:.2f} s ({min(values):.2f} to {max(values):.2f})")
    empty, ours = (statistics.median(values) for values in seconds.values())
    print(f"ratio: {ours / empty:.2f}")


def run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=True, capture_output=True)


if __name__ == "__main__":
    main()
