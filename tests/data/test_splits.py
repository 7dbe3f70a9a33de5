"""Seeded splits: the same everywhere, near their shares, and whole where few photographs are."""

import hashlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from faceinsight.data.splits import PARTS, SeededSplit, hash_units, resplit_if_one_part
from faceinsight.errors import LabelFileError, ParameterError

STRING = pd.ArrowDtype(pa.string())


def table_of(photographs: list[str], parts: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"photograph": photographs, "split": parts}).astype(STRING)


def test_units_are_pinned_and_follow_their_definition() -> None:
    units = hash_units(["000001.jpg", "été/ß.jpg", ""], seed=7)
    expected = [
        int.from_bytes(hashlib.blake2b(f"7:{key}".encode(), digest_size=8).digest(), "little")
        / 2**64
        for key in ("000001.jpg", "été/ß.jpg", "")
    ]
    np.testing.assert_allclose(units, expected, rtol=0, atol=2**-52)
    assert hash_units([], seed=0).shape == (0,)


def test_parts_are_pinned() -> None:
    parts = SeededSplit(seed=7, val_share=0.3, test_share=0.3).parts(pa.array(list("0123456789")))
    assert " ".join(parts.to_pylist()) == "test train val val train val train train test test"


def test_units_are_uniform_and_another_seed_gives_others() -> None:
    keys = [f"{i:06d}.jpg" for i in range(20_000)]
    units, others = hash_units(keys, 0), hash_units(keys, 1)
    counts = np.histogram(units, bins=20, range=(0, 1))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 43.8  # chi squared, 19 degrees, p = 0.001
    assert abs(np.corrcoef(units, others)[0, 1]) < 0.03


@settings(max_examples=25, deadline=None)
@given(
    keys=st.lists(st.text(), unique=True, max_size=20),
    seed=st.integers(),
    random=st.randoms(use_true_random=False),
)
def test_part_depends_on_key_and_seed_alone(keys: list[str], seed: int, random) -> None:
    split = SeededSplit(seed)
    of = dict(zip(keys, split.parts(pa.array(keys, pa.string())).to_pylist(), strict=True))
    rows = random.choices(keys, k=60) if keys else []
    chunks = pa.chunked_array([rows[:20], rows[20:]], pa.string())
    assert split.parts(chunks).to_pylist() == [of[key] for key in rows]


def test_shares() -> None:
    keys = pa.array([f"{i}.jpg" for i in range(20_000)])
    parts = SeededSplit(1, val_share=0.2, test_share=0.05).parts(keys).to_pylist()
    shares = [parts.count(part) / len(parts) for part in PARTS]
    np.testing.assert_allclose(shares, [0.75, 0.2, 0.05], atol=0.01)
    parts = SeededSplit(1, val_share=0.2).train_and_val(keys).to_pylist()
    assert set(parts) == {"train", "val"}
    assert parts.count("val") / len(parts) == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(
    ("val_share", "test_share", "message"),
    [
        (0, 0.1, "val_share is 0, but must lie between 0 and 1"),
        (0.1, 1.0, "test_share is 1.0, but must lie between 0 and 1"),
        (float("nan"), 0.1, "val_share is nan"),
        (0.5, 0.5, "leave nothing to train on: their sum must be below 1"),
    ],
)
def test_shares_that_cannot_work(val_share: float, test_share: float, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        SeededSplit(0, val_share, test_share)


@settings(max_examples=12, deadline=None)
@given(
    n=st.integers(3, 200),
    seed=st.integers(0, 9),
    val_share=st.floats(0.01, 0.9),
    test_share=st.floats(0.01, 0.9),
    random=st.randoms(use_true_random=False),
)
def test_resplit_fills_every_part_whatever_the_order(
    n: int, seed: int, val_share: float, test_share: float, random
) -> None:
    assume(val_share + test_share < 0.99)
    names = [f"img/{i:06d}.jpg" for i in range(n)]
    shares = {"val_share": val_share, "test_share": test_share}
    table, reason = resplit_if_one_part(table_of(names, ["train"] * n), seed, **shares)
    counts = table["split"].value_counts().to_dict()
    assert set(counts) == set(PARTS)
    if min(val_share, test_share, 1 - val_share - test_share) * n > 3:
        assert abs(counts["test"] - test_share * n) <= 1
        assert abs(counts["val"] - val_share * n) <= 1
    assert reason is not None
    assert f"no val and no test part (train {n}, val 0, test 0)" in reason
    order = random.sample(range(n), n)
    shuffled, _ = resplit_if_one_part(
        table_of([names[i] for i in order], ["train"] * n), seed, **shares
    )
    assert shuffled["split"].tolist() == [table["split"][i] for i in order]
    assert table.dtypes.to_dict() == {"photograph": STRING, "split": STRING}


def test_table_with_all_parts_or_no_row_stays_as_it_is() -> None:
    table = table_of(["a", "b", "c"], ["train", "val", "test"])
    assert resplit_if_one_part(table, 0) == (table, None)
    empty = table.iloc[:0]
    assert resplit_if_one_part(empty, 0) == (empty, None)


def test_resplit_does_not_change_the_table_it_is_given() -> None:
    table = table_of(["a", "b", "c"], ["test"] * 3)
    resplit_if_one_part(table, 0)
    assert table["split"].tolist() == ["test"] * 3


def test_resplit_by_folder_keeps_persons_together() -> None:
    names = [f"n{person:06d}/{photo:04d}_01.jpg" for person in range(30) for photo in range(7)]
    table, reason = resplit_if_one_part(table_of(names, ["train"] * 210), 5, by_folder=True)
    people = table["photograph"].str.slice(0, 7)
    assert (table.groupby(people)["split"].nunique() == 1).all()
    assert table.groupby("split")["photograph"].count().to_dict() == {
        "train": 24 * 7, "val": 3 * 7, "test": 3 * 7,
    }  # fmt: skip
    assert reason is not None
    assert reason.endswith("by a hash of the photograph's folder with seed 5")


def test_too_few_to_split() -> None:
    with pytest.raises(
        LabelFileError, match=r"^2 photographs cannot be split into train, val, test"
    ):
        resplit_if_one_part(table_of(["a", "b"], ["train", "test"]), 0)
    with pytest.raises(LabelFileError, match=r"^1 folders of photographs cannot be split"):
        resplit_if_one_part(table_of(["x/a", "x/b", "x/c"], ["train"] * 3), 0, by_folder=True)


def test_faces_of_one_photograph_stay_together() -> None:
    table, _ = resplit_if_one_part(table_of([f"{i // 3}.jpg" for i in range(60)], ["val"] * 60), 2)
    assert (table.groupby("photograph")["split"].nunique() == 1).all()
