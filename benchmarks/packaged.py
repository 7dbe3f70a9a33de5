"""How long the package's model takes: to the first answer, for a folder of crops, of photographs.

    python benchmarks/packaged.py --crops FOLDER --photographs FOLDER [--detector-weights FILE] \\
        --out benchmarks/results/packaged.md

The first answer is the whole command `faceinsight analyze PHOTOGRAPH`, by turns with a process that
only imports what it imports. Rates are those of `FaceInsight.analyze` in one process that has
loaded its model, by the clock, the best of three rounds: of crops as whole faces, and of whole
photographs in which a detector finds the faces, the one that is at hand and RetinaFace. Claim: most
of a photograph's time is its detector's.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import torch

from faceinsight import FaceInsight
from timing import processor
from turns import medians

IMPORTS = "import torch, transformers, PIL.Image, safetensors.torch"
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crops", type=Path, required=True, help="of one face each")
    parser.add_argument("--photographs", type=Path, required=True, help="with faces in them")
    parser.add_argument("--detector-weights", type=Path, help="of pyfacer's RetinaFace")
    parser.add_argument("--count-crops", type=int, default=500)
    parser.add_argument("--count-photographs", type=int, default=100)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    crops = _some(given.crops, given.count_crops)
    photographs = _some(given.photographs, given.count_photographs)

    analyze = [sys.executable, "-m", "faceinsight", "analyze", str(photographs[0])]
    here = Path.cwd()
    commands = {"importing": ([sys.executable, "-c", IMPORTS], here), "analyze": (analyze, here)}
    first = medians(commands, given.turns)
    rows = [_rate(crops, faces="whole"), _rate(photographs)]
    if given.detector_weights:
        rows.append(_rate(photographs, detector_weights=given.detector_weights))
    given.out.write_text(_section(first, rows), encoding="utf-8")
    print(given.out.read_text(encoding="utf-8"))


def _some(folder: Path, count: int) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())[:count]


def _rate(files: list[Path], **options: Any) -> tuple[str, int, int, float]:
    """What found the faces; photographs, faces in them, and photographs a second."""
    model = FaceInsight.from_pretrained(device="cpu", **options)
    model.analyze(files[:8])
    best, faces = 0.0, []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        found = model.analyze(files)
        best = max(best, len(files) / (time.perf_counter() - started))
        faces = [face for of in found if isinstance(of, list) for face in of]
    return ", ".join({face.face_from for face in faces}), len(files), len(faces), best


def _section(first: dict[str, float], rows: list[tuple[str, int, int, float]]) -> str:
    threads, cores, load = torch.get_num_threads(), os.cpu_count(), os.getloadavg()[0]
    lines = [
        "## The model of the package\n",
        f"{processor()}, {threads} of {cores} cores, load average {load:.1f}; by the clock. "
        "`python benchmarks/packaged.py`.\n",
        f"The first answer of `faceinsight analyze PHOTOGRAPH` comes after {first['analyze']:.1f} "
        f"s; to import PyTorch and transformers takes {first['importing']:.1f} s.\n",
        "| faces found by | pictures | faces | pictures/s |",
        "|---|---|---|---|",
        *(f"| {name} | {n} | {faces} | {rate:.1f} |" for name, n, faces, rate in rows),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
