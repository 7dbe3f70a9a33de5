"""Photographs are decoded once; examples are chosen by hash, and what is dropped is counted."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import faceinsight.data.audit
from faceinsight.data.audit import audit_photographs, select_examples
from faceinsight.errors import ParameterError
from tests.label_tables import label_table, save_photograph


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the photographs that are decoded."""
    names: list[str] = []
    load = faceinsight.data.audit.load_photograph

    def spy(root: Path, relative: str, **options: float) -> np.ndarray:
        names.append(relative)
        return load(root, relative, **options)

    monkeypatch.setattr(faceinsight.data.audit, "load_photograph", spy)
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
    load = faceinsight.data.audit.load_photograph

    def stop(root: Path, relative: str, **options: float) -> np.ndarray:
        if relative == "3.png":
            raise KeyboardInterrupt
        return load(root, relative, **options)

    with monkeypatch.context() as patched:
        patched.setattr(faceinsight.data.audit, "load_photograph", stop)
        with pytest.raises(KeyboardInterrupt):
            audit(label_table(names), tmp_path)
    looked_at.clear()
    assert audit(label_table(names), tmp_path)["status"].tolist() == ["ok"] * 6
    assert sorted(looked_at) == names[2:]


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


@pytest.mark.parametrize("limit", [{"training": 3}, {"train": -1}, -2])
def test_limits_that_cannot_be_meant_are_refused(limit: dict[str, int] | int) -> None:
    table = many(8)
    with pytest.raises(ParameterError, match="limit"):
        select_examples(table, clean_audit(table), limit=limit)


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
