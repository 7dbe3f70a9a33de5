from faceinsight.training.checkpoints import last_complete_checkpoint, mark_complete


def test_the_newest_whole_checkpoint_is_found_and_half_written_ones_go(tmp_path):
    for step in (9, 10, 100):
        (tmp_path / f"checkpoint-{step}").mkdir()
    mark_complete(tmp_path / "checkpoint-9")
    mark_complete(tmp_path / "checkpoint-10")
    assert last_complete_checkpoint(tmp_path) == tmp_path / "checkpoint-10"
    assert not (tmp_path / "checkpoint-100").exists()


def test_without_a_checkpoint_there_is_none(tmp_path):
    assert last_complete_checkpoint(tmp_path / "nowhere") is None
