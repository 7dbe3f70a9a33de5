"""Whole commands timed by turns: a machine whose speed drifts then favours none of them."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ENVIRONMENT = os.environ | {"DO_NOT_TRACK": "1"}


def run(command: Sequence[str], folder: Path, status: int = 0) -> None:
    """Run a command in a folder; it must end with the status."""
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=False, capture_output=True)
    if done.returncode != status:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr!r}")


def medians(
    commands: Mapping[str, tuple[Sequence[str], Path]],
    turns: int,
    statuses: Mapping[str, int] | None = None,
) -> dict[str, float]:
    """Median seconds of each command, which are printed with their range.

    Args:
        commands: name to a command and the folder that it is typed in.
        turns: how often each is timed, after a turn that only warms the disk's cache.
        statuses: those that end with another status than 0.
    """
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(turns + 1):
        for name, (command, folder) in commands.items():
            started = time.perf_counter()
            run(command, folder, (statuses or {}).get(name, 0))
            if turn:
                seconds[name].append(time.perf_counter() - started)
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name}: median {median:.2f} s ({min(values):.2f} to {max(values):.2f})")
    return {name: statistics.median(values) for name, values in seconds.items()}
