"""Crops and label maps by a cluster, against one machine's."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from faceinsight.cluster import segmentation
from faceinsight.cluster.segmentation import Segmenter, cut, fill_on
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.segmentation import segment
from faceinsight.data.store import StoredCrops
from faceinsight.errors import FaceInsightError
from tests.label_tables import label_table, save_map, save_photograph

SETTINGS = SegmentationSettings(maps="provided", size=16, batch_size=4, shard_size=6, workers=1)
NAMES = [f"some/{number:02d}.png" for number in range(24)]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    root = tmp_path / "raw"
    random = np.random.default_rng(0)
    for seed, name in enumerate(NAMES):
        save_photograph(root, name, seed=seed)
        save_map(root / "maps", name, random.integers(0, 11, (40, 60)).astype(np.uint8))
    (root / NAMES[5]).write_bytes(b"no photograph")
    return root


def examples() -> pd.DataFrame:
    """Faces without a box, two with one in the same photograph, and one that fails."""
    names = [*NAMES, NAMES[3], NAMES[3]]
    return label_table(names, [None] * len(NAMES) + [(2, 3, 22, 23), (30, 10, 58, 38)])


def crops(raw: Path, work: str, **options: Any) -> StoredCrops:
    folder = segment(
        "celeba", examples(), raw, raw.parent / work, SETTINGS, progress=False, **options
    )
    return StoredCrops.open(folder)


@pytest.mark.parametrize(
    ("faces", "actors", "pieces"), [(20_000, 2, 20), (20_480, 2, 20), (20_481, 2, 21), (3, 2, 3)]
)
def test_a_piece_is_one_shard_and_every_face_is_in_one(faces, actors, pieces):
    random = np.random.default_rng(0)
    keys = pd.DataFrame({"photograph": random.permutation(faces) // 2})
    made = cut(keys, 1024, actors)
    assert len(made) == pieces
    assert max(map(len, made)) <= 1024
    together = pd.concat(made)
    assert sorted(together.index) == [*range(faces)]
    assert together["photograph"].is_monotonic_increasing


def test_each_actor_has_several_pieces():
    assert len(cut(pd.DataFrame({"photograph": range(1000)}), 1024, 8)) >= 16


class Dying(Segmenter):
    """Dies once, when its first faces are written and nobody knows yet."""

    def __call__(self, keys: pd.DataFrame) -> Any:
        done = super().__call__(keys)
        mark = self._store.folder.parent / "died"
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return done


def test_equals_one_machine_row_for_row_whoever_dies(connected, raw, monkeypatch):
    alone = crops(raw, "alone")
    monkeypatch.setattr(segmentation, "Segmenter", Dying)
    together = crops(raw, "together", fill=fill_on("auto"))

    assert list(raw.parent.glob("together/segmentation/*/died"))
    pd.testing.assert_frame_equal(together.examples, alone.examples)
    assert len(alone.examples) == len(NAMES) + 1
    every = np.arange(len(alone))
    assert (together.photographs(every) == alone.photographs(every)).all()
    assert (together.maps(every) == alone.maps(every)).all()
    assert together.header["skipped"] == alone.header["skipped"]
    assert together.header["digest"] == alone.header["digest"]
    assert together.header["counts"] == alone.header["counts"]

    # What is there is not cut again: the photograph that failed is alone in being tried.
    asked = []

    def fill(filler, store, keys, bar):
        asked.extend(keys["photograph"])
        return fill_on("auto")(filler, store, keys, bar)

    assert crops(raw, "together", fill=fill).folder == together.folder
    assert asked == [NAMES[5]]


def test_a_node_that_does_not_see_the_photographs_is_named(connected, raw, monkeypatch):
    moved = raw.with_name("elsewhere")

    class Blind(Segmenter):
        def __init__(self, root: Path, **others: Any) -> None:
            super().__init__(root=moved, **others)

    monkeypatch.setattr(segmentation, "Segmenter", Blind)
    with pytest.raises(FaceInsightError, match=r"no folder \S+elsewhere on node \S+: keep"):
        crops(raw, "work", fill=fill_on("auto"))
