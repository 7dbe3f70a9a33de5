"""Kills at many moments, of which `make test-cluster` makes one of each kind happen.

    make kills

33 of them: an actor, a node and a driver of a run that scores, a process that trains. A seed is a
moment: within the seconds that a run takes which nobody disturbs.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from faceinsight.cluster import scoring
from tests.cluster import test_scoring, test_training
from tests.cluster.conftest import NODE
from tests.cluster.test_scoring import DRIVER, Slow, actors, assert_same, run

# Fixtures are found by their names.
expected, model, photos, small_parts = (
    test_scoring.expected,
    test_scoring.model,
    test_scoring.photos,
    test_scoring.small_parts,
)
crops, one, uncounted = test_training.crops, test_training.one, test_training.uncounted


@pytest.fixture(scope="module")
def seconds(connected, photos, expected, tmp_path_factory) -> float:
    """What a run takes at least."""
    out = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "_LEAST", test_scoring.SMALL)
        patch.setattr(scoring, "Scorer", Slow)
        begun = time.monotonic()
        run(photos, out)
    assert_same(out, expected)
    # The processes that were begun for it are there for the next one, which is quicker.
    return 0.6 * (time.monotonic() - begun)


@contextmanager
def at_a_moment(seed: object, within: float, act: Callable[[], object]) -> Iterator[list[object]]:
    """Something that happens meanwhile; what it returned."""
    moment, end, done = random.Random(str(seed)).uniform(0, within), threading.Event(), []

    def happen() -> None:
        if not end.wait(moment):
            done.append(act())

    thread = threading.Thread(target=happen)
    thread.start()
    try:
        yield done
    finally:
        end.set()
        thread.join()
        print(f"seed {seed}: {moment:.1f} of {within:.1f} s, {done}")


def kill_one(kind: str, within: float) -> int | None:
    """Kill an actor, once there is one."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if found := actors(kind):
            os.kill(found[-1], signal.SIGKILL)
            return found[-1]
        time.sleep(0.05)
    return None


@pytest.mark.parametrize("seed", range(5))
def test_an_actor(connected, seconds, photos, expected, small_parts, monkeypatch, tmp_path, seed):
    monkeypatch.setattr(scoring, "Scorer", Slow)
    with at_a_moment(f"actor {seed}", seconds, lambda: kill_one("MapWorker", seconds)):
        run(photos, tmp_path)
    assert_same(tmp_path, expected)


@pytest.mark.parametrize("seed", range(5))
def test_a_node(connected, seconds, photos, expected, small_parts, monkeypatch, tmp_path, seed):
    monkeypatch.setattr(scoring, "Scorer", Slow)
    (node,) = connected.worker_nodes

    def lose() -> str:
        connected.remove_node(node, allow_graceful=False)
        return "lost"

    with at_a_moment(f"node {seed}", seconds, lose) as lost:
        run(photos, tmp_path)
    if lost:
        connected.add_node(**NODE)
    assert_same(tmp_path, expected)


@pytest.mark.parametrize("seed", range(20))
def test_the_driver(connected, seconds, photos, expected, small_parts, monkeypatch, tmp_path, seed):
    monkeypatch.setattr(scoring, "Scorer", test_scoring.Knowing)
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, photos, tmp_path])
    # Its own start, which the other runs have behind them, takes about as long again.
    with at_a_moment(f"driver {seed}", 3 * seconds, driver.kill):
        driver.wait()
    test_scoring.go_on(photos, tmp_path, expected)


@pytest.mark.parametrize("checkpoints", range(3))
def test_a_process_that_trains(uncounted, connected, crops, one, tmp_path, checkpoints):
    test_training.train_and_compare(crops, one, tmp_path, checkpoints)
