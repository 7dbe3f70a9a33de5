"""Timing, and results that outlive whatever happens after them."""

from __future__ import annotations

import gc
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

PACKAGES = ("torch", "transformers", "torch-geometric", "triton")


class Results:
    """Measurements by name in a JSON file that is written after each of them.

    A measurement that fails or runs out of memory is recorded as such, and the next goes on. What
    the file holds from an earlier start stays, unless it is measured again.

    Args:
        path: the file.
        seconds: no measurement begins later than this after the start.
    """

    def __init__(self, path: Path, seconds: float) -> None:
        self.path = path
        self._end = time.monotonic() + seconds
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        self.facts: dict[str, Any] = known.get("facts", {})
        self.measurements: dict[str, Any] = known.get("measurements", {})

    def measure(self, name: str, measurement: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Take a measurement, write it, and give it back; it has `status` in any case."""
        started = time.monotonic()
        if started > self._end:
            result: dict[str, Any] = {"status": "no time left"}
        else:
            try:
                result = {"status": "ok"} | measurement()
            except torch.cuda.OutOfMemoryError:
                result = {"status": "out of memory"}
            except Exception as error:
                line = (str(error).strip().splitlines() or [""])[0]
                result = {"status": "failed", "reason": f"{type(error).__name__}: {line[:300]}"}
        # Here the error is gone, and with it the crops that held the tensors.
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        result["took_seconds"] = round(time.monotonic() - started, 1)
        if result["status"] != "no time left" or name not in self.measurements:
            self.measurements[name] = result
        self.write()
        print(f"{name}: {json.dumps(result)}", flush=True)
        return result

    def write(self) -> None:
        """Write the file; whole or not at all."""
        beside = self.path.with_suffix(".part")
        content = {"facts": self.facts, "measurements": self.measurements}
        beside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        beside.replace(self.path)


def facts(device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """The machine in words, and versions."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    machine: dict[str, Any] = {"device": processor(), "python": platform.python_version()}
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        machine["device"] = properties.name
        machine["memory_gib"] = round(properties.total_memory / 2**30, 1)
        machine["cuda"] = torch.version.cuda
    else:
        machine["threads"] = torch.get_num_threads()
        machine["cores"] = os.cpu_count()
        machine["load_average"] = round(os.getloadavg()[0], 1)
    return machine | {"dtype": str(dtype).removeprefix("torch."), "packages": found}


def processor() -> str:
    """The processor's model as the system reports it."""
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.lower().startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def seconds_of(
    step: Callable[[], Any],
    device: torch.device,
    *,
    least: float = 1.0,
    blocks: int = 3,
    warm: int = 2,
) -> dict[str, Any]:
    """Time a step: median over blocks of steps, without waiting for the device inside a block.

    On a CPU, seconds are processor seconds: other work on the same machine changes them little,
    and with one thread they are what the clock would say on an idle machine.

    Args:
        step: what is timed.
        device: where it runs.
        least: seconds a block lasts at least, by the last warm-up's time.
        blocks: how many.
        warm: steps before the first block, in which compiling falls; 0 makes blocks of one step.
    """
    once = 0.0
    for _ in range(warm):
        once = _timed(step, device, 1)
    steps = max(1, round(least / once)) if once else 1
    times = sorted(_timed(step, device, steps) / steps for _ in range(blocks))
    return {
        "seconds": statistics.median(times),
        "fastest": times[0],
        "slowest": times[-1],
        "steps": steps * blocks,
    }


def _timed(step: Callable[[], Any], device: torch.device, steps: int) -> float:
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    wait(device)
    started = clock()
    for _ in range(steps):
        step()
    wait(device)
    return clock() - started


def wait(device: torch.device) -> None:
    """Until the device has done everything."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak_memory(device: torch.device) -> float | None:
    """Most GiB of the GPU's memory that were taken since `forget_peak`; None on a CPU."""
    return torch.cuda.max_memory_allocated(device) / 2**30 if device.type == "cuda" else None


def forget_peak(device: torch.device) -> None:
    """Start counting peak memory anew."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def matrix_rate(
    shapes: list[tuple[int, int, int]], device: torch.device, dtype: torch.dtype
) -> dict[str, Any]:
    """Operations a second in products [m, k] x [k, n] of random numbers; the best shape counts."""
    rates = {}
    for m, k, n in shapes:
        left = torch.randn(m, k, device=device, dtype=dtype)
        right = torch.randn(k, n, device=device, dtype=dtype)
        out = torch.empty(m, n, device=device, dtype=dtype)

        def product(a: Any = left, b: Any = right, c: Any = out) -> None:
            torch.mm(a, b, out=c)

        seconds = seconds_of(product, device, least=0.3, warm=3)["seconds"]
        rates[f"{m} x {k} x {n}"] = 2 * m * k * n / seconds
    return {"flops": max(rates.values()), "shapes": rates}
