"""Claim: beside pyfacer itself, all the rest of segmentation costs next to nothing.

    python benchmarks/segmentation.py PHOTOGRAPHS --detector FILE --parser FILE

reads the photographs of a folder, and prints images per second and processor time an image for
pyfacer alone, called photograph by photograph at the size that `segment` lets it see, and for
`segment`, which also reads ahead, cuts, chooses among faces and stores; then how long a second
start takes that finds everything done, and how fast crops are read at random.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from timing import processor


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("photographs", type=Path)
    arguments.add_argument("--detector", type=Path, required=True)
    arguments.add_argument("--parser", type=Path, required=True)
    arguments.add_argument("--count", type=int, default=256)
    arguments.add_argument("--size", type=int, default=128)
    arguments.add_argument("--batch-size", type=int, default=16)
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--device", default="cpu")
    given = arguments.parse_args()

    import torch

    torch.set_num_threads(given.threads)
    names = sorted(path.name for path in given.photographs.iterdir())[: given.count]
    result = {
        "photographs": len(names),
        "threads": given.threads,
        "device": given.device,
        "machine": torch.cuda.get_device_name() if given.device != "cpu" else processor(),
        **one_by_one(given, names),
        **in_batches(given, names),
    }
    print(json.dumps(result, indent=1))


def one_by_one(given: argparse.Namespace, names: list[str]) -> dict[str, float]:
    import facer
    import torch
    from torch.nn.functional import interpolate

    detector = facer.face_detector(
        "retinaface/mobilenet", device=given.device, model_path=str(given.detector)
    )
    parser = facer.face_parser(
        "farl/celebm/448", device=torch.device(given.device), model_path=str(given.parser)
    )
    some = names[: min(48, len(names))]
    for warm in (True, False):
        started, processor = time.perf_counter(), time.process_time()
        for name in some[:8] if warm else some:
            image = facer.hwc2bchw(facer.read_hwc(str(given.photographs / name)))
            image = interpolate(image.to(given.device).float(), (256, 256), mode="bilinear")
            with torch.inference_mode():
                faces = detector(image)
                if len(faces["rects"]):
                    parser(image / 256, faces)["seg"]["logits"].argmax(dim=1).cpu()
    return {
        "one by one, images/s": round(len(some) / (time.perf_counter() - started), 1),
        "one by one, processor ms/image": round(
            (time.process_time() - processor) / len(some) * 1000, 1
        ),
    }


def in_batches(given: argparse.Namespace, names: list[str]) -> dict[str, object]:
    from faceinsight.data.parsing.settings import SegmentationSettings
    from faceinsight.data.segmentation import segment
    from faceinsight.data.store import StoredCrops

    settings = SegmentationSettings(
        size=given.size,
        detector_weights=given.detector,
        parser_weights=given.parser,
        batch_size=given.batch_size,
        device=given.device,
        workers=given.threads,
    )
    boxes = dict.fromkeys(("left", "top", "right", "bottom"))
    table = pd.DataFrame({"photograph": names, "face": 0, **boxes, "split": "train"})
    table = table.convert_dtypes(dtype_backend="pyarrow")
    with tempfile.TemporaryDirectory() as work:

        def run(some: pd.DataFrame) -> StoredCrops:
            folder = segment("x", some, given.photographs, Path(work), settings, progress=False)
            return StoredCrops.open(folder)

        first = run(table.iloc[: 2 * given.batch_size])  # loads and compiles, too
        processor = time.process_time()
        crops = run(table)
        processor = time.process_time() - processor
        started = time.perf_counter()
        run(table)
        again = time.perf_counter() - started
        at = np.random.default_rng(0).integers(0, len(crops), 4096)
        started = time.perf_counter()
        for some in np.split(at, 32):
            crops.photographs(some)
            crops.maps(some)
        reading = time.perf_counter() - started
    return {
        "first batches with loading, images/s": first.header["images_per_second"],
        "in batches, images/s": crops.header["images_per_second"],
        "in batches, processor ms/image": round(processor / crops.header["done_now"] * 1000, 1),
        "counts": crops.header["counts"],
        "a second start, s": round(again, 3),
        "crops read at random, images/s": round(len(at) / reading),
    }


if __name__ == "__main__":
    main()
