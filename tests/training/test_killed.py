"""Training that is killed (SIGKILL) again and again ends as if nothing had happened."""

import os
import random
import signal
import time

import pandas as pd
import pytest
import torch

from faceinsight.training.exchange import write_job
from tests.forking import fork_context
from tests.training.conftest import make_job, weights, write_crops
from tests.training.killing import POINTS, train_until

SETTINGS = {"epochs": 3, "keep_checkpoints": 2, "logging_steps": 5, "eval_batch_size": 16}


@pytest.fixture(scope="module")
def context():
    context = fork_context()
    process = context.Process(target=os.getpid)  # its server is there from now on
    process.start()
    process.join()
    return context


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("killed")
    job = make_job(write_crops(place / "crops", 160, seed=1), **SETTINGS)
    (place / "order").mkdir()
    write_job(place / "order", job, work=place, out=place, log_level=20)
    return place


@pytest.fixture
def start(context, place):
    def start(work, point=None):
        process = context.Process(target=train_until, args=(point, place / "order", place / work))
        process.start()
        return process

    return start


@pytest.fixture(scope="module")
def whole(context, place):
    began = time.monotonic()
    process = context.Process(target=train_until, args=(None, place / "order", place / "whole"))
    process.start()
    process.join()
    assert process.exitcode == 0
    return result(place / "whole"), time.monotonic() - began


def result(work):
    (finished,) = work.rglob("FINISHED")
    folder = finished.parent
    left = {path.name for path in folder.iterdir()}
    assert left == {
        "FINISHED",
        ".lock",
        "checkpoints",
        "learning_curve.parquet",
        "model",
        "tensorboard",
    }
    return weights(folder / "model"), pd.read_parquet(folder / "learning_curve.parquet")


def assert_same(one, other):
    pd.testing.assert_frame_equal(one[1], other[1], check_exact=True)
    assert one[0].keys() == other[0].keys()
    for name, tensor in one[0].items():
        assert torch.equal(tensor, other[0][name]), name


def test_killed_at_every_named_point(start, whole, place):
    for point in POINTS:
        process = start("points", point)
        process.join()
        assert process.exitcode == -signal.SIGKILL, point
    process = start("points")
    process.join()
    assert process.exitcode == 0
    assert_same(result(place / "points"), whole[0])


def test_killed_at_ten_random_moments(start, whole, place):
    expected, seconds = whole
    draw = random.Random(0)
    kills = runs = 0
    while kills < 10:
        work = f"moments-{runs}"
        process = start(work)
        process.join(timeout=draw.uniform(0.2, 1) * seconds)
        process.kill()
        process.join()
        if process.exitcode == 0:  # it was faster
            assert_same(result(place / work), expected)
            runs += 1
        else:
            assert process.exitcode == -signal.SIGKILL
            kills += 1
    process = start(work)
    process.join()
    assert process.exitcode == 0
    assert_same(result(place / work), expected)
