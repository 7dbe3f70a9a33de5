"""Counts of what went in and what was left out."""

import pandas as pd
import pytest

from faceinsight.reports.data_tables import dataset_summary, large_losses, skipped_summary
from tests.evaluation.fakes import small_vocabulary


def test_dataset_summary_counts_known_and_present():
    table = pd.DataFrame(
        {
            "split": ["train", "train", "test"],
            "Hat": pd.array([1, None, 0], dtype="int8[pyarrow]"),
            "Bangs": pd.array([1, 1, 1], dtype="int8[pyarrow]"),
            "Bald": pd.array([None, None, 1], dtype="int8[pyarrow]"),
        }
    )
    summary = dataset_summary({"one": table, "three": table.iloc[:0]}, small_vocabulary())
    rows = summary.set_index(["split", "id"])[["faces", "known", "present"]]
    assert rows.loc[("train", "Hat")].tolist() == [2, 1, 1]
    assert rows.loc[("train", "Bald")].tolist() == [2, 0, 0]
    assert rows.loc[("val", "Bangs")].tolist() == [0, 0, 0]
    assert rows.loc[("test", "Hat")].tolist() == [1, 1, 0]
    # A data set has rows for what it annotates and holds, here nothing for the second.
    assert set(summary["dataset"]) == {"one"}


def test_skipped_summary_counts_by_reason_and_names_the_first():
    rows = pd.DataFrame(
        {
            "file": ["a.txt"] * 5,
            "row": pd.array([3, 4, 5, 6, None], dtype="int64[pyarrow]"),
            "reason": ["no age"] * 4 + ["odd"],
        }
    )
    audit = pd.DataFrame(
        {
            "photograph": ["x.jpg", "y.jpg", "z.jpg"],
            "status": pd.array(["ok", "missing", "truncated"], dtype="string[pyarrow]"),
        }
    )
    selection = {"dropped": {"missing": 7, "truncated": 1, "box": 2}, "resplit": None}
    found = skipped_summary({"one": rows}, {"one": audit}, {"one": selection})
    counted = found[["dataset", "what", "reason", "n", "first"]]
    assert list(counted.itertuples(index=False, name=None)) == [
        ("one", "label rows", "no age", 4, "a.txt, row 3, a.txt, row 4, a.txt, row 5, …"),
        ("one", "label rows", "odd", 1, "a.txt"),
        ("one", "photographs", "missing", 1, "y.jpg"),
        ("one", "photographs", "truncated", 1, "z.jpg"),
        ("one", "faces", "box", 2, ""),
    ]


def test_nothing_skipped_is_an_empty_table():
    ok = pd.DataFrame({"photograph": ["x.jpg"], "status": ["ok"]})
    assert skipped_summary({}, {"one": ok}, {"one": {"dropped": {}}}).empty


def losses(unread=0, dropped=None, failed=0, rows=100):
    read = pd.DataFrame({"file": ["a.txt"] * unread, "row": range(unread), "reason": "no age"})
    audit = pd.DataFrame({"photograph": ["x.jpg"], "status": ["ok"]})
    selection = {"rows": rows, "dropped": dropped or {}, "resplit": None}
    crops = [(f"{number}.jpg", "no face was found") for number in range(failed)]
    return skipped_summary(
        {"celeba": read}, {"celeba": audit}, {"celeba": selection}, {"celeba": crops}
    )


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (
            {"dropped": {"missing": 10}},
            "10 of 100 labelled faces (10 %) were left out (10 faces:",
        ),
        (
            {"unread": 25, "rows": 75},
            "25 of 100 labelled faces (25 %) were left out (25 label",
        ),
        ({"failed": 60}, "60 of 100 labelled faces (60 %) were left out (60 crops: no face was"),
        ({"dropped": {"missing": 4, "box": 3}, "failed": 3}, "10 of 100 labelled faces (10 %)"),
        ({"dropped": {"missing": 9}}, None),
        ({}, None),
    ],
)
def test_a_large_share_that_was_not_used_is_told(of, said):
    found = losses(**of)
    told = large_losses(found)
    assert len(told) == (said is not None)
    assert all(text.startswith(f"CelebA: {said}") for text in told)
    # Also of a table of an older version, which does not say of how many.
    assert large_losses(found.drop(columns=["lost", "of"])) == []
