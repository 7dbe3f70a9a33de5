"""Pictures show the photograph, boxes at their places, and words beside it."""

from __future__ import annotations

import errno
import logging
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from faceinsight import FaceInsight
from faceinsight.inference.pictures import (
    Labelled,
    annotate,
    draw_folder,
    picture_names,
    wrapped,
)
from tests.inference.conftest import WHOLE
from tests.label_tables import save_photograph
from tests.model import tiny


def test_the_photograph_is_at_the_left_with_its_boxes(tmp_path: Path) -> None:
    pixels = np.full((300, 400, 3), 200, dtype=np.uint8)
    faces = [Labelled(1, (40, 100, 160, 250), ["male"]), Labelled(2, (250, 50, 350, 150), [])]
    page = np.asarray(annotate(pixels, faces)).astype(int)
    assert page.shape[0] >= 540  # 300 x 400 enlarged to 540 x 720
    assert page.shape[1] > 720
    coloured = np.ptp(page[:540, :720], axis=2) > 60
    rows, columns = np.nonzero(coloured[:, :360])
    assert (columns.min(), columns.max()) == (pytest.approx(72, abs=2), pytest.approx(288, abs=2))
    assert rows.max() == pytest.approx(450, abs=2)
    inside = page[220:440, 90:280]
    assert (inside == 200).all()
    assert (page[:, 720:] < 100).any()  # words


def test_a_whole_photograph_has_no_box() -> None:
    pixels = np.full((100, 100, 3), 200, dtype=np.uint8)
    page = np.asarray(annotate(pixels, [Labelled(1, None, ["young"])]))
    assert (page[:720, :720] == 200).all()


@settings(max_examples=15, deadline=None)
@given(size=st.tuples(st.integers(1, 3000), st.integers(1, 3000)), data=st.data())
def test_words_have_room_at_any_size(size: tuple[int, int], data: st.DataObject) -> None:
    labels = [f"label {i}" for i in range(data.draw(st.integers(0, 30)))]
    faces = data.draw(st.integers(0, 40))
    page = annotate(
        np.zeros((*size, 3), np.uint8), [Labelled(i + 1, None, labels) for i in range(faces)]
    )
    assert page.width < 1600 * 3
    beside = np.asarray(page)[:, page.width - 8 :]
    assert (beside == 255).all()  # a margin: no word leaves the page
    assert (np.asarray(page)[-8:, -60:] == 255).all()


def test_what_is_to_be_typed_has_no_marks_in_a_picture() -> None:
    font = ImageFont.load_default(12)
    assert wrapped("`faceinsight download` fetches it.", font, 10_000) == [
        "faceinsight download fetches it."
    ]


def test_a_special_caution_is_seen_on_the_picture() -> None:
    pixels = np.full((300, 400, 3), 200, dtype=np.uint8)
    face = Labelled(1, None, ["young"])
    page = np.asarray(annotate(pixels, [face], "It means nothing.")).astype(int)
    red = (page[..., 0] - page[..., 1:].max(axis=2)) > 90
    assert red[:, 720:].any()
    assert not red[:, :720].any()


@pytest.mark.parametrize(
    ("photographs", "pictures"),
    [
        (["a.jpg", "in/b.PNG"], ["a.jpg", "in/b.jpg"]),
        (["a.jpg", "a.png", "a_png.jpg"], ["a.jpg", "a_png.jpg", "a_png_jpg.jpg"]),
        (["a.jpg", "A.jpg", "A.JPG"], ["a.jpg", "A_jpg.jpg", "A_JPG 2.jpg"]),
        (["v1.2", "plain"], ["v1.2.jpg", "plain.jpg"]),
        (["con.jpg", "Aux/NUL.png", "com1.x.jpg"], ["_con.jpg", "_Aux/_NUL.jpg", "_com1.x.jpg"]),
        (["\u00e9.jpg", "e\u0301.jpg"], ["\u00e9.jpg", "e\u0301_jpg.jpg"]),
        (["what?.jpg", "a:b/c. .png"], ["what_.jpg", "a_b/c.jpg"]),
    ],
)
def test_a_picture_is_called_as_its_photograph_and_no_two_alike(photographs, pictures) -> None:
    named = picture_names(photographs)
    assert list(named) == photographs
    if photographs[0] == "a.jpg" and "A.JPG" in photographs:
        assert len({name.casefold() for name in named.values()}) == 3
    else:
        assert list(named.values()) == pictures


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1), unique=True
    )
)
def test_names_of_pictures_fit_any_file_system(names: list[str]) -> None:
    names = [name * 60 for name in names]
    called = picture_names(names).values()
    assert len({normalize("NFC", name).casefold() for name in called}) == len(names)
    assert all(len(name.encode()) <= 255 - 10 for name in called)
    assert not any(set(name) & set('<>:"|?*/\\') for name in called)


@pytest.mark.parametrize("letter", ["a", "\N{GREEK SMALL LETTER ALPHA}"])
def test_the_longest_names_have_a_picture_and_one_fault_ends_nothing(
    org: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, letter: str
) -> None:
    photos = tmp_path / "photos"
    stem = letter * (251 // len(letter.encode()))
    for name in (f"{stem}.png", f"{stem[:-1]}b.png", "bad.png"):
        save_photograph(photos, name)
    faces = FaceInsight.from_pretrained(org, WHOLE).analyze_folder(photos, progress=False).faces
    write = Path.write_bytes

    def fails(path: Path, data: bytes) -> int:
        if path.name.startswith(".bad"):
            raise OSError(errno.ENAMETOOLONG, "File name too long")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", fails)
    folder = draw_folder(photos, faces, tiny.vocabulary(), tmp_path / "work", progress=False)
    assert len(list(folder.iterdir())) == 2


def test_a_folder_of_pictures(org: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    photos = tmp_path / "photos"
    for name in ("a.png", "in/b.png", "c.png"):
        save_photograph(photos, name)
    (photos / "a.png.jpg").write_bytes((photos / "a.png").read_bytes())
    (photos / "text.txt").write_text("no image")
    faces = FaceInsight.from_pretrained(org, WHOLE).analyze_folder(photos, progress=False).faces
    (photos / "c.png").write_bytes(b"gone bad")

    def draw() -> dict[str, int]:
        with caplog.at_level(logging.WARNING):
            folder = draw_folder(
                photos, faces, tiny.vocabulary(), tmp_path / "work", progress=False
            )
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {p.relative_to(folder).as_posix(): p.stat().st_mtime_ns for p in files}

    first = draw()
    assert set(first) == {"a.jpg", "a.png.jpg", "in/b.jpg"}
    assert "c.png" in caplog.text
    assert draw() == first
    (work,) = (tmp_path / "work/pictures").iterdir()
    (work / "pictures/.a.01234567.jpg").touch()  # as a killed run leaves it
    with Image.open(work / "pictures/a.jpg") as picture:
        assert picture.size[0] > 720
    assert draw() == first
