"""Segmentation goes on where it was, parses nothing twice, and leaves out what fails."""

from __future__ import annotations

import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import faceinsight.data.filling
from faceinsight.data.filling import ShardFiller
from faceinsight.data.geometry import crop_square, cut_map, cut_photograph
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.segmentation import segment
from faceinsight.data.shards import ShardStore
from faceinsight.data.store import StoredCrops
from faceinsight.errors import FaceInsightError, PhotographError
from tests.data.parsing.fakes import HAIR, SKIN, BrightnessParser
from tests.label_tables import label_table, save_map, save_photograph

SETTINGS = SegmentationSettings(size=16, view=64, batch_size=4, shard_size=6, workers=2)
NAMES = [f"some/{i}.png" for i in range(20)]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    for i, name in enumerate(NAMES):
        save_photograph(tmp_path / "raw", name, seed=i)
    return tmp_path / "raw"


def run(raw: Path, names: list[str], parser: BrightnessParser, **changes: object) -> StoredCrops:
    changed = SETTINGS.model_copy(update=changes)
    work = raw.parent / "work"
    folder = segment(
        "celeba", label_table(names), raw, work, changed, parser=parser, progress=False
    )
    return StoredCrops.open(folder)


def check(crops: StoredCrops, raw: Path, names: list[str]) -> None:
    """Every example has its own photograph's crop, and a map in the same geometry."""
    assert crops.examples["photograph"].tolist() == names
    photographs = crops.photographs(np.arange(len(crops)))
    maps = crops.maps(np.arange(len(crops)))
    for name, photograph, label_map in zip(names, photographs, maps, strict=True):
        pixels = np.asarray(Image.open(raw / name))
        assert (photograph == cut_photograph(pixels, crop_square(40, 60, None), 16)).all()
        assert (label_map[:2] == 0).all()  # 60 x 40 leaves 2.67 of 16 rows empty on either side
        inner, bright = label_map[4:12], photograph[4:12, :, 0].astype(int)
        assert (inner[bright > 160] == SKIN).mean() > 0.9
        assert (inner[bright < 90] == HAIR).mean() > 0.9


def test_crops_and_maps_of_the_right_photographs(raw: Path) -> None:
    parser = BrightnessParser()
    names = [*NAMES[10:], *NAMES[:10], NAMES[0]]
    crops = run(raw, names, parser)
    check(crops, raw, names)
    assert set(crops.examples["map_from"]) == {"detected"}
    assert crops.header["counts"] == {"detected": 21}
    assert crops.header["done_now"] == 21
    assert crops.header["images_per_second"] > 0
    assert set(parser.batches[:-1]) == {4}


def test_nothing_is_parsed_twice_even_as_the_selection_grows(raw: Path) -> None:
    first = run(raw, NAMES[:8], BrightnessParser())
    again = BrightnessParser()
    assert run(raw, NAMES[:8], again).folder == first.folder
    assert again.parsed == 0
    more = BrightnessParser()
    grown = run(raw, NAMES[4:], more)
    assert more.parsed == 12
    check(grown, raw, NAMES[4:])
    fewer = BrightnessParser()
    check(run(raw, NAMES[::3], fewer), raw, NAMES[::3])
    assert fewer.parsed == 0


def test_a_file_that_changed_is_parsed_again(raw: Path) -> None:
    run(raw, NAMES, BrightnessParser())
    save_photograph(raw, NAMES[3], seed=99)
    os.utime(raw / NAMES[5], ns=(1, 1))
    parser = BrightnessParser()
    check(run(raw, NAMES, parser), raw, NAMES)
    assert parser.parsed == 2


def test_settings_that_change_results_start_anew_and_others_do_not(raw: Path) -> None:
    run(raw, NAMES[:4], BrightnessParser())
    for changes, parsed in (
        ({"batch_size": 2, "workers": 1, "shard_size": 3, "device": "cuda"}, 0),
        ({"size": 20}, 4),
        ({"view": 80}, 4),
        ({"aligned_crops": ("celeba",)}, 4),
        ({"aligned_crops": ("rafdb",)}, 0),
        ({"context": 2.0}, 4),
    ):
        parser = BrightnessParser()
        run(raw, NAMES[:4], parser, **changes)
        assert parser.parsed == parsed, changes
    other = BrightnessParser("another")
    run(raw, NAMES[:4], other)
    assert other.parsed == 4


