import pytest
from kedro.io.core import DatasetError, Version

from faceinsight.datasets import FolderDataset


def dataset(tmp_path, load=None, save="1"):
    return FolderDataset(filepath=str(tmp_path / "data/model"), version=Version(load, save))


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "work"
    (made / "inner").mkdir(parents=True)
    (made / "inner/weights").write_bytes(b"12")
    return made


def test_a_version_is_the_whole_folder_and_versions_stand_side_by_side(tmp_path, folder):
    dataset(tmp_path, save="1").save(folder)
    (folder / "inner/weights").unlink()
    (folder / "inner/weights").write_bytes(b"345")
    dataset(tmp_path, save="2").save(folder)
    assert (dataset(tmp_path).load() / "inner/weights").read_bytes() == b"345"
    assert (dataset(tmp_path, load="1").load() / "inner/weights").read_bytes() == b"12"


def test_large_files_are_linked_not_copied(tmp_path, folder):
    dataset(tmp_path).save(folder)
    assert (dataset(tmp_path).load() / "inner/weights").samefile(folder / "inner/weights")


def test_what_cannot_be_published_leaves_nothing(tmp_path, folder, monkeypatch):
    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("faceinsight.datasets.folder_dataset.link_tree", fail)
    with pytest.raises(DatasetError, match="disk full"):
        dataset(tmp_path).save(folder)
    assert not dataset(tmp_path).exists()
    assert not list((tmp_path / "data/model").rglob("*weights*"))


def test_only_folders_can_be_saved(tmp_path):
    with pytest.raises(DatasetError, match="not a folder"):
        dataset(tmp_path).save(tmp_path / "absent")


def test_exists(tmp_path, folder):
    assert not dataset(tmp_path).exists()
    dataset(tmp_path).save(folder)
    assert dataset(tmp_path).exists()
