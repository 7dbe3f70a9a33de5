"""MAAD's reader: published names, unknown labels, and a split that keeps persons together."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceinsight.data.readers import read_labels
from faceinsight.method.characteristics import Vocabulary
from tests.data.readers.layouts import good, write

VALUES = {"1": 1, "-1": 0, "0": None}


def present(column) -> list[int | None]:
    return [
        None if value is None else int(value)
        for value in column.array.__arrow_array__().to_pylist()
    ]


def test_published_format_equals_an_independent_reading(
    shared: Path, vocabulary: Vocabulary
) -> None:
    with (shared / "formats/maad/MAAD_Face.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    table = read_labels("maad", shared / "formats/maad", vocabulary).table
    assert table["photograph"].tolist() == [row["Filename"] for row in rows]
    named = vocabulary.named_by("maad")
    assert len(named) == 47
    for id_, name in named.items():
        assert present(table[id_]) == [VALUES[row[name]] for row in rows]
    male = present(table["Male"])
    assert present(table["Female"]) == [None if m is None else 1 - m for m in male]
    parts = {}
    for row, part in zip(rows, table["split"], strict=True):
        assert parts.setdefault(row["Identity"], part) == part


def test_other_published_name(tmp_path: Path, vocabulary: Vocabulary) -> None:
    files = good("maad", vocabulary)
    folder = write(tmp_path, {"MAAD-Face.csv": files["MAAD_Face.csv"]})
    assert len(read_labels("maad", folder, vocabulary).table) == 2


@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_any_order_of_columns_reads_back(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, vocabulary: Vocabulary
) -> None:
    named = vocabulary.named_by("maad")
    columns = data.draw(st.permutations(["Filename", "Identity", "Note", *named.values()]))
    faces = data.draw(
        st.lists(
            st.tuples(st.integers(0, 99_999), st.integers(0, 999)),
            min_size=1,
            max_size=9,
            unique=True,
        )
    )
    rows = [
        {
            "Filename": f"n{person:06d}/{photo:04d}_01.jpg",
            "Identity": str(person),
            "Note": data.draw(st.sampled_from(["", "a, b", '"'])),
            **{name: data.draw(st.sampled_from(list(VALUES))) for name in named.values()},
        }
        for person, photo in faces
    ]
    folder = tmp_path_factory.mktemp("maad")
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    mark = data.draw(st.sampled_from(["utf-8", "utf-8-sig"]))
    with (folder / "MAAD_Face.csv").open("w", encoding=mark, newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator=end)
        writer.writeheader()
        writer.writerows(rows)
    table = read_labels("maad", folder, vocabulary, seed=data.draw(st.integers())).table
    assert table["photograph"].tolist() == [row["Filename"] for row in rows]
    for id_, name in named.items():
        assert present(table[id_]) == [VALUES[row[name]] for row in rows]
    parts: dict[str, str] = {}
    for row, part in zip(rows, table["split"], strict=True):
        assert parts.setdefault(row["Identity"], part) == part


def test_columns_that_the_vocabulary_does_not_use_are_not_read(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    config = vocabulary.to_config()
    config["sensitive"].remove("Attractive")
    del config["characteristics"]["Attractive"], config["order"]
    files = good("maad", vocabulary)
    files["MAAD_Face.csv"] = files["MAAD_Face.csv"].replace("Attractive", "Charming")
    table = read_labels("maad", write(tmp_path, files), Vocabulary.from_config(config)).table
    assert table.shape == (2, 55)
    assert "Attractive" not in table
