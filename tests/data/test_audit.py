"""Photographs are decoded once; examples are chosen by hash, and what is dropped is counted."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import faceinsight.data.audit
from faceinsight.data.audit import (
    audit_photographs,
    check_photographs,
    select_examples,
    tell_losses,
)
from faceinsight.data.photographs import load_photograph
from faceinsight.errors import ParameterError
from tests.label_tables import label_table, save_photograph


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the photographs that are decoded."""
    names: list[str] = []
    load = faceinsight.data.audit.inspect_photograph

    def spy(root: Path, relative: str, **options: float) -> tuple[int, int, int]:
        names.append(relative)
        return load(root, relative, **options)

    monkeypatch.setattr(faceinsight.data.audit, "inspect_photograph", spy)
    return names


def audit(table: pd.DataFrame, tmp_path: Path, **options: float) -> pd.DataFrame:
    return audit_photographs(table, tmp_path / "raw", tmp_path / "work", progress=False, **options)


def test_each_photograph_has_one_row_with_its_status(tmp_path: Path) -> None:
    save_photograph(tmp_path / "raw", "a.png", size=(60, 40))
    save_photograph(tmp_path / "raw", "b.png")
    whole = (tmp_path / "raw/b.png").read_bytes()
    (tmp_path / "raw/b.png").write_bytes(whole[:-200])
    (tmp_path / "raw/c.png").touch()
    table = label_table(["c.png", "a.png", "b.png", "a.png", "d.png", "../x.png"])
    result = audit(table, tmp_path)
    assert result["photograph"].tolist() == ["c.png", "a.png", "b.png", "d.png", "../x.png"]
    assert result["status"].tolist() == ["empty", "ok", "truncated", "missing", "outside"]
    assert result["width"].tolist()[1] == 60
    assert result["height"].tolist()[1] == 40
    assert result["width"].isna().tolist() == [True, False, True, True, True]


def test_a_second_start_looks_only_at_what_is_new_or_changed(
    tmp_path: Path, looked_at: list[str]
) -> None:
    names = [f"{i}.png" for i in range(6)]
    for name in names:
        save_photograph(tmp_path / "raw", name)
    audit(label_table(names[:3]), tmp_path)
    assert sorted(looked_at) == names[:3]
    looked_at.clear()
    (tmp_path / "raw/1.png").write_bytes(b"no photograph")
    os.utime(tmp_path / "raw/2.png", ns=(1, 1))
    result = audit(label_table(names), tmp_path)
    assert sorted(looked_at) == names[1:]
    assert result["status"].tolist() == ["ok", "not an image", *["ok"] * 4]
    looked_at.clear()
    assert audit(label_table(names), tmp_path).equals(result)
    assert not looked_at


def test_another_limit_is_another_audit(tmp_path: Path) -> None:
    save_photograph(tmp_path / "raw", "a.png", size=(60, 40))
    assert audit(label_table(["a.png"]), tmp_path)["status"].tolist() == ["ok"]
    small = audit(label_table(["a.png"]), tmp_path, max_pixels=2399)
    assert small["status"].tolist() == ["too large"]


