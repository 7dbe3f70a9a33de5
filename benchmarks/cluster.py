"""Claim: photographs scored by a cluster take at most 15 % longer than by this machine's processes.

    python benchmarks/cluster.py FOLDER --count 1000 --out benchmarks/results/cluster.md

The same photographs, by turns: one process with all cores as threads (`analyze_folder`); a process
a core, each with its share; and a Ray cluster of these cores, an actor each (`analyze_on_cluster`,
the address `local`). The rate is photographs by the time from when the model is loaded, in the mean
over processes or actors, to when the last one has ended: waiting for the slowest counts, the start
does not. That, from the command to the last model that is loaded, is given apart. Rates are
compared within a turn; the median over turns counts. Each photograph is one face, unless
`--faces=detect`; the model is the package's.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from faceinsight.cluster import scoring
from faceinsight.cluster.parts import Part
from faceinsight.cluster.scoring import Scored, Scorer, analyze_on_cluster
from faceinsight.common.devices import cores
from faceinsight.inference.settings import PhotoSettings
from timing import processor

AIM = 0.15


class Timed(NamedTuple):
    """One way to do it, once.

    Attributes:
        rate: photographs a second.
        start: seconds until the last model is loaded.
        whole: seconds of the whole command.
    """

    rate: float
    start: float
    whole: float


class TimedScorer(Scorer):
    """Notes when its model is loaded, and when a part is done."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._note = Path(f"{self._parts.storage.place}.{os.getpid()}")
        self._ready = time.time()
        self._write(self._ready)

    def __call__(self, part: Part) -> Scored:
        scored = super().__call__(part)
        self._write(time.time())
        return scored

    def _write(self, end: float) -> None:
        self._note.write_text(json.dumps([self._ready, end]), encoding="utf-8")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path, help="of photographs")
    arguments.add_argument("--count", type=int, default=1000)
    arguments.add_argument("--turns", type=int, default=3)
    arguments.add_argument("--faces", choices=["whole", "detect"], default="whole")
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    settings = PhotoSettings(faces=given.faces, device="cpu")
    if given.plain:
        plain(given.folder, settings)
        return
    files = sorted(path for path in given.folder.rglob("*.jpg") if path.is_file())[: given.count]
    n = cores()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        every = _linked(files, root / "every")
        shares = [_linked(files[i::n], root / f"share{i}") for i in range(n)]
        turns = []
        for turn in range(given.turns):
            turns.append(
                [
                    processes([every], n, len(files), given.faces),
                    processes(shares, 1, len(files), given.faces),
                    on_cluster(every, root / f"out{turn}", len(files), settings),
                ]
            )
            print(turns[-1], flush=True)
    text = section(turns, len(files), n)
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")


def _linked(files: Iterable[Path], folder: Path) -> Path:
    """A folder of links to some files, whatever folders they lie in."""
    folder.mkdir()
    for number, path in enumerate(files):
        (folder / f"{number:06d}{path.suffix}").symlink_to(path.absolute())
    return folder


def plain(folder: Path, settings: PhotoSettings) -> None:
    """One process; prints when its model was loaded, and when it had ended."""
    from faceinsight import FaceInsight

    model = FaceInsight.from_pretrained(settings=settings)
    ready = time.time()
    with tempfile.TemporaryDirectory() as work:
        model.analyze_folder(folder, work=work, progress=False)
    print(json.dumps([ready, time.time()]))


def processes(folders: list[Path], threads: int, n: int, faces: str) -> Timed:
    """A process for each folder, all at once."""
    begun = time.time()
    started = [
        subprocess.Popen(
            [sys.executable, __file__, str(folder), "--plain", f"--faces={faces}"],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        )
        for folder in folders
    ]
    said = [process.communicate()[0] for process in started]
    return _timed(begun, [json.loads(text.splitlines()[-1]) for text in said], n)


def on_cluster(folder: Path, out: Path, n: int, settings: PhotoSettings) -> Timed:
    """A cluster of this machine's cores, started and ended."""
    import ray

    begun = time.time()
    scoring.Scorer = TimedScorer  # type: ignore[assignment, misc]
    analyze_on_cluster(str(folder), str(out), address="local", settings=settings, progress=False)
    notes = [json.loads(path.read_text("utf-8")) for path in out.parent.glob(f"{out.name}.*")]
    timed = _timed(begun, notes, n)
    ray.shutdown()
    return timed


def _timed(begun: float, notes: list[list[float]], n: int) -> Timed:
    """From when each process was ready, and when it had ended."""
    end = max(at for _, at in notes)
    seconds = statistics.mean(end - ready for ready, _ in notes)
    return Timed(n / seconds, max(ready for ready, _ in notes) - begun, time.time() - begun)


def section(turns: list[list[Timed]], n: int, cores: int) -> str:
    """The page's section."""
    names = [f"one process, {cores} threads", f"{cores} processes, a thread each", "Ray"]
    rows, over = [], []
    for place, name in enumerate(names):
        of = [turn[place] for turn in turns]
        ratio = statistics.median(turn[2].rate / turn[place].rate for turn in turns)
        over.append(1 / ratio - 1)
        rate, start, whole = (statistics.median(values) for values in zip(*of, strict=True))
        longer = f"{over[place]:+.0%}" if place < 2 else ""
        rows.append(f"| {name} | {rate:.1f} | {start:.1f} s | {whole:.1f} s | {longer} |")
    holds = "holds" if max(over) <= AIM else "does not hold"
    return "\n".join(
        [
            "## Photographs scored by a cluster\n",
            f"{processor()}, {cores} cores, load average {os.getloadavg()[0]:.1f} at the end; "
            f"{n:,} photographs, medians of {len(turns)} turns, rates compared within a turn. "
            "`python benchmarks/cluster.py`.\n",
            "| by | photographs/s | until models are loaded | whole | Ray takes longer by |",
            "|---|---|---|---|---|",
            *rows,
            "",
            f"The claim of at most {AIM:.0%}, the start not counted, {holds}.",
            "",
        ]
    )


if __name__ == "__main__":
    main()
