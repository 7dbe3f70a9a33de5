"""CelebA's reader, against an independent reading of the whole official files."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceinsight.data.readers import read_labels
from faceinsight.method.characteristics import Vocabulary
from tests.data.readers.layouts import good, write


@pytest.fixture(scope="module")
def real(shared: Path, vocabulary: Vocabulary) -> pd.DataFrame:
    return read_labels("celeba", shared / "data/celeba", vocabulary).table


def test_whole_file_equals_an_independent_reading(real: pd.DataFrame, shared: Path) -> None:
    folder = shared / "data/celeba"
    truth = pd.read_csv(folder / "list_attr_celeba.txt", sep=r"\s+", skiprows=1)
    parts = pd.read_csv(folder / "list_eval_partition.txt", sep=" ", header=None, index_col=0)
    assert len(real) == len(truth) == 202_599
    assert real["photograph"].tolist() == ("img_align_celeba/" + truth.index).tolist()
    assert (real[truth.columns].to_numpy(np.int8) == (truth.to_numpy() == 1)).all()
    expected = parts[1].reindex(truth.index).map({0: "train", 1: "val", 2: "test"})
    assert real["split"].tolist() == expected.tolist()
    assert real["split"].value_counts().to_dict() == {
        "train": 162_770, "val": 19_867, "test": 19_962,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("Bald", "Bangs", 0), ("Bald", "Wavy_Hair", 5), ("Bald", "Blond_Hair", 1),
        ("Bald", "Brown_Hair", 3), ("Bald", "Black_Hair", 59), ("Bald", "Straight_Hair", 71),
        ("Black_Hair", "Blond_Hair", 3), ("Black_Hair", "Gray_Hair", 10),
        ("Brown_Hair", "Gray_Hair", 53), ("Black_Hair", "Brown_Hair", 1_136),
        ("Bangs", "Receding_Hairline", 4), ("No_Beard", "Goatee", 218),
        ("No_Beard", "Mustache", 235), ("No_Beard", "Sideburns", 128),
        ("No_Beard", "5_o_Clock_Shadow", 6_343), ("Straight_Hair", "Wavy_Hair", 1_158),
        ("Male", "Female", 0),
    ],
)  # fmt: skip
def test_known_counts_of_pairs(real: pd.DataFrame, one: str, other: str, count: int) -> None:
    assert int(((real[one] == 1) & (real[other] == 1)).sum()) == count


def test_female_is_the_complement_of_male(real: pd.DataFrame) -> None:
    assert (real["Male"] + real["Female"] == 1).all()


@settings(max_examples=3, deadline=None)
@given(data=st.data())
def test_any_layout_reads_back(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, vocabulary: Vocabulary
) -> None:
    columns = data.draw(st.permutations([*vocabulary.named_by("celeba").values(), "Left_Handed"]))
    names = data.draw(
        st.lists(
            st.from_regex(r"[\wé]{1,8}\.jpg", fullmatch=True), min_size=1, max_size=5, unique=True
        )
    )
    labels = np.array(
        data.draw(
            st.lists(st.sampled_from([-1, 1]), min_size=len(names) * 41, max_size=len(names) * 41)
        )
    ).reshape(-1, 41)
    parts = data.draw(st.lists(st.integers(0, 2), min_size=len(names), max_size=len(names)))
    end = data.draw(st.sampled_from(["\n", "\r\n", " \n", "\n\n"]))
    pad = data.draw(st.sampled_from(["{:2d}", "{}", "\t{}", "   {}"]))
    text = (
        f"{len(names)}\n{' '.join(columns)}"
        + end
        + end.join(
            f"{name} {' '.join(pad.format(x) for x in row)}"
            for name, row in zip(names, labels.tolist(), strict=True)
        )
    )
    order = data.draw(st.permutations(range(len(names))))
    partition = "".join(f"{names[i]} {parts[i]}{end}" for i in order)
    folder = write(
        tmp_path_factory.mktemp("celeba"),
        {"list_attr_celeba.txt": text, "list_eval_partition.txt": partition},
    )
    table = read_labels("celeba", folder, vocabulary).table
    assert table["photograph"].tolist() == [f"img_align_celeba/{name}" for name in names]
    assert table["split"].tolist() == [("train", "val", "test")[part] for part in parts]
    for id_, name in vocabulary.named_by("celeba").items():
        assert table[id_].tolist() == (labels[:, columns.index(name)] == 1).astype(int).tolist()


def test_more_photographs_in_the_partition_than_in_the_labels(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    files = good("celeba", vocabulary)
    files["list_eval_partition.txt"] = "9.jpg 0\n000003.jpg 2\n000001.jpg 1\n000002.jpg 0\n"
    table = read_labels("celeba", write(tmp_path, files), vocabulary).table
    assert table["split"].tolist() == ["val", "train", "test"]
