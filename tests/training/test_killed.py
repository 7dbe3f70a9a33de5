"""Training that is stopped again and again ends as if nothing had happened."""

import os
import signal
from functools import partial

import pandas as pd
import pytest
import torch

from faceinsight.training.loop import train
from tests.training.conftest import make_job, weights, write_crops
from tests.training.killing import POINTS

pytestmark = pytest.mark.usefixtures("uncounted")
SETTINGS = {"epochs": 3, "keep_checkpoints": 2, "logging_steps": 5, "eval_batch_size": 16}
# Hardly any progress: a run that is not stopped ends early.
WITHOUT_PROGRESS = {"epochs": 8, "learning_rate": 1e-6, "patience": 2, "logging_steps": 5}


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Sums of several threads are rounded in another order: nothing would be equal to the bit."""
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        torch.set_num_threads(1)
        yield
    torch.set_num_threads(threads)


class Stopped(Exception):
    pass


def stop(point):
    raise Stopped(point)


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def train_until_killed(job, work, points):
    """In a process without threads, of which a fork for each point trains."""
    for point in points:
        if (training := os.fork()) == 0:
            POINTS[point](pytest.MonkeyPatch(), kill)
            train(job, work)
            os._exit(0)
        _, status = os.waitpid(training, 0)
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, point


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    return write_crops(tmp_path_factory.mktemp("killed") / "crops", 160, seed=1)


@pytest.fixture(scope="module")
def job(crops):
    return make_job(crops, **SETTINGS)


@pytest.fixture(scope="module")
def whole(job, tmp_path_factory):
    return result(train(job, tmp_path_factory.mktemp("whole")))


def result(trained):
    model, _ = trained
    left = {path.name for path in model.parent.iterdir()}
    assert left == {
        "FINISHED",
        ".lock",
        "checkpoints",
        "learning_curve.parquet",
        "model",
        "tensorboard",
    }
    return weights(model), pd.read_parquet(model.parent / "learning_curve.parquet")


def assert_same(one, other):
    pd.testing.assert_frame_equal(one[1], other[1], check_exact=True)
    assert one[0].keys() == other[0].keys()
    for name, tensor in one[0].items():
        assert torch.equal(tensor, other[0][name]), name


def test_stopped_at_every_named_point(job, whole, tmp_path, monkeypatch):
    for point, arrange in POINTS.items():
        with monkeypatch.context() as patch:
            arrange(patch, partial(stop, point))
            with pytest.raises(Stopped, match=point):
                train(job, tmp_path)
    assert_same(result(train(job, tmp_path)), whole)


def test_stopped_while_it_waits_for_progress(crops, tmp_path, monkeypatch):
    job = make_job(crops, **WITHOUT_PROGRESS)
    whole = result(train(job, tmp_path / "whole"))
    accuracy = whole[1].loc[whole[1]["name"] == "eval_accuracy", "value"].to_numpy()
    assert len(accuracy) < 16
    assert len(accuracy) - 1 - accuracy.argmax() == 2
    for point in ("between two checkpoints", "in an evaluation"):
        with monkeypatch.context() as patch:
            POINTS[point](patch, partial(stop, point))
            with pytest.raises(Stopped, match=point):
                train(job, tmp_path / "stopped")
    assert_same(result(train(job, tmp_path / "stopped")), whole)


def test_killed_while_it_writes(job, whole, tmp_path, forkserver):
    """By SIGKILL, where nothing is tidied up on the way out."""
    points = ("weights half written", "old checkpoint half removed", "model in place")
    plain = forkserver.Process(target=train_until_killed, args=(job, tmp_path, points))
    plain.start()
    plain.join()
    assert plain.exitcode == 0
    assert_same(result(train(job, tmp_path)), whole)
