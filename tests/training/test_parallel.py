"""Two processes on the CPU against one, and what they leave when they are killed."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from faceinsight.errors import FaceInsightError, ParameterError
from faceinsight.model.modeling import FaceInsightModel
from faceinsight.training.checkpoints import COMPLETE
from faceinsight.training.exchange import read_order, write_job
from faceinsight.training.launch import FOLDER
from faceinsight.training.loop import train
from tests.forking import fork_context
from tests.model import talking, tiny
from tests.training.conftest import is_alive, make_job, weights, write_crops

# 123 training examples in batches of 8: the last one of an epoch has 3, which two processes cannot
# share evenly; and 41 for validation, which do not fill two batches of 8. A higher learning rate
# would soon make more of the last bits of single sums.
SETTINGS = {
    "epochs": 3,
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


@pytest.fixture(scope="module")
def two(place, pair):
    return train(pair, place / "two")


def values(result, name):
    curve = result[1]
    return curve[curve["name"] == name].set_index("step")["value"]


def test_two_processes_give_the_losses_of_one_with_the_same_global_batch(one, two):
    # The image encoder has batch norms, whose statistics are of the global batch as well.
    assert values(one, "loss").index.max() == 24
    assert len(values(one, "answer")) == 16  # from a share of the updates on
    for name in ("loss", "bce", "logic", "answer"):
        pd.testing.assert_series_equal(
            values(one, name)[:20], values(two, name)[:20], rtol=0, atol=1e-5
        )
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
    assert not (folder.parent / FOLDER).exists()
    (events,) = (folder.parent / "tensorboard").iterdir()
    assert events.stat().st_size > 1000


def test_their_number_names_the_folder(pair, one, two):
    assert one[0] != two[0]
    assert two[0].parent.name == pair.key()


def test_what_is_wrong_with_the_input_comes_as_one_sentence(place, capfd):
    bare = write_crops(place / "bare", 40, seed=3, maps=False)
    with pytest.raises(ParameterError, match="reads label maps"):
        train(make_job(bare, processes=2), place / "bare-work")
    assert "Traceback" not in capfd.readouterr().err


def children(work):
    """Ids of the training processes of a work folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if b"faceinsight.training.worker" in command and str(work).encode() in b" ".join(command):
            found.append(int(path.name))
    return found


def train_ordered(folder):
    order = read_order(folder)
    train(order.job, order.work)


def test_killed_they_leave_no_process_and_go_on_to_the_same_result(place, pair, two):
    """The caller is killed after a checkpoint; a second start finds no one in its way."""
    (place / "order").mkdir()
    write_job(place / "order", pair, work=place / "killed", out=place, log_level=20)
    caller = fork_context().Process(target=train_ordered, args=(place / "order",))
    caller.start()
    while not list((place / "killed").rglob(COMPLETE)):
        assert caller.is_alive()
        time.sleep(0.02)
    started = children(place / "killed")
    assert len(started) == 2
    os.kill(caller.pid, signal.SIGKILL)
    caller.join()
    # No waiting here: the work folder's lock is theirs until the last of them is gone.
    folder, curve = train(pair, place / "killed")
    assert not any(is_alive(pid) for pid in started)
    pd.testing.assert_frame_equal(curve, two[1], check_exact=True)
    for name, tensor in weights(two[0]).items():
        assert torch.equal(tensor, weights(folder)[name]), name


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


KILL = """
import os
if os.environ.get("RANK") == "1":
    from faceinsight.training.callbacks import Throughput
    before = Throughput.on_step_end
    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == 9:
            os.kill(os.getpid(), 9)
        before(self, args, state, control, **kwargs)
    Throughput.on_step_end = on_step_end
"""


def test_sharded_and_killed_they_end_as_one_process_does(place, crops, frozen, monkeypatch):
    whole, curve = train(job_of(crops, frozen, batch_size=8, processes=1), place / "whole")
    sharded = job_of(crops, frozen, batch_size=4, processes=2, sharding="full")
    (place / "site").mkdir()
    (place / "site/sitecustomize.py").write_text(KILL)
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", str(place / "site"), prepend=os.pathsep)
        with pytest.raises(FaceInsightError, match="process 1 of 2 was killed"):
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
