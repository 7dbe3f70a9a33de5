"""What a worker reads and writes; it needs nothing but Python, as a worker has packages of its own.

A worker is called with a file of photographs, a file for its answers, and options of its own. It
loads what it needs, warms up on the first photographs, prints "ready", and waits for a line, so
that several workers begin at once and loading is not timed; then it answers, and prints "done" with
the processor's seconds that it took.

A line of the first file is an object of JSON: `photograph`, a path, and `boxes`, where the data set
has the faces that it labels: left, top, right, bottom, or null for the whole photograph. A line of
the second: `photograph`; `found`, the faces that the system's own detector finds; `given`, what it
says of each of the boxes where that is asked for, null where the box is and a face was found; and
where it failed `error`. A face is `box`,
`years`, `age` (a word, or the years), `gender` with `gender_probability`, `expression` with
`expressions`, name to probability; what a system does not say is null.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

Asked = dict[str, Any]
Answer = dict[str, Any]

WARM_UP = 2
"""Photographs."""


def parser_of(doc: str | None) -> argparse.ArgumentParser:
    """Options that all workers have."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("photographs", type=Path)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--given", action="store_true", help="answer about known boxes as well")
    return parser


def serve(args: argparse.Namespace, answers: Callable[[Sequence[Asked]], Iterator[Answer]]) -> None:
    """Answer about all photographs, once told to begin."""
    lines = args.photographs.read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line) for line in lines]
    list(answers(asked[:WARM_UP]))
    print("ready", flush=True)
    sys.stdin.readline()
    started = time.process_time()
    with args.answers.open("w", encoding="utf-8") as file:
        for answer in answers(asked):
            file.write(json.dumps(answer) + "\n")
    print("done", time.process_time() - started, flush=True)


def failed(asked: Asked, error: Exception) -> Answer:
    """The answer about a photograph for which there is none: it is counted, not lost."""
    given = [None] * len(asked["boxes"])
    name = f"{type(error).__name__}: {error}"
    return {"photograph": asked["photograph"], "found": [], "given": given, "error": name}
