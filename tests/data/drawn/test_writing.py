import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from faceinsight.data.drawn import writing
from faceinsight.data.drawn.settings import DATASETS, DrawnSettings
from faceinsight.data.drawn.writing import GENERATOR_VERSION, draw_datasets, is_drawn
from faceinsight.errors import FaceInsightError
from faceinsight.method.characteristics import Vocabulary

SMALL = DrawnSettings(seed=1, faces=10, size=48)


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


@pytest.fixture(scope="module")
def vocabulary(vocabulary) -> Vocabulary:
    """Three data sets are as good as six here."""
    config = vocabulary.to_config()
    tasks = {name: config["tasks"][name] for name in ("celeba", "expw", "rafdb")}
    return Vocabulary.from_config(config | {"tasks": tasks})


@pytest.fixture(scope="module")
def once(tmp_path_factory, vocabulary) -> Path:
    return draw_datasets(tmp_path_factory.mktemp("once") / "drawn", SMALL, vocabulary)


@pytest.fixture
def small(tmp_path, once) -> Path:
    return shutil.copytree(once, tmp_path / "drawn")


def test_the_same_seed_draws_the_same_bytes(small, tmp_path, vocabulary):
    again = draw_datasets(tmp_path / "again", SMALL, vocabulary, processes=2)
    assert _contents(small) == _contents(again)
    other = SMALL.model_copy(update={"seed": 2})
    different = draw_datasets(tmp_path / "other", other, vocabulary)
    name = "celeba/img_align_celeba/000001.jpg"
    assert (different / name).read_bytes() != (small / name).read_bytes()


def test_a_data_set_does_not_depend_on_the_size_of_another(small, tmp_path, vocabulary):
    more = dict.fromkeys(DATASETS, 10) | {"celeba": 14}
    folder = draw_datasets(tmp_path / "d", SMALL.model_copy(update={"faces": more}), vocabulary)
    assert _contents(folder / "expw") == _contents(small / "expw")


def test_the_manifest_says_what_was_drawn(small):
    manifest = json.loads((small / "manifest.json").read_text())
    assert manifest["version"] == GENERATOR_VERSION
    assert manifest["datasets"] == ["celeba", "expw", "rafdb"]
    assert DrawnSettings.model_validate(manifest["settings"]) == SMALL
    assert manifest["files"] == len(_contents(small)) - 1


def test_a_drawn_folder_is_told_from_one_that_a_user_filled(small, tmp_path):
    assert is_drawn(small)
    (tmp_path / "celeba").mkdir()
    assert not is_drawn(tmp_path)
    (tmp_path / "manifest.json").write_text('{"generator": "another"}')
    assert not is_drawn(tmp_path)


def test_a_second_start_draws_nothing(small, vocabulary, monkeypatch):
    monkeypatch.setattr(writing, "WRITERS", {})
    before = small.stat().st_mtime_ns
    assert draw_datasets(small, SMALL, vocabulary) == small
    assert small.stat().st_mtime_ns == before


def test_other_settings_replace_what_was_drawn(small, vocabulary):
    draw_datasets(small, SMALL.model_copy(update={"faces": 11}), vocabulary)
    assert len(list((small / "celeba/img_align_celeba").iterdir())) == 11
    assert [p.name for p in small.parent.iterdir()] == [small.name]


def test_another_version_replaces_what_was_drawn(small, vocabulary, monkeypatch):
    monkeypatch.setattr(writing, "GENERATOR_VERSION", GENERATOR_VERSION + 1)
    draw_datasets(small, SMALL, vocabulary)
    assert json.loads((small / "manifest.json").read_text())["version"] == GENERATOR_VERSION + 1


@pytest.mark.parametrize("manifest", [None, "{}", "[1]", "not json", '{"generator": "another"}'])
def test_a_folder_that_a_user_filled_is_refused(tmp_path, vocabulary, manifest):
    (tmp_path / "celeba").mkdir()
    (tmp_path / "celeba/list_attr_celeba.txt").write_text("mine")
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    before = _contents(tmp_path)
    with pytest.raises(FaceInsightError, match="name a folder of its own"):
        draw_datasets(tmp_path, SMALL, vocabulary)
    assert _contents(tmp_path) == before


@pytest.mark.parametrize("faces", [10, 11])
def test_files_of_a_user_among_drawn_ones_are_never_lost(small, vocabulary, faces):
    mine = small / "celeba/img_align_celeba/mine.jpg"
    mine.write_bytes(b"mine")
    with pytest.raises(FaceInsightError, match="files were added or removed"):
        draw_datasets(small, SMALL.model_copy(update={"faces": faces}), vocabulary)
    assert mine.read_bytes() == b"mine"


def test_a_folder_with_missing_files_is_not_taken_for_whole(small, vocabulary):
    (small / "expw/label.lst").unlink()
    with pytest.raises(FaceInsightError, match="added or removed"):
        draw_datasets(small, SMALL, vocabulary)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path, vocabulary):
    (tmp_path / "f").write_text("")
    with pytest.raises(FaceInsightError, match="is a file"):
        draw_datasets(tmp_path / "f", SMALL, vocabulary)


def test_an_empty_folder_and_hidden_files_are_fine(tmp_path, vocabulary):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/.gitkeep").touch()
    assert (draw_datasets(tmp_path / "d", SMALL, vocabulary) / "manifest.json").exists()


def test_a_stopped_run_leaves_nothing_behind(tmp_path, vocabulary, monkeypatch):
    def stopped(folder: Path, settings: DrawnSettings) -> None:
        (folder / "half").write_text("")
        raise KeyboardInterrupt

    monkeypatch.setitem(writing.WRITERS, "rafdb", stopped)
    with pytest.raises(KeyboardInterrupt):
        draw_datasets(tmp_path / "d", SMALL, vocabulary)
    assert list(tmp_path.iterdir()) == []


def test_another_run_that_was_faster_keeps_its_folder(tmp_path, vocabulary, monkeypatch):
    target, original = tmp_path / "d", writing.WRITERS["rafdb"]

    def overtaken(folder: Path, settings: DrawnSettings) -> None:
        original(folder, settings)
        monkeypatch.setitem(writing.WRITERS, "rafdb", original)
        draw_datasets(target, SMALL, vocabulary)
        (target / ".first").touch()

    monkeypatch.setitem(writing.WRITERS, "rafdb", overtaken)
    draw_datasets(target, SMALL, vocabulary)
    assert (target / ".first").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["d"]


def test_only_data_sets_of_the_vocabulary_are_drawn(tmp_path, vocabulary):
    config = vocabulary.to_config()
    config["tasks"] = {"rafdb": config["tasks"]["rafdb"]}
    folder = draw_datasets(tmp_path / "d", SMALL, Vocabulary.from_config(config))
    assert sorted(p.name for p in folder.iterdir()) == ["manifest.json", "rafdb"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": 1},
        {"faces": 5},
        {"faces": {"lfw": 50}},
        {"size": 20},
        {"label_noise": 0.9},
        {"seed": -1},
        {"map_errors": {"fog": 1}},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong):
    with pytest.raises(ValidationError):
        DrawnSettings(**wrong)


def test_counts_by_data_set():
    settings = DrawnSettings(faces={"celeba": 50})
    assert (settings.count("celeba"), settings.count("expw")) == (50, 400)
    assert DrawnSettings(faces=30).count("maad") == 30


def test_settings_alone_import_nothing_heavy():
    code = (
        "import sys, faceinsight.data.drawn.settings; assert not {'numpy', 'PIL'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