@pytest.mark.parametrize("stop_after", [0, 1, 3, 4])
def test_interrupted_work_keeps_every_batch_that_was_parsed(raw: Path, stop_after: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(raw, NAMES, BrightnessParser(stop_after=stop_after))
    parser = BrightnessParser()
    crops = run(raw, NAMES, parser)
    assert parser.parsed == 20 - 4 * stop_after
    check(crops, raw, NAMES)


def test_what_a_killed_start_left_half_written_is_not_read(raw: Path) -> None:
    crops = run(raw, NAMES, BrightnessParser())
    shards = crops.folder.parents[1] / "shards"
    lost = 0
    for shard in list(shards.iterdir())[:2]:
        lost += len(np.load(shard / "maps.npy"))
        shard.rename(shards / f".{shard.name}.01234567")  # as `write_beside` names what it writes
    shutil.rmtree(crops.folder)
    parser = BrightnessParser()
    check(run(raw, NAMES, parser), raw, NAMES)
    assert parser.parsed == lost


def test_a_finished_folder_stands_by_itself(raw: Path) -> None:
    crops = run(raw, NAMES, BrightnessParser())
    copy = shutil.copytree(crops.folder, raw.parent / "copy")
    expected = crops.photographs(np.arange(20))
    shutil.rmtree(raw.parent / "work")
    shutil.rmtree(raw)
    again = StoredCrops.open(copy)
    assert (again.photographs(np.arange(20)) == expected).all()
    assert again.maps(np.arange(20)).any()


def test_whole_shards_are_linked_and_of_others_only_the_rows_are_copied(raw: Path) -> None:
    whole = run(raw, NAMES, BrightnessParser(), shard_size=20)
    assert (whole.folder / "maps-00000.npy").stat().st_nlink == 2
    few = run(raw, NAMES[:2], BrightnessParser())
    assert np.load(few.folder / "maps-00000.npy").shape == (2, 16, 16)
    check(few, raw, NAMES[:2])


def test_photographs_that_fail_are_named_and_left_out(
    raw: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (raw / NAMES[2]).unlink()
    (raw / NAMES[7]).write_bytes(b"gone bad")
    with caplog.at_level(logging.WARNING):
        crops = run(raw, NAMES, BrightnessParser())
    kept = [name for i, name in enumerate(NAMES) if i not in (2, 7)]
    check(crops, raw, kept)
    assert crops.header["skipped"] == [[NAMES[2], "missing"], [NAMES[7], "not an image"]]
    assert "faces of 2 photographs" in caplog.text
    assert NAMES[2] in caplog.text
    save_photograph(raw, NAMES[2], seed=2)
    parser = BrightnessParser()
    repaired = run(raw, NAMES, parser)
    assert parser.parsed == 1
    check(repaired, raw, [name for name in NAMES if name != NAMES[7]])


def test_if_every_photograph_fails_it_is_said(raw: Path) -> None:
    with pytest.raises(PhotographError, match=r"none\.png"):
        run(raw, ["none.png"], BrightnessParser())


def test_faces_that_others_wrote_where_nobody_sees_them_are_not_dropped(raw: Path) -> None:
    (raw / NAMES[2]).unlink()

    def fill(filler: ShardFiller, store: ShardStore, keys: Any, bar: Any) -> Any:
        """Two of three nodes write into the folder, the third into its own disk."""
        elsewhere = ShardStore(raw.parent / "disk" / "shards")
        seen, unseen = keys.iloc[:14], keys.iloc[14:]
        return filler.fill(store, seen, bar) + filler.fill(elsewhere, unseen, bar)

    table, parser = label_table(NAMES), BrightnessParser()
    with pytest.raises(FaceInsightError, match=r"shards: 6 faces .* the first of some/14\.png: "):
        segment("celeba", table, raw, raw.parent / "work", SETTINGS, parser=parser, fill=fill)
    # What was written is found, by one that writes where it is to.
    again = BrightnessParser()
    check(run(raw, NAMES, again), raw, [name for name in NAMES if name != NAMES[2]])
    assert again.parsed == 6


def test_no_examples(raw: Path) -> None:
    crops = run(raw, [], BrightnessParser())
    assert len(crops) == 0
    assert crops.maps(np.arange(0)).shape == (0, 16, 16)


def test_black_photographs_have_maps_from_the_crop(raw: Path) -> None:
    Image.new("RGB", (30, 30)).save(raw / "black.png")
    crops = run(raw, ["black.png", NAMES[0]], BrightnessParser())
    assert crops.examples["map_from"].tolist() == ["crop", "detected"]
    assert crops.header["counts"] == {"crop": 1, "detected": 1}


def test_several_faces_of_a_photograph_are_cut_by_their_boxes_and_read_once(
    raw: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reads: list[str] = []
    load = faceinsight.data.filling.load_photograph

    def spy(root: Path, relative: str, **options: float) -> np.ndarray:
        reads.append(relative)
        return load(root, relative, **options)

    monkeypatch.setattr(faceinsight.data.filling, "load_photograph", spy)
    boxes = [(12, 8, 32, 28), None, (30, 10, 70, 50), (-10, -10, 12, 8), (90, 0, 99, 9)]
    names = [NAMES[0], NAMES[1], NAMES[0], NAMES[0], NAMES[0]]
    table = label_table(names, boxes)
    parser = BrightnessParser()
    folder = segment("expw", table, raw, raw.parent / "w", SETTINGS, parser=parser, progress=False)
    crops = StoredCrops.open(folder)
    assert sorted(reads) == [NAMES[0], NAMES[1]]
    assert crops.header["skipped"] == [[NAMES[0], "box"]]  # the last box lies outside
    assert f"{NAMES[0]}: the box (90, 0, 99, 9)" in caplog.text
    pixels = np.asarray(Image.open(raw / NAMES[0]))
    for row, at in ((0, 0), (2, 2), (3, 3)):
        square = crop_square(40, 60, boxes[at], 0.25)
        expected = cut_photograph(pixels, square, 16)
        assert (crops.photographs(np.array([row]))[0] == expected).all()
        outside = cut_map(np.ones((40, 60), np.uint8), square, 16) == 0
        assert (crops.maps(np.array([row]))[0][outside] == 0).all()
    # In a view of 64 pixels that shows 1.5 crops of 1.5 boxes, a box is 64 / 2.25 wide; the first
    # is in the middle, the fourth was moved inside its photograph.
    boxed = parser.boxes[[window[0] > 0 for window in parser.windows].index(True)]
    assert parser.windows[0] == pytest.approx((1 / 6, 2 / 3))
    middle = pytest.approx([64 / 2 - 64 / 4.5] * 2 + [64 / 2 + 64 / 4.5] * 2, abs=1e-4)
    assert [box == middle for box in boxed].count(True) == 1
    assert sum(abs(box[2] - box[0] - 64 / 2.25) < 1e-4 for box in boxed) == 2
    whole = parser.boxes[parser.windows.index((0.0, 1.0))]
    assert np.isnan(whole).all()


def test_views_repeat_the_edge_where_crops_are_black(raw: Path) -> None:
    seen: list[np.ndarray] = []

    class Spy(BrightnessParser):
        def __call__(self, views: np.ndarray, *rest: object) -> tuple[np.ndarray, np.ndarray]:
            seen.append(views)
            return super().__call__(views, *rest)  # type: ignore[arg-type]

    Image.new("RGB", (60, 40), (9, 99, 199)).save(raw / "flat.png")
    crops = run(raw, ["flat.png"], Spy())
    assert (seen[0][0] == (9, 99, 199)).all()
    assert (crops.photographs(np.array([0]))[0][0] == 0).all()


def test_provided_maps_go_through_the_photographs_geometry(raw: Path) -> None:
    rng = np.random.default_rng(0)
    maps = {}
    for folder in ("maps", "maps_faulty"):
        for name in NAMES[:4]:
            maps[folder, name] = rng.integers(0, 19, (40, 60), dtype=np.uint8)
            save_map(raw / folder, name, maps[folder, name])
    for kind, folder in (("provided", "maps"), ("provided_faulty", "maps_faulty")):
        crops = run(raw, NAMES[:4], BrightnessParser(), maps=kind)
        assert crops.header["counts"] == {"provided": 4}
        for i, name in enumerate(NAMES[:4]):
            expected = cut_map(maps[folder, name], crop_square(40, 60, None), 16)
            assert (crops.maps(np.array([i]))[0] == expected).all()
    save_map(raw / "maps", NAMES[1], np.zeros((40, 60)))
    os.utime(raw / "maps" / NAMES[1], ns=(1, 1))
    again = run(raw, NAMES[:4], BrightnessParser(), maps="provided")
    assert again.header["done_now"] == 1
    assert (again.maps(np.array([1])) == 0).all()


def test_without_maps_and_without_photographs(raw: Path) -> None:
    crops = run(raw, NAMES[:3], BrightnessParser(), maps="none", keep_photographs=False)
    kept = run(raw, NAMES[:3], BrightnessParser(), maps="none")
    assert crops.header["counts"] == {"none": 3}
    assert not list(crops.folder.glob("*-*.npy"))
    at = np.array([2, 0])
    assert (crops.photographs(at) == kept.photographs(at)).all()
    assert (crops.maps(at) == 0).all()


def test_header_is_plain_json(raw: Path) -> None:
    crops = run(raw, NAMES[:3], BrightnessParser())
    header = json.loads((crops.folder / "crops.json").read_text())
    assert header["raw"] == str(raw)
    assert header["examples"] == 3
    assert header["settings"] == {
        "maps": "parsed",
        "size": 16,
        "margin": 0.25,
        "detector": "retinaface/mobilenet",
        "parser": "farl/celebm/448",
        "context": 1.5,
        "view": 64,
    }


def test_a_photograph_of_one_line_has_crop_and_map(raw: Path) -> None:
    Image.new("RGB", (3000, 1), (255, 255, 255)).save(raw / "line.png")
    crops = run(raw, ["line.png", NAMES[0]], BrightnessParser())
    assert (crops.maps(np.array([0])) == 0).all()


@settings(max_examples=4, deadline=None)
@given(selections=st.lists(st.sets(st.integers(0, 19), min_size=1), min_size=1, max_size=4))
def test_any_sequence_of_selections(
    tmp_path_factory: pytest.TempPathFactory, selections: list[set[int]]
) -> None:
    raw = tmp_path_factory.mktemp("any") / "raw"
    for i, name in enumerate(NAMES):
        save_photograph(raw, name, seed=i)
    seen: set[int] = set()
    for chosen in selections:
        names = [NAMES[i] for i in chosen]
        parser = BrightnessParser()
        check(run(raw, names, parser), raw, names)
        assert parser.parsed == len(chosen - seen)
        seen |= chosen
