"""Claim: `kedro registry list` takes at most 1.5 times what it takes in an empty Kedro project.

Makes an empty project, then times the command there and here by turns, and prints the ratio of the
medians.

    python benchmarks/registry_list.py
"""

import sys
import tempfile
from pathlib import Path

from turns import medians, run

ROOT = Path(__file__).parents[1]
KEDRO = [sys.executable, "-m", "kedro"]


def main(turns: int = 7) -> None:
    with tempfile.TemporaryDirectory() as folder:
        new = ["new", "--name=empty", "--tools=none", "--example=n", "--telemetry=no"]
        run([*KEDRO, *new], Path(folder))
        listing = [*KEDRO, "registry", "list"]
        places = {"empty project": Path(folder) / "empty", "faceinsight": ROOT}
        found = medians({name: (listing, place) for name, place in places.items()}, turns)
    print(f"ratio: {found['faceinsight'] / found['empty project']:.2f}")


if __name__ == "__main__":
    main()
