"""The model of the package `faceinsight-weights`: trained, measured, and written about.

    python experiments/embedded train --folder /data/embedded --raw /data/raw
    python experiments/embedded evaluate --folder /data/embedded --raw /data/raw \\
        --predictions /data/answers --out docs/embedded.md

The first line prepares the data sets of `conf/embedded`, trains, calibrates, and puts the model
into the package, its matrices in half precision; the second measures what lies there, and writes
the metrics, a page and the model's card. Both go on where they were stopped. `lite0` makes a
checkpoint of ImageNet weights to start from, see `lite0.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path

# The runner and the pages of all experiments.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> None:
    from embedded.options import parse

    args, project = parse(__doc__)
    if args.command == "lite0":
        from embedded.lite0 import convert

        convert(args.wheel, args.folder)
    elif args.command == "train":
        from embedded.training import train_into

        train_into(args.package, project, args.seed, args.margin)
    else:
        from embedded.evaluation import measure
        from embedded.pages import write_pages

        write_pages(measure(args, project), args.package, args.out)


if __name__ == "__main__":
    main()