def test_what_was_done_before_a_sudden_end_is_kept(
    tmp_path: Path, looked_at: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{i}.png" for i in range(6)]
    for name in names:
        save_photograph(tmp_path / "raw", name)
    monkeypatch.setattr(faceinsight.data.audit, "_PART", 2)
    load = faceinsight.data.audit.inspect_photograph

    def stop(root: Path, relative: str, **options: float) -> tuple[int, int, int]:
        if relative == "3.png":
            raise KeyboardInterrupt
        return load(root, relative, **options)

    with monkeypatch.context() as patched:
        patched.setattr(faceinsight.data.audit, "inspect_photograph", stop)
        with pytest.raises(KeyboardInterrupt):
            audit(label_table(names), tmp_path)
    looked_at.clear()
    assert audit(label_table(names), tmp_path)["status"].tolist() == ["ok"] * 6
    assert sorted(looked_at) == names[2:]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_is_turned_with_its_photograph(tmp_path: Path, orientation: int) -> None:
    """The box of a mark in a stored picture frames the mark in the picture as it is seen."""
    stored = np.zeros((40, 70, 3), np.uint8)
    left, top, right, bottom = 5, 12, 20, 18
    stored[top:bottom, left:right] = 255
    (tmp_path / "raw").mkdir()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(tmp_path / "raw/a.png", exif=exif.tobytes())
    table = label_table(["a.png", "b.png", "a.png"], [(left, top, right, bottom), None, None])
    save_photograph(tmp_path / "raw", "b.png")
    table["split"] = ["train", "val", "test"]
    examples, report = select_examples(table, audit(table, tmp_path))
    assert not report["dropped"]
    box = examples[["left", "top", "right", "bottom"]]
    assert box.iloc[1:].isna().all(axis=None)
    seen = np.argwhere(load_photograph(tmp_path / "raw", "a.png")[..., 0] > 0)
    assert box.iloc[0].tolist() == [*seen.min(axis=0)[::-1], *(seen.max(axis=0) + 1)[::-1]]
    assert examples.dtypes.equals(table.dtypes)


def test_a_box_that_leaves_a_turned_photograph_is_told(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (70, 40)).save(tmp_path / "raw/a.jpg", exif=exif.tobytes())
    boxes = [(-5, 2, 9, 9), (60, 30, 80, 50), (0, 45, 30, 60)]
    table = label_table(["a.jpg"] * 3 + ["b.png", "c.png", "d.png"], [*boxes, None, None, None])
    for name in ("b.png", "c.png", "d.png"):
        save_photograph(tmp_path / "raw", name)
    examples, report = select_examples(table, audit(table, tmp_path))
    assert report["dropped"] == {"box": 1}
    assert examples["left"].dropna().tolist() == [31, -10]
    assert examples["top"].dropna().tolist() == [-5, 60]


def test_aligned_photographs_have_their_face_where_it_is_said_to_lie(tmp_path: Path) -> None:
    save_photograph(tmp_path / "raw", "a.png", size=(60, 40))
    save_photograph(tmp_path / "raw", "b.png", size=(89, 109))
    names = ["a.png", "b.png", "b.png", "gone.png"]
    table = label_table(names, [None, None, (1, 2, 30, 40), None], ["train", "val", "test", "test"])
    where = (0.26, 0.32, 0.76, 0.81)
    examples, report = select_examples(table, audit(table, tmp_path), aligned_box=where)
    boxes = examples[["left", "top", "right", "bottom"]].to_numpy(dtype=int).tolist()
    assert boxes == [[16, 13, 46, 32], [23, 35, 68, 88], [1, 2, 30, 40]]
    assert report["dropped"] == {"missing": 1}
    assert examples.dtypes.equals(table.dtypes)


def test_faces_held_out_are_in_no_part_and_no_limit_counts_them(tmp_path: Path) -> None:
    names = [f"{n}.png" for n in range(40)]
    table = label_table(names, splits=["train", "val", "test", "train"] * 10)
    some = clean_audit(table)
    examples, report = select_examples(table, some, held_out={"0.png", "1.png", "2.png"}, limit=3)
    apart = examples["split"] == "held_out"
    assert examples["photograph"][apart].tolist() == ["0.png", "1.png", "2.png"]
    assert report["held_out"] == 3
    assert report["taken"] == {"train": 3, "val": 3, "test": 3}
    assert report["available"] == {"train": 19, "val": 9, "test": 9}
    assert examples.dtypes.equals(table.dtypes)
    with pytest.raises(ParameterError, match=r"none of its 1 photographs, such as 'x/0\.png'"):
        select_examples(table, some, held_out={"x/0.png"})


def test_a_data_set_without_a_usable_photograph_stops_the_run(tmp_path: Path) -> None:
    root = tmp_path / "raw"
    table = label_table(["img/1.png", "img/2.png"])
    root.mkdir()
    (root / "img.zip").touch()
    with pytest.raises(ParameterError) as caught:
        check_photographs("mine", root, audit(table, tmp_path))
    assert str(caught.value).startswith(
        f"datasets.mine: none of its 2 photographs in {root} can be used (2 missing); the first, "
        f"{root}/img/1.png, is missing (raw/img.zip is an archive that was not unpacked); put them"
    )
    save_photograph(root, "img/2.png")
    check_photographs("mine", root, audit(table, tmp_path))
    check_photographs("mine", root, audit(label_table([]), tmp_path))


@pytest.mark.parametrize(("lost", "is_told"), [(0, False), (1, False), (2, True), (16, True)])
def test_a_large_loss_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, lost: int, is_told: bool
) -> None:
    table = many(20)
    audited = clean_audit(table, **{f"p{i}": "missing" for i in range(lost)})
    _, report = select_examples(table, audited)
    tell_losses("celeba", tmp_path, audited, report)
    said = (
        f"CelebA: {lost} of 20 labelled faces ({5 * lost} %) are left out: {lost} missing;"
        f" the first, {tmp_path}/p0.png, is missing."
    )
    assert caplog.messages == ([said] if is_told else [])


