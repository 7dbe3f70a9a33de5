"""Two processes on the CPU against one, and what they leave when they are ended."""

import json
import multiprocessing
import os
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from faceinsight.errors import FaceInsightError
from faceinsight.model.modeling import FaceInsightModel
from faceinsight.training.checkpoints import COMPLETE
from faceinsight.training.loop import PROCESSES, train
from tests.model import talking, tiny
from tests.training.conftest import is_alive, make_job, weights, write_crops
from tests.training.processes import forked, train_forked

pytestmark = pytest.mark.usefixtures("uncounted")

# 123 training examples in batches of 8: the last one of an epoch has 3, which two processes cannot
# share evenly; and 41 for validation, which do not fill two batches of 8. A higher learning rate
# would soon make more of the last bits of single sums.
SETTINGS = {
    "epochs": 2,
    "gradient_accumulation_steps": 2,
    "eval_batch_size": 8,
    "learning_rate": 1e-3,
    "answer_share": 0.25,
    "answer_start": 0.3,
    "answer_turns": 2,
}


def job_of(crops, model=None, **training):
    """A job that learns to answer in words, too."""
    # Losses near 1, of which float32 holds seven digits.
    language_model = {"architecture": tiny.LLAMA | {"initializer_range": 0.05}}
    model = {"answer_weight": 1.0, "language_model": language_model} | (model or {})
    return make_job(crops, model, talking.lexicon(), **(SETTINGS | training))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("parallel")


@pytest.fixture(scope="module")
def crops(place):
    return write_crops(place / "crops", 164, seed=1)


@pytest.fixture(scope="module")
def pair(crops):
    return job_of(crops, batch_size=4, processes=2)


@pytest.fixture(scope="module")
def one(place, crops):
    return train(job_of(crops, batch_size=8, processes=1), place / "one")


@contextmanager
def once_there_is_a_checkpoint(work, act):
    """Call `act` with the ids of the training processes that this one has started."""

    def watch():
        while not list(work.rglob(COMPLETE)):
            time.sleep(0.02)
        act([process.pid for process in multiprocessing.active_children()])

    thread = threading.Thread(target=watch)
    thread.start()
    yield
    thread.join()


def siblings(pid):
    """Ids of the other processes that have the same parent."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    parent = stat.rpartition(")")[2].split()[1]
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return {int(child) for child in children.split()} - {pid}


@pytest.fixture(scope="module")
def two(place, pair, forkserver):
    """What two processes make whose caller is killed on the way."""
    work = place / "two"
    caller = forkserver.Process(target=train_forked, args=(pair, work))
    caller.start()
    while not list(work.rglob(COMPLETE)):
        assert caller.is_alive()
        time.sleep(0.02)
    ranks = siblings(caller.pid)
    assert len(ranks) == 2
    caller.kill()
    caller.join()
    # No waiting here: the work folder's lock is theirs until the last of them is gone.
    with forked():
        trained = train(pair, work)
    assert not any(is_alive(pid) for pid in ranks)
    return trained


def values(result, name):
    curve = result[1]
    return curve[curve["name"] == name].set_index("step")["value"]


def test_two_processes_give_the_losses_of_one_with_the_same_global_batch(one, two):
    # The image encoder has batch norms, whose statistics are of the global batch as well.
    assert values(one, "loss").index.max() == 16
    assert len(values(one, "answer")) == 11  # from a share of the updates on
    for name in ("loss", "bce", "logic", "answer"):
        pd.testing.assert_series_equal(values(one, name), values(two, name), rtol=0, atol=1e-5)
    assert values(one, "train_loss").item() == pytest.approx(values(two, "train_loss").item())


def test_they_validate_each_example_once(one, two):
    names = [name for name in one[1]["name"].unique() if name.startswith("eval_")]
    assert len(names) >= 4
    for name in names:
        pd.testing.assert_series_equal(values(one, name), values(two, name), rtol=0, atol=2e-5)


def test_they_save_one_model_that_loads(one, two):
    folder, _ = two
    model = FaceInsightModel.from_pretrained(folder)
    reference = FaceInsightModel.from_pretrained(one[0])
    batch = tiny.batch()
    with torch.no_grad():
        logits, expected = model(**batch).logits, reference(**batch).logits
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-3)
    assert {p.name for p in folder.iterdir()} == {p.name for p in one[0].iterdir()}
    facts = json.loads((folder / "provenance.json").read_text())["training"]
    assert facts["settings"]["processes"] == 2
    assert facts["images_per_second"] > 0
    assert facts["tflop_per_second"] > 0
    assert not (folder.parent / PROCESSES).exists()
    events = list((folder.parent / "tensorboard").iterdir())
    assert len(events) <= 3  # of each start that came so far, by its first process alone
    assert max(file.stat().st_size for file in events) > 1000


def test_their_number_names_the_folder(pair, one, two):
    assert one[0] != two[0]
    assert two[0].parent.name == pair.key()


@pytest.fixture(scope="module")
def frozen(place):
    """Settings of a model with two frozen parts from checkpoints."""
    tiny.save_llama(place / "llama")
    tiny.save_vit(place / "vit")
    return {
        "language_model": {"pretrained": str(place / "llama")},
        "image_encoder": {"pretrained": str(place / "vit")},
        "frozen": ["image_encoder", "language_model"],
    }


@pytest.mark.usefixtures("forks")
def test_sharded_and_killed_they_end_as_one_process_does(place, crops, frozen):
    whole, curve = train(
        job_of(crops, frozen, batch_size=8, processes=1, epochs=1), place / "whole"
    )
    sharded = job_of(crops, frozen, batch_size=4, processes=2, sharding="full", epochs=1)
    with (
        once_there_is_a_checkpoint(place / "sharded", lambda r: os.kill(r[0], signal.SIGKILL)),
        pytest.raises(FaceInsightError, match=r"process [01] of 2 was killed"),
    ):
        train(sharded, place / "sharded")
    assert list((place / "sharded").rglob(COMPLETE))
    folder, sharded_curve = train(sharded, place / "sharded")
    assert curve["name"].tolist() == sharded_curve["name"].tolist()
    losses = values((folder, sharded_curve), "loss")
    pd.testing.assert_series_equal(values((whole, curve), "loss"), losses, rtol=0, atol=1e-5)
    names = weights(folder).keys()
    assert names == weights(whole).keys()
    assert not [n for n in names if n.startswith(("language_model", "image_encoder"))]
    for name, tensor in weights(whole).items():
        torch.testing.assert_close(weights(folder)[name], tensor, rtol=0, atol=1e-3)
    checkpoints = list((place / "sharded").rglob("optimizer.*"))
    trained = sum(t.numel() for n, t in weights(folder).items() if t.is_floating_point())
    assert max(file.stat().st_size for file in checkpoints) < 3 * 4 * trained + 50_000
    assert np.isfinite(losses).all()
