"""Claim: `analyze` costs little more than the forward passes of detector, parser and network.

    python benchmarks/analyze.py MODEL PHOTOGRAPHS --detector FILE --parser FILE

analyses the photographs of a folder in batches, some at a time, and then makes the very forward
passes again that this took, on the very tensors, with nothing between them. Both are timed in turn,
so that whatever else the machine does slows both. It prints photographs per second and processor
time a photograph of either, and the one's rate as a share of the other's.

A pass of the detector is pyfacer's own, from a picture to boxes, without listing its anchors anew,
which pyfacer does in Python each time; one of the parser is its network alone, as is one of the
model's.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from timing import processor


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("model", type=Path, help="folder of a trained model")
    arguments.add_argument("photographs", type=Path)
    arguments.add_argument("--detector", type=Path, required=True)
    arguments.add_argument("--parser", type=Path, required=True)
    arguments.add_argument("--count", type=int, default=1000)
    arguments.add_argument("--at-once", type=int, default=50, help="photographs a round")
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--device", default="cpu")
    given = arguments.parse_args()

    import torch

    from faceinsight import FaceInsight

    torch.set_num_threads(given.threads)
    files = sorted(path for path in given.photographs.iterdir() if path.is_file())[: given.count]
    model = FaceInsight.from_pretrained(
        given.model,
        maps="parsed",
        detector_weights=given.detector,
        parser_weights=given.parser,
        workers=given.workers,
        device=given.device,
    )
    passes = Passes(model, files[:2])
    analysed, bare = Clock(), Clock()
    faces = 0
    for start in range(0, len(files), given.at_once):
        some = files[start : start + given.at_once]
        with analysed, passes.recorded():
            faces += sum(len(found) for found in model.analyze(some) if isinstance(found, list))
        with bare, torch.inference_mode():
            passes.repeat()
    n = len(files)
    result = {
        "photographs": n,
        "faces": faces,
        "machine": torch.cuda.get_device_name() if given.device != "cpu" else processor(),
        "threads": given.threads,
        "workers": given.workers,
        "analyze": analysed.rates(n),
        "forward passes": bare.rates(n),
        "rate of analyze over that of the passes": round(bare.seconds / analysed.seconds, 3),
        "the same in processor time": round(bare.processor / analysed.processor, 3),
    }
    print(json.dumps(result, indent=1))


class Clock:
    """Adds up the time of blocks, by the clock and of the processor."""

    def __init__(self) -> None:
        self.seconds = self.processor = 0.0

    def __enter__(self) -> None:
        self._begun = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._begun[0]
        self.processor += time.process_time() - self._begun[1]

    def rates(self, n: int) -> dict[str, float]:
        """Of n photographs."""
        return {
            "photographs/s": round(n / self.seconds, 2),
            "processor ms/photograph": round(1000 * self.processor / n, 2),
        }


class Passes:
    """Records the calls of detector, parser and network, and makes them again.

    Args:
        model: whose calls.
        files: some photographs, for detector and parser to be loaded by.
    """

    def __init__(self, model: Any, files: list[Path]) -> None:
        model.analyze(files)
        self._calls: list[tuple[Callable[..., Any], tuple, dict]] = []
        self._recording = False
        cropper = model.cropper  # its parser shares its detector
        self._wrap(cropper._detector._network, "forward")
        self._wrap(cropper._parser._network, "forward_warped")
        self._wrap(model.network, "forward")

    def _wrap(self, module: Any, name: str) -> None:
        call = getattr(module, name)

        def recorded(*args: Any, **kwargs: Any) -> Any:
            if self._recording:
                self._calls.append((call, args, kwargs))
            return call(*args, **kwargs)

        setattr(module, name, recorded)

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Calls within the block are recorded, and those of an earlier one forgotten."""
        self._calls.clear()
        self._recording = True
        yield
        self._recording = False

    def repeat(self) -> None:
        """Make the recorded calls again."""
        for call, args, kwargs in self._calls:
            call(*args, **kwargs)


if __name__ == "__main__":
    main()