def test_faces_whose_boxes_all_lie_outside_stop_the_run(tmp_path: Path) -> None:
    table = label_table(["a.png"], [(90, 0, 99, 9)])
    _, report = select_examples(table, clean_audit(table))
    with pytest.raises(ParameterError, match="none of the 1 labelled faces can be used: 1 box"):
        tell_losses("expw", tmp_path, clean_audit(table), report)


def test_no_photographs(tmp_path: Path) -> None:
    result = audit(label_table([]), tmp_path)
    assert len(result) == 0
    examples, report = select_examples(label_table([]), result)
    assert len(examples) == 0
    assert report["rows"] == 0


def clean_audit(table: pd.DataFrame, **statuses: str) -> pd.DataFrame:
    names = pd.unique(table["photograph"].to_numpy(dtype=object))
    found = [statuses.get(Path(name).stem, "ok") for name in names]
    ok = np.array(found) == "ok"
    return pd.DataFrame(
        {
            "photograph": pd.array(names, dtype="string[pyarrow]"),
            "status": pd.array(found, dtype="string[pyarrow]"),
            "width": pd.array(np.where(ok, 60, None), dtype="int32[pyarrow]"),
            "height": pd.array(np.where(ok, 40, None), dtype="int32[pyarrow]"),
        }
    )


def many(n: int) -> pd.DataFrame:
    splits = ["train", "train", "val", "test"] * (n // 4)
    return label_table([f"p{i}.png" for i in range(n)], splits=splits)


def test_what_is_dropped_is_counted() -> None:
    table = label_table(
        ["a.png", "a.png", "b.png", "c.png", "d.png", "e.png", "f.png"],
        [(0, 0, 9, 9), (60, 0, 70, 9), *[None] * 5],
        splits=["train", "train", "train", "val", "test", "test", "test"],
    )
    audited = clean_audit(table, b="truncated", e="truncated")
    examples, report = select_examples(table, audited[audited["photograph"] != "d.png"])
    assert examples["photograph"].tolist() == ["a.png", "c.png", "f.png"]
    assert report["dropped"] == {"box": 1, "truncated": 2, "not audited": 1}
    assert report["rows"] == 7
    assert report["resplit"] is None
    assert report["taken"] == {"train": 1, "val": 1, "test": 1}


@settings(max_examples=8, deadline=None)
@given(small=st.integers(0, 40), more=st.integers(0, 40), seed=st.integers(0, 5))
def test_a_smaller_limit_takes_a_subset(small: int, more: int, seed: int) -> None:
    table = many(80)
    few, report = select_examples(table, clean_audit(table), limit=small, seed=seed)
    some, _ = select_examples(table, clean_audit(table), limit=small + more, seed=seed)
    assert set(few["photograph"]) <= set(some["photograph"])
    assert report["taken"] == {
        "train": min(small, 40),
        "val": min(small, 20),
        "test": min(small, 20),
    }
    assert report["available"] == {"train": 40, "val": 20, "test": 20}


def test_the_choice_does_not_depend_on_other_rows_or_their_order() -> None:
    table = many(80)
    chosen, _ = select_examples(table, clean_audit(table), limit=5)
    order = np.random.default_rng(0).permutation(80)
    shuffled = table.iloc[order].reset_index(drop=True)
    again, _ = select_examples(shuffled, clean_audit(shuffled), limit=5)
    assert set(chosen["photograph"]) == set(again["photograph"])
    other, _ = select_examples(table, clean_audit(table), limit=5, seed=1)
    assert set(chosen["photograph"]) != set(other["photograph"])
    names = chosen["photograph"].tolist()
    assert names == sorted(names, key=lambda name: int(name[1:-4]))


def test_limits_by_part_and_none() -> None:
    table = many(80)
    _, report = select_examples(
        table, clean_audit(table), limit={"train": 3, "val": None, "test": 0}
    )
    assert report["taken"] == {"train": 3, "val": 20, "test": 0}


def test_one_part_alone_is_split_anew() -> None:
    table = label_table([f"p{i}.png" for i in range(200)])
    examples, report = select_examples(table, clean_audit(table), limit=10)
    assert report["resplit"]
    assert report["taken"]["train"] == 10
    assert report["taken"]["val"] > 0
    assert report["taken"]["test"] > 0
    assert set(examples["split"]) == {"train", "val", "test"}


def test_a_new_split_keeps_folders_together_where_told() -> None:
    table = label_table([f"person{i // 10}/{i}.png" for i in range(200)])
    examples, report = select_examples(table, clean_audit(table), by_folder=True)
    assert report["resplit"]
    folders = examples["photograph"].str.split("/").str[0]
    assert (examples["split"].groupby(folders).nunique() == 1).all()
