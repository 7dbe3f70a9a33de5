"""Claim: a training step on a CPU is quicker where freed memory is kept (`common/memory.py`).

Trains a model of `base`'s kind and size on random pictures, by turns with glibc's defaults and with
what `keep_freed_memory` sets, in processor time of one thread. Prints the ratio of the medians, and
page faults a step.

    OMP_NUM_THREADS=1 python benchmarks/allocator.py
"""

import os
import resource
import statistics
import subprocess
import sys
import time

import torch

from faceinsight.common.memory import keep_freed_memory
from model_step import tiny_model

TURNS, STEPS, BATCH = 5, 40, 32


def steps() -> tuple[float, float]:
    """Milliseconds of processor time and page faults a step."""
    torch.manual_seed(0)
    model = tiny_model(82, 300).train()
    optimiser = torch.optim.AdamW(model.parameters(), fused=True)
    photographs = torch.randint(0, 256, (BATCH, 64, 64, 3), dtype=torch.uint8)
    maps = torch.randint(0, 19, (BATCH, 64, 64), dtype=torch.uint8)
    labels = torch.randint(-1, 2, (BATCH, 82))
    began, faults = 0.0, 0
    for step in range(STEPS + 5):
        if step == 5:
            began = time.process_time()
            faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        model(photographs, maps, labels=labels).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    seconds = time.process_time() - began
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
    return 1000 * seconds / STEPS, faults / STEPS


def main() -> None:
    if sys.argv[1:]:
        if sys.argv[1] == "kept" and not keep_freed_memory():
            raise SystemExit("the allocator is not glibc's, or the environment sets it")
        print(*steps())
        return
    found: dict[str, list[tuple[float, float]]] = {"default": [], "kept": []}
    for _ in range(TURNS):
        for name, values in found.items():
            command = [sys.executable, __file__, name]
            out = subprocess.run(
                command, env=os.environ, check=True, capture_output=True, text=True
            )
            milliseconds, faults = map(float, out.stdout.split())
            values.append((milliseconds, faults))
    for name, values in found.items():
        milliseconds, faults = (statistics.median(of) for of in zip(*values, strict=True))
        print(f"{name}: {milliseconds:.1f} ms and {faults:.0f} page faults a step")
    medians = [statistics.median(ms for ms, _ in values) for values in found.values()]
    print(f"ratio: {medians[1] / medians[0]:.2f}")


if __name__ == "__main__":
    main()
