"""Training by Ray Train: as in one process, also where processes are lost."""

import os
import signal
import threading
import time
from functools import partial

import pandas as pd
import pytest

from faceinsight.errors import FaceInsightError, ParameterError
from faceinsight.training.checkpoints import COMPLETE
from faceinsight.training.loop import PROCESSES, train
from tests.training.conftest import uncounted, weights, write_crops  # noqa: F401
from tests.training.test_parallel import job_of

pytestmark = pytest.mark.usefixtures("uncounted")


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    return write_crops(tmp_path_factory.mktemp("training") / "crops", 164, seed=1)


@pytest.fixture(scope="module")
def one(crops, tmp_path_factory):
    job = job_of(crops, batch_size=8, processes=1, epochs=3)
    return train(job, tmp_path_factory.mktemp("one"))


def in_cluster(job, work):
    from faceinsight.cluster.training import train_in_cluster

    return train(job, work, partial(train_in_cluster, "auto"))


def values(curve, name):
    return curve[curve["name"] == name].set_index("step")["value"]


def workers():
    """Ids of the processes that train in the cluster that this process is connected to."""
    from ray._private import state

    actors = state.actors(actor_state_name="ALIVE").values()
    return [actor["Pid"] for actor in actors if "RayTrainWorker" in actor["ActorClassName"]]


def kill_once_there_are(checkpoints, work):
    """Kill one of the processes that train; the id that it had."""
    killed = []

    def watch():
        end = time.monotonic() + 300
        while not killed and time.monotonic() < end:
            time.sleep(0.02)
            if len(list(work.rglob(COMPLETE))) >= checkpoints and (found := workers()):
                os.kill(found[-1], signal.SIGKILL)
                killed.append(found[-1])

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return killed


def test_a_killed_worker_costs_the_steps_since_the_last_checkpoint(connected, crops, one, tmp_path):
    train_and_compare(crops, one, tmp_path, checkpoints=1)


def train_and_compare(crops, one, tmp_path, checkpoints):
    """Two processes, one of which is killed, against one that nobody disturbs."""
    job = job_of(crops, batch_size=4, processes=2, epochs=3)
    killed = kill_once_there_are(checkpoints, tmp_path)
    folder, curve = in_cluster(job, tmp_path)
    assert len(killed) == 1
    _, expected = one
    assert values(expected, "loss").index.max() >= 20
    for name in ("loss", "bce", "logic", "answer"):
        pd.testing.assert_series_equal(
            values(expected, name), values(curve, name), rtol=0, atol=1e-5
        )
    for name in sorted(n for n in expected["name"].unique() if n.startswith("eval_")):
        pd.testing.assert_series_equal(
            values(expected, name), values(curve, name), rtol=0, atol=2e-5
        )
    assert weights(folder).keys() == weights(one[0]).keys()
    assert not (folder.parent / PROCESSES).exists()


def test_an_error_of_a_worker_is_one_sentence(connected, crops, tmp_path):
    job = job_of(crops, {"image_size": 16}, batch_size=4, processes=2)
    with pytest.raises(
        FaceInsightError, match=r"model.image_size is 16, but the crops of celeba"
    ) as told:
        in_cluster(job, tmp_path)
    assert "\n" not in str(told.value)
    assert len(list(tmp_path.rglob("error.*"))) == 2  # None was begun again.


def test_more_processes_than_gpus_here_are_the_clusters_to_have(crops, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    job = job_of(crops, batch_size=4, processes=2, device="auto")
    with pytest.raises(ParameterError, match=r"1 GPU"):
        train(job, tmp_path)
    begun = []

    def launcher(job, work, out):
        begun.append(job.training.processes)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(job, tmp_path, launcher)
    assert begun == [2]
