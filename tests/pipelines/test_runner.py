"""Nodes that train run side by side; errors and interruptions are as in one process."""

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from kedro.io import SharedMemoryDataCatalog
from kedro.pipeline import node, pipeline

from faceinsight.errors import FaceInsightError, PhotographError
from faceinsight.pipelines.runner import TRAINS, SideBySide


def where(training):
    return os.getpid(), os.environ["OMP_NUM_THREADS"]


def meet(training):
    """As `where`, once another process has come here as well."""
    (Path(training.place) / str(os.getpid())).touch()
    deadline = time.monotonic() + 120
    while len(list(Path(training.place).iterdir())) < 2:
        assert time.monotonic() < deadline, "nobody else has come"
        time.sleep(0.05)
    return where(training)


def fail(training):
    while not list(Path(training.place).iterdir()):
        time.sleep(0.05)
    raise PhotographError("missing", "there is no such photograph")


def fall(training):
    return 1 / 0


def last(training):
    (Path(training.place) / str(os.getpid())).touch()
    time.sleep(600)


def run(*functions, device="cpu", place=None):
    nodes = [
        node(f, "params:training", f"out{i}", name=f"n{i}", tags=TRAINS)
        for i, f in enumerate(functions)
    ]
    catalog = SharedMemoryDataCatalog.from_config({})
    catalog["params:training"] = SimpleNamespace(device=device, processes=None, place=place)
    catalog["parameters"] = {"drawing": None, "training": {}}
    runner = SideBySide(at_once=2)
    made = runner.run(pipeline(nodes), catalog)
    return [made[f"out{i}"].load() for i in range(len(functions))]


def test_trainings_have_a_process_each_and_a_share_of_the_threads(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("faceinsight.pipelines.runner.cores", lambda: 6)
    (first, threads), (second, _) = run(meet, meet, place=str(tmp_path))
    assert threads == "3"
    assert len({first, second, os.getpid()}) == 3


@pytest.mark.parametrize("functions", [(where,), (where, where)], ids=["one", "on a GPU"])
def test_one_training_or_a_gpu_stays_in_this_process(functions, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    device = "cpu" if len(functions) == 1 else "cuda"
    assert {pid for pid, _ in run(*functions, device=device)} == {os.getpid()}


def test_what_fails_ends_the_others_and_is_one_sentence(tmp_path):
    with pytest.raises(FaceInsightError, match=r"^there is no such photograph\.$"):
        run(last, fail, place=str(tmp_path))
    (other,) = tmp_path.iterdir()
    with pytest.raises(ProcessLookupError):
        os.kill(int(other.name), 0)


def test_a_defect_keeps_its_traceback():
    with pytest.raises(RuntimeError, match="return 1 / 0"):
        run(fall, where)
