"""Claim: the first answer of `faceinsight analyze` takes at most 1.3 times what importing takes.

Times the whole command on one photograph, and a process that only imports torch, transformers and
facer and reads the model's weights, by turns; beside them, a command with a wrong argument (claim:
2 seconds).

    python benchmarks/first_answer.py MODEL PHOTOGRAPH [--faces whole] [further options of analyze]
"""

import argparse
import sys
from pathlib import Path

from turns import medians

IMPORTS = """
import sys
import torch, transformers, facer
from safetensors.torch import load_file
for path in sys.argv[1:]:
    load_file(path)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("photograph", type=Path)
    parser.add_argument("--turns", type=int, default=5)
    arguments, options = parser.parse_known_args()
    weights = sorted(map(str, arguments.model.rglob("*.safetensors")))[-1:]
    analyze = [sys.executable, "-m", "faceinsight", "analyze", "--model", str(arguments.model)]
    here = Path.cwd()
    found = medians(
        {
            "importing": ([sys.executable, "-c", IMPORTS, *weights], here),
            "analyze": ([*analyze, str(arguments.photograph), *options], here),
            "a wrong argument": ([*analyze, "nowhere.jpg"], here),
        },
        arguments.turns,
        {"a wrong argument": 2},
    )
    print(f"ratio of analyze to importing: {found['analyze'] / found['importing']:.2f}")


if __name__ == "__main__":
    main()
