"""Work that shows nothing is named while it lasts."""

import logging
import time

import pytest

from faceinsight.common import progress


@pytest.fixture
def told(monkeypatch, caplog):
    monkeypatch.setattr(progress, "SILENCE", 0.2)
    monkeypatch.setattr(progress, "_watching", None)
    with caplog.at_level(logging.INFO, logger="faceinsight"):
        yield lambda: [record.message for record in caplog.records]
    progress.at_work(None)


def test_silent_work_is_named_again_and_again_until_it_ends(told):
    progress.at_work("measure model of lgc")
    time.sleep(0.7)
    said = told()
    assert len(said) >= 2
    assert all(text.startswith("measure model of lgc: at work for ") for text in said)
    progress.at_work(None)
    time.sleep(0.4)
    assert len(told()) <= len(said) + 1


def test_a_bar_that_moves_says_enough(told):
    progress.at_work("score faces")
    with progress.images_bar("scoring", 10, mininterval=0, disable=False) as bar:
        for _ in range(10):
            time.sleep(0.06)
            bar.update()
            bar.refresh()
    assert told() == []
