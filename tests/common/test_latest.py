"""The path that stays leads to the newest version, whole, on any file system."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from faceinsight.common.latest import latest_place, show_latest, stable_path


def page(data: Path, version: str, text: str = "") -> Path:
    path = data / f"08_reporting/report.html/{version}/report.html"
    path.parent.mkdir(parents=True)
    path.write_text(text or version)
    return path


def model(data: Path, version: str) -> Path:
    path = data / f"06_models/lgc.s1/model/{version}/model"
    path.mkdir(parents=True)
    (path / "config.json").write_text(version)
    return path


@pytest.fixture(params=["links", "no symbolic links", "no links"])
def file_system(request, monkeypatch):
    def refused(*_, **__):
        raise OSError("not supported")

    if request.param != "links":
        monkeypatch.setattr(Path, "symlink_to", refused)
    if request.param == "no links":
        monkeypatch.setattr(os, "link", refused)
        monkeypatch.setattr(Path, "hardlink_to", refused)
    return request.param


def test_it_leads_to_the_newest_version_of_files_and_folders(tmp_path, file_system):
    for version in ("2026-01-01", "2026-01-02", "2026-01-03"):
        assert show_latest(page(tmp_path, version)) == tmp_path / "latest/report.html"
        assert show_latest(model(tmp_path, version)) == tmp_path / "latest/lgc.s1/model"
        assert (tmp_path / "latest/report.html").read_text() == version
        assert (tmp_path / "latest/lgc.s1/model/config.json").read_text() == version
        assert sorted(p.name for p in (tmp_path / "latest").iterdir()) == ["lgc.s1", "report.html"]
        assert [p.name for p in (tmp_path / "latest/lgc.s1").iterdir()] == ["model"]
    # The versions themselves are as they were.
    assert (tmp_path / "06_models/lgc.s1/model/2026-01-01/model/config.json").is_file()


def test_links_take_the_place_of_copies_and_the_other_way_round(tmp_path, monkeypatch):
    link = Path.symlink_to
    monkeypatch.setattr(Path, "symlink_to", lambda *_: (_ for _ in ()).throw(OSError("none")))
    show_latest(model(tmp_path, "1"))
    monkeypatch.setattr(Path, "symlink_to", link)
    show_latest(model(tmp_path, "2"))
    assert (tmp_path / "latest/lgc.s1/model").is_symlink()
    monkeypatch.setattr(Path, "symlink_to", lambda *_: (_ for _ in ()).throw(OSError("none")))
    show_latest(model(tmp_path, "3"))
    assert not (tmp_path / "latest/lgc.s1/model").is_symlink()
    assert (tmp_path / "latest/lgc.s1/model/config.json").read_text() == "3"
    assert (tmp_path / "06_models/lgc.s1/model/2/model/config.json").read_text() == "2"


def test_a_data_folder_that_is_moved_keeps_its_links(tmp_path):
    show_latest(page(tmp_path / "data", "2026-01-01", "here"))
    shutil.move(tmp_path / "data", tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere/latest/report.html").read_text() == "here"


def test_a_version_that_is_gone_leaves_what_was_shown(tmp_path):
    first = page(tmp_path, "1")
    show_latest(first)
    assert show_latest(first.parents[1] / "2/report.html") is None
    assert (tmp_path / "latest/report.html").read_text() == "1"


def test_an_error_leaves_the_old_and_nothing_half_written(tmp_path, monkeypatch):
    show_latest(model(tmp_path, "1"))

    def full(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr(Path, "symlink_to", full)
    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(OSError, match="no space"):
        show_latest(model(tmp_path, "2"))
    assert [p.name for p in (tmp_path / "latest/lgc.s1").iterdir()] == ["model"]
    assert (tmp_path / "latest/lgc.s1/model/config.json").read_text() == "1"


def test_what_serves_the_pipelines_alone_has_no_such_place(tmp_path):
    labels = tmp_path / "02_intermediate/celeba/labels.parquet/1/labels.parquet"
    labels.parent.mkdir(parents=True)
    labels.touch()
    assert latest_place(labels) is None
    assert show_latest(labels) is None
    assert stable_path(labels) == labels
    assert stable_path(None) is None


def test_a_path_is_stable_only_where_it_leads_to_that_very_version(tmp_path):
    older, newer = page(tmp_path, "1"), page(tmp_path, "2")
    assert stable_path(newer) == newer
    show_latest(newer)
    assert stable_path(newer) == tmp_path / "latest/report.html"
    assert stable_path(older) == older
