"""Face crops and label maps by many machines: the same crops as by one.

Actors cut and parse some faces each, and write them into the work folder's store, which has to lie
where all nodes see it; the crops are then put together as ever (`data.segmentation`). What an actor
that dies has written counts; a face that is cut twice is found once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from faceinsight.cluster.connection import connect
from faceinsight.cluster.nodes import require_folder, with_absolute_weights
from faceinsight.cluster.pool import Pool
from faceinsight.common.progress import images_bar
from faceinsight.data.filling import ShardFiller
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.segmentation import Fill
from faceinsight.data.shards import ShardStore
from faceinsight.errors import PhotographError

_A_SHARE = 4
"""Pieces that each actor is to have, where shards are not smaller than that anyway."""


@dataclass(frozen=True)
class Segmented:
    """What became of some faces.

    Attributes:
        faces: how many they were.
        failed: name, reason and message of each photograph that failed.
    """

    faces: int
    failed: list[tuple[str, str, str]]


class Segmenter:
    """What an actor holds: detector and parser, loaded once.

    Args:
        dataset: name of the data set.
        root: what its photographs are relative to.
        settings: see `SegmentationSettings`.
        shards: folder of the store.

    Raises:
        FaceInsightError: this node does not see what it has to.
    """

    def __init__(
        self, dataset: str, root: Path, settings: SegmentationSettings, shards: Path
    ) -> None:
        require_folder("data set's photographs", root)
        require_folder("work folder (`data`)", shards.parent)
        self._filler = ShardFiller(dataset, root, settings)
        self._store = ShardStore(shards)

    def __call__(self, keys: pd.DataFrame) -> Segmented:
        """Cut and parse faces, and write them."""
        with images_bar("segmenting", len(keys), disable=True) as bar:
            errors = self._filler.fill(self._store, keys, bar)
        return Segmented(len(keys), [(name, error.reason, str(error)) for name, error in errors])


def cut(keys: pd.DataFrame, shard_size: int, actors: int) -> list[pd.DataFrame]:
    """Pieces of about one size, none larger than a shard: each of them becomes one.

    Args:
        keys: of faces, in any order.
        shard_size: faces a shard.
        actors: how many share the pieces.
    """
    count = max(math.ceil(len(keys) / shard_size), _A_SHARE * actors)
    # A photograph with several faces is read once, as far as it is not on a boundary.
    ordered = keys.sort_values("photograph", kind="stable")
    rows_of = np.array_split(np.arange(len(keys)), count)
    return [ordered.iloc[rows] for rows in rows_of if len(rows)]


def fill_on(address: str) -> Fill:
    """What `data.segmentation.segment` takes to have its work done by a cluster.

    Args:
        address: of the cluster, see `ClusterSettings.address`.
    """

    def fill(
        filler: ShardFiller, store: ShardStore, keys: pd.DataFrame, bar: tqdm
    ) -> list[tuple[str, PhotographError]]:
        connect(address)
        pool: Pool[pd.DataFrame, Segmented] = Pool(filler.settings.device)
        settings = with_absolute_weights(filler.settings)
        pieces = cut(keys, settings.shard_size, pool.size)
        arguments = {
            "dataset": filler.dataset,
            "root": filler.root.absolute(),
            "settings": settings,
            "shards": store.folder.absolute(),
        }
        failed: dict[str, PhotographError] = {}
        for done in pool.map(Segmenter, arguments, pieces):
            bar.update(done.faces)
            for name, reason, message in done.failed:
                failed.setdefault(name, PhotographError(reason, message))
        return sorted(failed.items())

    return fill
