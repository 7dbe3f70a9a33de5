"""From the examples of one data set to a folder of crops, with label maps.

Work goes on where an earlier start left it: every face that was once cut and parsed with these
settings is found again, whichever examples it was asked for by, unless its file has changed since.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from faceinsight.common.progress import images_bar
from faceinsight.common.recipes import recipe
from faceinsight.common.threads import ahead
from faceinsight.common.work import WorkFolder, digest, write_beside
from faceinsight.data.crops import FaceCrop, MapParser, cut_face, parse_faces
from faceinsight.data.parsing.provided import MAP_FOLDERS, load_map, map_path
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.photographs import load_photograph
from faceinsight.data.shards import ShardStore, face_keys
from faceinsight.data.store import CropWriter, boxes_of
from faceinsight.errors import PhotographError

_log = logging.getLogger(__name__)


@dataclass
class _Photograph:
    name: str
    faces: list[FaceCrop] = field(default_factory=list)


def segment(
    dataset: str,
    examples: pd.DataFrame,
    raw_folder: Path,
    work_root: Path,
    settings: SegmentationSettings,
    *,
    parser: MapParser | None = None,
    progress: bool = True,
) -> Path:
    """Make the crops and label maps of a data set's examples.

    May be stopped at any time and started again. Photographs that fail are left out of the result;
    the log, and `skipped` in its `crops.json`, name them.

    Args:
        dataset: name of the data set.
        examples: rows of its label table.
        raw_folder: what the table's photographs are relative to.
        work_root: folder of all work folders.
        settings: see `SegmentationSettings`.
        parser: makes the maps where `settings.maps` is `parsed`; pyfacer by default.
        progress: show a progress bar.

    Returns:
        a finished folder, inside the work folder, that `StoredCrops.open` reads.

    Raises:
        WeightsError: pyfacer's weights are needed and not at hand.
        PhotographError: every single photograph failed; the first one's error.
    """
    raw_folder = Path(raw_folder)
    parser = (parser or _pyfacer(dataset, settings)) if settings.maps == "parsed" else None
    key = [dataset, str(raw_folder.resolve()), settings.of_results(dataset), recipe("crops")]
    if parser is not None:
        key.append(parser.key)
    work = WorkFolder(work_root, "segmentation", digest(*key))
    store = ShardStore(work.path / "shards")
    keys = face_keys(examples, raw_folder, MAP_FOLDERS.get(settings.maps), settings.workers)
    places = store.places(keys)
    missing = np.flatnonzero(places["row"].isna())

    errors: list[tuple[str, PhotographError]] = []
    started = time.perf_counter()
    if len(missing):
        with images_bar(f"segmenting {dataset}", len(missing), disable=not progress) as bar:
            photographs = _by_photograph(examples, missing)
            cut = partial(_cut, root=raw_folder, settings=settings)
            errors = _fill(store, keys, photographs, cut, parser, settings, bar)
        places = store.places(keys)
    seconds = time.perf_counter() - started

    kept = np.flatnonzero(places["row"].notna())
    if errors:
        if not len(kept):
            raise errors[0][1]
        _log.warning(
            "segmentation of %s left out faces of %d photographs, the first: %s",
            dataset,
            len(errors),
            errors[0][1],
        )
    target = work.path / "crops" / digest(examples.iloc[kept], keys.iloc[kept])
    facts = {
        "digest": digest(work.path.name, target.name),
        "settings": settings.of_crops(),
        "counts": dict(Counter(places["map_from"].iloc[kept])),
        "skipped": [[name, error.reason] for name, error in errors],
        "done_now": len(missing) - sum(places["row"].iloc[missing].isna()),
        "seconds": round(seconds, 3),
        "images_per_second": round(len(missing) / seconds, 2) if len(missing) else None,
    }
    if not (target / "crops.json").exists():
        with write_beside(target) as beside:
            writer = CropWriter(
                beside,
                dataset=dataset,
                size=settings.size,
                raw=raw_folder,
                margin=settings.margin,
                max_pixels=settings.max_pixels,
                photographs=settings.keep_photographs,
                maps=settings.maps != "none",
            )
            _assemble(writer, store, examples.iloc[kept], places.iloc[kept], facts)
    return target


def _pyfacer(dataset: str, settings: SegmentationSettings) -> MapParser:
    from faceinsight.data.parsing.detector import PyfacerDetector
    from faceinsight.data.parsing.parser import PyfacerParser

    is_aligned = dataset in settings.aligned_crops
    return PyfacerParser(settings, None if is_aligned else PyfacerDetector(settings))


def _by_photograph(examples: pd.DataFrame, rows: np.ndarray) -> Iterator[_Photograph]:
    """Rows of examples grouped, so that a photograph with several faces is read once.

    Nothing keeps what is yielded, so that faces are freed when their shard is written.
    """
    some = examples.iloc[rows]
    triples = zip(some["photograph"].tolist(), rows.tolist(), boxes_of(some), strict=True)
    ordered = sorted(triples, key=lambda triple: triple[:2])
    for name, group in groupby(ordered, key=lambda triple: triple[0]):
        yield _Photograph(name, [FaceCrop(at, box) for _, at, box in group])


def _cut(photograph: _Photograph, root: Path, settings: SegmentationSettings) -> _Photograph:
    """Read a photograph and cut what its faces need; runs in threads."""
    try:
        pixels = load_photograph(root, photograph.name, max_pixels=settings.max_pixels)
        label_map = None
        if folder := MAP_FOLDERS.get(settings.maps):
            label_map = load_map(root, map_path(folder, photograph.name), pixels.shape[:2])
    except PhotographError as error:
        for face in photograph.faces:
            face.error = error
        return photograph
    for face in photograph.faces:
        try:
            cut_face(face, pixels, label_map, settings)
        except PhotographError as error:
            face.error = PhotographError(error.reason, f"{photograph.name}: {error}")
    return photograph


def _fill(
    store: ShardStore,
    keys: pd.DataFrame,
    photographs: Iterable[_Photograph],
    cut: Callable[[_Photograph], _Photograph],
    parser: MapParser | None,
    settings: SegmentationSettings,
    bar: tqdm,
) -> list[tuple[str, PhotographError]]:
    """Cut and parse faces into shards; what is complete is kept even when it is interrupted.

    Returns:
        photographs that failed, with their errors.
    """
    errors: list[tuple[str, PhotographError]] = []
    ready: list[FaceCrop] = []
    waiting: list[FaceCrop] = []

    def write() -> None:
        if ready:
            store.write(
                keys.iloc[[face.at for face in ready]],
                [face.map_from for face in ready],
                _stack(face.crop for face in ready),
                _stack(face.label_map for face in ready),
            )
            ready.clear()

    def parse() -> None:
        batch, waiting[:] = waiting[: settings.batch_size], waiting[settings.batch_size :]
        if parser is not None:
            parse_faces(parser, batch, settings)
        ready.extend(batch)
        bar.update(len(batch))
        if len(ready) >= settings.shard_size:
            write()

    with ThreadPoolExecutor(settings.workers) as pool:
        try:
            for photograph in ahead(pool, cut, photographs, 2 * settings.batch_size):
                failed = [face.error for face in photograph.faces if face.error]
                if failed:
                    errors.append((photograph.name, failed[0]))
                    bar.update(len(failed))
                waiting += [face for face in photograph.faces if not face.error]
                while len(waiting) >= settings.batch_size:
                    parse()
            while waiting:
                parse()
        finally:
            write()
    return errors


def _assemble(
    writer: CropWriter,
    store: ShardStore,
    examples: pd.DataFrame,
    places: pd.DataFrame,
    facts: dict[str, object],
) -> None:
    """Put the shards of exactly these examples together.

    A shard of which at least half is wanted is linked whole; of any other the wanted rows are
    copied out, so that few examples never drag a large folder along.
    """
    where = np.zeros((len(examples), 2), dtype=np.int32)
    shards, rows = places["shard"].to_numpy(), places["row"].to_numpy(dtype=np.int64)
    for shard in sorted(set(shards)):
        at = np.flatnonzero(shards == shard)
        files = store.files(shard)
        arrays = {k: np.load(p, mmap_mode="r", allow_pickle=False) for k, p in files.items()}
        wanted, back = np.unique(rows[at], return_inverse=True)
        if not files or 2 * len(wanted) >= len(next(iter(arrays.values()))):
            where[at] = np.stack([np.full(len(at), writer.link(files)), rows[at]], axis=1)
        else:
            number = writer.add({kind: array[wanted] for kind, array in arrays.items()})
            where[at] = np.stack([np.full(len(at), number), back], axis=1)
    table = examples.assign(
        map_from=pd.array(places["map_from"].to_numpy(), dtype="string[pyarrow]")
    )
    writer.finish(table, where, facts)


def _stack(arrays: Iterable[np.ndarray | None]) -> np.ndarray | None:
    present = [array for array in arrays if array is not None]
    return np.stack(present) if present else None
