import pytest

from faceinsight.training import checkpoints
from faceinsight.training.checkpoints import (
    drop_old_checkpoints,
    last_complete_checkpoint,
    mark_complete,
)


def make(folder, *steps):
    for step in steps:
        (folder / f"checkpoint-{step}").mkdir()
        (folder / f"checkpoint-{step}/weights").touch()
        mark_complete(folder / f"checkpoint-{step}")


def steps(folder):
    return sorted(int(path.name.rpartition("-")[2]) for path in folder.iterdir())


def test_the_newest_whole_checkpoint_is_found_and_half_written_ones_go(tmp_path):
    make(tmp_path, 9, 10)
    (tmp_path / "checkpoint-100").mkdir()
    assert last_complete_checkpoint(tmp_path) == tmp_path / "checkpoint-10"
    assert not (tmp_path / "checkpoint-100").exists()


def test_without_a_checkpoint_there_is_none(tmp_path):
    assert last_complete_checkpoint(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("keep", "best", "stay"),
    [
        (2, None, [10, 12]),
        (2, 2, [2, 12]),
        (2, 12, [10, 12]),
        (3, 2, [2, 10, 12]),
        (1, 2, [2, 12]),
        (9, 2, [2, 9, 10, 12]),
    ],
)
def test_the_newest_and_the_best_stay(tmp_path, keep, best, stay):
    make(tmp_path, 2, 9, 10, 12)
    drop_old_checkpoints(tmp_path, keep, tmp_path / f"checkpoint-{best}" if best else None)
    assert steps(tmp_path) == stay


def test_a_checkpoint_that_is_half_removed_is_not_whole(tmp_path, monkeypatch):
    make(tmp_path, 1, 2)

    def stop(path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.shutil, "rmtree", stop)
        with pytest.raises(KeyboardInterrupt):
            drop_old_checkpoints(tmp_path, 1, None)
    assert (tmp_path / "checkpoint-1/weights").exists()
    assert last_complete_checkpoint(tmp_path) == tmp_path / "checkpoint-2"
    assert steps(tmp_path) == [2]
