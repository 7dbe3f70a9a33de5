"""StoredCrops give back, in any order, what was written, on a machine without image libraries."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from faceinsight.data.geometry import crop_square, cut_photograph
from faceinsight.data.photographs import load_photograph
from faceinsight.data.store import CropWriter, StoredCrops, boxes_of
from faceinsight.errors import FaceInsightError, PhotographError
from faceinsight.method.characteristics import Vocabulary
from tests.label_tables import label_table, save_photograph

SIZE = 16


def write(
    folder: Path, n: int, *, raw: Path = Path("raw"), shard: int = 4, **kinds: bool
) -> tuple[np.ndarray, np.ndarray]:
    """StoredCrops of random pixels, examples scattered over the shards; returns pixels and maps."""
    rng = np.random.default_rng(1)
    photographs = rng.integers(0, 256, (n, SIZE, SIZE, 3), dtype=np.uint8)
    maps = rng.integers(0, 19, (n, SIZE, SIZE), dtype=np.uint8)
    writer = CropWriter(
        folder, dataset="celeba", size=SIZE, raw=raw, margin=0.25, max_pixels=1e6, **kinds
    )
    order = rng.permutation(n)
    places = np.zeros((n, 2), dtype=int)
    for start in range(0, n, shard):
        rows = order[start : start + shard]
        number = writer.add({"photographs": photographs[rows], "maps": maps[rows]})
        places[rows] = [(number, row) for row in range(len(rows))]
    table = label_table(
        [f"{i}.png" for i in range(n)],
        Smiling=[(None, 0, 1)[i % 3] for i in range(n)],
        Male=[1] * n,
    )
    table["map_from"] = "provided"
    writer.finish(table, places, {"counts": {"provided": n}})
    return photographs, maps


def test_any_indices_in_any_order_with_repeats(tmp_path: Path) -> None:
    photographs, maps = write(tmp_path / "f", 23)
    crops = StoredCrops.open(tmp_path / "f")
    assert (len(crops), crops.size, crops.dataset) == (23, SIZE, "celeba")
    rng = np.random.default_rng(0)
    for indices in ([22], [0, 0, 5], np.arange(23)[::-1], rng.integers(0, 23, 200)):
        assert (crops.photographs(np.array(indices)) == photographs[indices]).all()
        assert (crops.maps(np.array(indices)) == maps[indices]).all()
    assert crops.photographs(np.array([], dtype=int)).shape == (0, SIZE, SIZE, 3)
    with pytest.raises(IndexError):
        crops.maps(np.array([23]))


def test_examples_and_labels(tmp_path: Path, vocabulary: Vocabulary) -> None:
    write(tmp_path / "f", 7)
    crops = StoredCrops.open(tmp_path / "f")
    assert crops.examples["photograph"].tolist() == [f"{i}.png" for i in range(7)]
    assert crops.examples["map_from"].tolist() == ["provided"] * 7
    labels = crops.labels(vocabulary)
    assert labels.shape == (7, len(vocabulary))
    assert labels.dtype == np.int8
    assert labels[:, vocabulary.index["Smiling"]].tolist() == [-1, 0, 1, -1, 0, 1, -1]
    assert (labels[:, vocabulary.index["Male"]] == 1).all()
    assert (labels[:, vocabulary.index["Female"]] == -1).all()


def test_no_examples_at_all(tmp_path: Path, vocabulary: Vocabulary) -> None:
    write(tmp_path / "f", 0)
    crops = StoredCrops.open(tmp_path / "f")
    assert len(crops) == 0
    assert crops.photographs(np.arange(0)).shape == (0, SIZE, SIZE, 3)
    assert crops.maps(np.arange(0)).shape == (0, SIZE, SIZE)
    assert crops.labels(vocabulary).shape == (0, len(vocabulary))


def test_more_shards_than_are_held_open(tmp_path: Path) -> None:
    photographs, _ = write(tmp_path / "f", 300, shard=1)
    crops = StoredCrops.open(tmp_path / "f")
    assert (crops.photographs(np.arange(300)) == photographs).all()
    assert (crops.photographs(np.arange(300)) == photographs).all()
    assert len(crops._open) <= 128


def test_a_pickled_copy_reads_the_same_and_is_small(tmp_path: Path) -> None:
    photographs, _ = write(tmp_path / "f", 40)
    crops = StoredCrops.open(tmp_path / "f")
    crops.photographs(np.arange(40))
    copy = pickle.dumps(crops)
    assert len(copy) < photographs.nbytes / 2
    assert (pickle.loads(copy).photographs(np.arange(40)) == photographs).all()  # noqa: S301


def test_without_maps_they_are_background(tmp_path: Path) -> None:
    write(tmp_path / "f", 5, maps=False)
    assert not list((tmp_path / "f").glob("maps*"))
    assert (StoredCrops.open(tmp_path / "f").maps(np.array([3, 1])) == 0).all()


def test_photographs_that_are_not_kept_are_cut_from_the_files(tmp_path: Path) -> None:
    write(tmp_path / "f", 2, raw=tmp_path / "raw", photographs=False)
    expected = []
    for i in range(2):
        save_photograph(tmp_path / "raw", f"{i}.png", seed=i)
        pixels = load_photograph(tmp_path / "raw", f"{i}.png")
        expected.append(cut_photograph(pixels, crop_square(*pixels.shape[:2], None), SIZE))
    crops = StoredCrops.open(tmp_path / "f")
    assert (crops.photographs(np.array([1, 0, 1])) == np.stack(expected)[[1, 0, 1]]).all()
    (tmp_path / "raw/1.png").unlink()
    with pytest.raises(PhotographError, match=r"1\.png"):
        crops.photographs(np.array([1]))


@pytest.mark.parametrize("fault", ["nothing", "no header", "another format", "no examples"])
def test_folders_that_are_no_crops_are_refused(tmp_path: Path, fault: str) -> None:
    folder = tmp_path / "f"
    if fault != "nothing":
        write(folder, 3)
    if fault == "no header":
        (folder / "crops.json").write_text("{")
    elif fault == "another format":
        header = json.loads((folder / "crops.json").read_text()) | {"format": 0}
        (folder / "crops.json").write_text(json.dumps(header))
    elif fault == "no examples":
        (folder / "examples.parquet").write_bytes(b"")
    with pytest.raises(FaceInsightError, match=str(folder)):
        StoredCrops.open(folder)


def test_boxes_are_none_where_any_side_is_null() -> None:
    table = label_table(["a", "b", "c"], [(1, 2, 3, 4), None, (-5, 0, 7, 8)])
    assert boxes_of(table) == [(1, 2, 3, 4), None, (-5, 0, 7, 8)]
    assert boxes_of(table.iloc[:0]) == []


def test_kept_photographs_need_no_image_library(tmp_path: Path) -> None:
    write(tmp_path / "f", 5)
    code = f"""
import sys
for name in ("PIL", "pydantic", "tqdm", "kedro", "facer", "torch", "scipy"):
    sys.modules[name] = None
import numpy as np
from faceinsight.data.store import StoredCrops
crops = StoredCrops.open({str(tmp_path / "f")!r})
assert crops.photographs(np.arange(5)).shape == (5, {SIZE}, {SIZE}, 3)
assert crops.maps(np.arange(5)).any()
"""
    subprocess.run([sys.executable, "-c", code], check=True)
