"""Claims about speed at the paper's scale, measured in one go with random weights.

- A training step (all but adapters and graph network frozen) and scoring reach most of the matrix
  rate that the same device reaches in the same run.
- Scoring 82 characteristics in one pass is many times faster than Hugging Face's LLaVA-1.5 when it
  describes a photograph in 100 tokens, or answers one yes/no question a characteristic.

    python benchmarks/paper_scale.py --out benchmarks/results/paper_scale_h100.json
    python benchmarks/paper_scale.py --scale shallow --out benchmarks/results/paper_scale_cpu.json

Each measurement is written to the file as it is taken; what does not fit into memory is recorded
and the rest goes on. Started again with the same file and other `--parts`, it adds to it. It runs
from a bare checkout, without a network, and needs torch, transformers, torch-geometric, pandas,
pyarrow, pillow, pyyaml, pydantic and lark. `write_page.py` makes docs/benchmarks.md of the results.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import torch

import paper_scale_llava
import paper_scale_ours
from paper_scale_loading import loading
from paper_scale_models import SCALES
from paper_scale_parser import parser_network
from timing import Results, facts, matrix_rate

PARTS = ("rate", "score", "train", "llava", "parser", "loading", "static", "rate_again")
SHAPES = {
    "cuda": [
        (8192, 8192, 8192),
        (16384, 4096, 4096),
        (16384, 4096, 11008),
        (16384, 11008, 4096),
        (16384, 8192, 16384),
    ],
    "cpu": [
        (1024, 1024, 1024),
        (2048, 2048, 2048),
        (2056, 1024, 2752),
        (2056, 2752, 1024),
        (2056, 4096, 4096),
        (2056, 4096, 11008),
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", choices=SCALES, default="7B")
    parser.add_argument("--out", type=Path, required=True, help="a JSON file for the results")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--seconds", type=float, default=540, help="nothing begins later than this")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--dtype", default="bfloat16", choices=["bfloat16", "float32"])
    parser.add_argument("--threads", type=int, help="of a CPU")
    given = parser.parse_args()
    parts = given.parts.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"--parts: there is no {', '.join(sorted(unknown))}")
    if given.threads:
        torch.set_num_threads(given.threads)
    device, dtype = torch.device(given.device), getattr(torch, given.dtype)
    torch.manual_seed(0)
    results = Results(given.out, given.seconds)
    results.facts |= facts(device, dtype) | {"scale": given.scale}
    results.facts.setdefault("commands", [])
    results.facts["commands"].append(
        f"python benchmarks/paper_scale.py --scale {given.scale} --parts {given.parts} "
        f"--dtype {given.dtype}" + (f" --threads {given.threads}" if given.threads else "")
    )
    setting = paper_scale_ours.Setting(SCALES[given.scale], device, dtype)
    take = {
        "rate": lambda: rate(results, "matrix rate", device, dtype),
        "score": lambda: paper_scale_ours.score(results, setting),
        "train": lambda: paper_scale_ours.train(results, setting),
        "llava": lambda: paper_scale_llava.compare(results, setting),
        "parser": lambda: results.measure("parser network", lambda: parser_network(device)),
        "loading": lambda: results.measure("loading", loading),
        "static": lambda: paper_scale_llava.static_cache(results, setting),
        "rate_again": lambda: rate(results, "matrix rate, at the end", device, dtype),
    }
    for part in PARTS:
        if part in parts:
            take[part]()


def rate(results: Results, name: str, device: torch.device, dtype: torch.dtype) -> None:
    results.measure(
        name, lambda: {"kind": "rate"} | matrix_rate(SHAPES[device.type], device, dtype)
    )


if __name__ == "__main__":
    main()
