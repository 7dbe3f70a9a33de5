"""What is taken for a photograph's file, and where its map lies."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceinsight.common.paths import printable
from faceinsight.errors import ParameterError, PhotographError
from faceinsight.inference.folder import find_folder, list_files
from faceinsight.inference.map_files import MapFiles
from faceinsight.inference.photograph import read_photograph
from tests.label_tables import save_map, save_photograph


def test_every_file_in_order_but_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.jpg", "a/z.png", "a/b/c", "notes.txt", ".hidden.jpg", ".cache/x.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    names, skipped = list_files(tmp_path)
    assert names == ["a/b/c", "a/z.png", "b.jpg", "notes.txt"]
    assert skipped == []


def test_folders_that_are_not_entered_are_named(tmp_path: Path) -> None:
    for name in ("faces/1.jpg", "maps/faces/1.png", "maps_faulty/faces/1.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "circle").symlink_to(tmp_path)
    names, skipped = list_files(tmp_path)
    assert names == ["faces/1.jpg"]
    assert {(s.photograph, s.reason) for s in skipped} == {
        ("circle", "link"),
        ("maps", "label maps"),
        ("maps_faulty", "label maps"),
    }


def test_a_folder_that_is_merely_called_maps_is_entered(tmp_path: Path) -> None:
    for name in ("holiday/1.jpg", "maps/city/2.jpg"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    assert list_files(tmp_path) == (["holiday/1.jpg", "maps/city/2.jpg"], [])


def test_a_folder_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.jpg").touch()
    (tmp_path / "closed").mkdir()
    scan = os.scandir

    def closed(path: str) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    names, skipped = list_files(tmp_path)
    assert names == ["x.jpg"]
    assert [(s.photograph, s.reason) for s in skipped] == [("closed", "unreadable")]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda p: None, "--params photos=FOLDER"),
        (lambda p: "", "--params photos=FOLDER"),
        (lambda p: p / "none", "there is no folder .*none"),
        (lambda p: _touched(p / "face.jpg"), "face.jpg is a file"),
    ],
)
def test_what_is_no_folder_is_one_sentence(tmp_path: Path, make, said: str) -> None:
    with pytest.raises(ParameterError, match=said) as error:
        find_folder(make(tmp_path))
    assert "\n" not in str(error.value)


def test_an_empty_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / ".hidden").touch()
    with pytest.raises(ParameterError, match="there is no file in"):
        list_files(tmp_path)


def test_home_is_a_persons_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "pictures").mkdir()
    assert find_folder("~/pictures") == (tmp_path / "pictures").resolve()


def test_names_that_are_no_unicode_can_be_written() -> None:
    assert printable("größe/ä.jpg") == "größe/ä.jpg"
    assert printable(os.fsdecode(b"a\xff.jpg")).encode("utf-8")


def test_links_to_files_are_followed_and_loops_are_errors(tmp_path: Path) -> None:
    pixels = save_photograph(tmp_path / "elsewhere", "x.png")
    (tmp_path / "here").mkdir()
    (tmp_path / "here/link.jpg").symlink_to(tmp_path / "elsewhere/x.png")
    (tmp_path / "here/loop.jpg").symlink_to(tmp_path / "here/loop.jpg")
    (tmp_path / "here/gone.jpg").symlink_to(tmp_path / "nothing.jpg")
    assert (read_photograph(tmp_path / "here/link.jpg", "link.jpg", 1e6) == pixels).all()
    for name in ("loop.jpg", "gone.jpg"):
        with pytest.raises(PhotographError):
            read_photograph(tmp_path / "here" / name, name, 1e6)


def test_maps_are_found_beside_a_folder_above(tmp_path: Path) -> None:
    classes = np.arange(16, dtype=np.uint8).reshape(4, 4)
    save_map(tmp_path, "celeba/maps/img_align_celeba/1.png", classes)
    path = tmp_path / "celeba/img_align_celeba/1.jpg"
    path.parent.mkdir()
    Image.new("RGB", (4, 4)).save(path)
    maps = MapFiles("maps")
    assert (maps.load(path, "1.jpg", (4, 4)) == classes).all()
    assert maps(path.with_name("2.jpg")) is None
    for without in (path.with_name("2.jpg"), None):
        with pytest.raises(PhotographError, match=r"2\.jpg.*predict\.maps=parsed") as error:
            maps.load(without, "2.jpg", (4, 4))
        assert error.value.reason == "no map"


def _touched(path: Path) -> Path:
    path.touch()
    return path
