"""From the examples of one data set to a folder of crops, with label maps.

Work goes on where an earlier start left it: every face that was once cut and parsed with these
settings is found again, whichever examples it was asked for by, unless its file has changed since.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from faceinsight.common.progress import images_bar
from faceinsight.common.recipes import recipe
from faceinsight.common.work import WorkFolder, digest, write_beside
from faceinsight.data.crops import MapParser
from faceinsight.data.filling import ShardFiller
from faceinsight.data.parsing.provided import MAP_FOLDERS
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.shards import ShardStore, face_keys
from faceinsight.data.store import CropWriter
from faceinsight.errors import FaceInsightError, PhotographError

_log = logging.getLogger(__name__)


Fill = Callable[[ShardFiller, ShardStore, pd.DataFrame, tqdm], list[tuple[str, PhotographError]]]
"""Has faces cut and parsed into a store, as `ShardFiller.fill` does itself."""


def segment(
    dataset: str,
    examples: pd.DataFrame,
    raw_folder: Path,
    work_root: Path,
    settings: SegmentationSettings,
    *,
    parser: MapParser | None = None,
    fill: Fill | None = None,
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
        fill: has it done by others, e.g. a cluster; by default this process does it.
        progress: show a progress bar.

    Returns:
        a finished folder, inside the work folder, that `StoredCrops.open` reads.

    Raises:
        WeightsError: pyfacer's weights are needed and not at hand.
        PhotographError: every single photograph failed; the first one's error.
        FaceInsightError: faces are neither in the store nor among those that failed.
    """
    raw_folder = Path(raw_folder)
    filler = ShardFiller(dataset, raw_folder, settings, parser)
    key = [dataset, str(raw_folder.resolve()), settings.of_results(dataset), recipe("crops")]
    if filler.parser is not None:
        key.append(filler.parser.key)
    work = WorkFolder(work_root, "segmentation", digest(*key))
    store = ShardStore(work.path / "shards")
    keys = face_keys(examples, raw_folder, MAP_FOLDERS.get(settings.maps), settings.workers)
    places = store.places(keys)
    missing = np.flatnonzero(places["row"].isna())

    errors: list[tuple[str, PhotographError]] = []
    started = time.perf_counter()
    if len(missing):
        with images_bar(f"segmenting {dataset}", len(missing), disable=not progress) as bar:
            errors = (fill or ShardFiller.fill)(filler, store, keys.iloc[missing], bar)
        places = store.places(keys)
        _require_found(store, keys[places["row"].isna()], errors)
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


def _require_found(
    store: ShardStore, absent: pd.DataFrame, errors: list[tuple[str, PhotographError]]
) -> None:
    """Stop where faces that are not in the store did not fail either: others wrote elsewhere."""
    lost = absent["photograph"][~absent["photograph"].isin([name for name, _ in errors])]
    if len(lost):
        raise FaceInsightError(
            f"{store.folder}: {len(lost)} faces were cut and are not there, the first of "
            f"{lost.iloc[0]}: keep the work folder (`data`) where all nodes see it"
        )


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
    rows = places["row"].to_numpy(dtype=np.int64)
    for shard, at in places.reset_index(drop=True).groupby("shard").indices.items():
        files = store.files(str(shard))
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
