"""ExpW's reader: several faces a photograph, boxes as they stand in the file."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceinsight.data.readers import read_labels
from faceinsight.method.characteristics import Vocabulary
from tests.data.readers.layouts import good, write

EXPRESSIONS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]


def test_real_file_equals_an_independent_reading(shared: Path, vocabulary: Vocabulary) -> None:
    with (shared / "data/expw/label.lst").open(newline="") as stream:
        rows = list(csv.reader(stream, delimiter=" "))
    table = read_labels("expw", shared / "data/expw", vocabulary).table
    assert len(table) == len(rows) == 2_876
    assert table["photograph"].tolist() == [f"image/{row[0]}" for row in rows]
    assert all((shared / "data/expw" / name).is_file() for name in table["photograph"].unique())
    for column, i in (("face", 1), ("top", 2), ("left", 3), ("right", 4), ("bottom", 5)):
        assert table[column].tolist() == [int(row[i]) for row in rows]
    assert table[EXPRESSIONS].idxmax(axis=1).tolist() == [EXPRESSIONS[int(row[7])] for row in rows]
    assert (table[EXPRESSIONS].sum(axis=1) == 1).all()
    assert (table.groupby("photograph")["split"].nunique() == 1).all()


def test_photographs_in_the_archives_own_folder(tmp_path: Path, vocabulary: Vocabulary) -> None:
    write(tmp_path, good("expw", vocabulary))
    assert read_labels("expw", tmp_path, vocabulary).table["photograph"][0] == "image/a.jpg"
    (tmp_path / "image").mkdir()
    before = read_labels("expw", tmp_path, vocabulary).table
    assert before["photograph"][0] == "image/a.jpg"
    write(tmp_path, {"image/origin/a.jpg": b""})
    after = read_labels("expw", tmp_path, vocabulary).table
    assert after["photograph"][0] == "image/origin/a.jpg"
    assert after["split"].equals(before["split"])


boxes = st.tuples(
    st.integers(-50, 900), st.integers(-50, 900), st.integers(1, 500), st.integers(1, 500)
)


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_any_layout_reads_back(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, vocabulary: Vocabulary
) -> None:
    name = st.from_regex(r"[\w'\",é-]{1,9}\.jpg", fullmatch=True)
    faces = data.draw(st.lists(st.tuples(name, st.integers(0, 9)), min_size=1, unique=True))
    rows = []
    for photograph, face in faces:
        left, top, width, height = data.draw(boxes)
        label = data.draw(st.integers(0, 6))
        rows.append((photograph, face, top, left, left + width, top + height, label))
    end = data.draw(st.sampled_from(["\n", "\r\n", " \n"]))
    text = end.join(" ".join(map(str, [*row[:6], "50.0151", row[6]])) for row in rows)
    folder = write(tmp_path_factory.mktemp("expw"), {"label.lst": text})
    table = read_labels("expw", folder, vocabulary, seed=1).table
    read = list(
        zip(
            table["photograph"].str.removeprefix("image/"),
            *(table[c] for c in ("face", "top", "left", "right", "bottom")),
            (EXPRESSIONS.index(e) for e in table[EXPRESSIONS].idxmax(axis=1)),
            strict=True,
        )
    )
    assert read == rows
    assert (table.groupby("photograph")["split"].nunique() == 1).all()
