"""What decides how a model turns out, and how many processes train it."""

import dataclasses
import pickle

import numpy as np
import pytest

from faceinsight.errors import ParameterError
from faceinsight.method.variants import ORG
from faceinsight.training.job import with_processes
from faceinsight.training.settings import TrainingSettings
from tests.model import talking


@pytest.mark.parametrize(
    "change",
    [
        lambda job: dataclasses.replace(job, variant=ORG),
        lambda job: dataclasses.replace(
            job, training=job.training.model_copy(update={"learning_rate": 1e-4})
        ),
        lambda job: dataclasses.replace(job, adjacency=np.eye(5)),
        lambda job: dataclasses.replace(job, weights={"celeba": 2.0}),
    ],
    ids=["variant", "training", "prior", "weights"],
)
def test_whatever_decides_the_model_names_its_folder(job, change):
    assert change(job()).key() != job().key()
    assert job().key() == job().key()


def test_a_checkpoint_in_a_folder_that_changed_is_another_job(job, tmp_path):
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder/model.safetensors").write_bytes(b"one")
    model = job().model
    encoder = model.image_encoder.model_copy(
        update={"pretrained": str(tmp_path / "encoder"), "architecture": None}
    )
    with_folder = dataclasses.replace(
        job(), model=model.model_copy(update={"image_encoder": encoder})
    )
    before = with_folder.key()
    (tmp_path / "encoder/model.safetensors").write_bytes(b"another")
    assert with_folder.key() != before


@pytest.mark.parametrize("features", [None, np.linspace(0, 1, 15, dtype=np.float32).reshape(5, 3)])
@pytest.mark.parametrize("lexicon", [None, talking.lexicon()])
def test_another_process_gets_the_same_job(job, features, lexicon):
    sent = dataclasses.replace(
        job(processes=2), text_features=features, weights={"celeba": 0.3}, lexicon=lexicon
    )
    assert pickle.loads(pickle.dumps(sent)).key() == sent.key()  # noqa: S301


@pytest.fixture
def gpus(monkeypatch):
    def make(count):
        monkeypatch.setattr("torch.cuda.is_available", lambda: count > 0)
        monkeypatch.setattr("torch.cuda.device_count", lambda: count)

    return make


@pytest.mark.parametrize(
    ("visible", "asked", "device", "processes"),
    [
        (0, None, "auto", 1),
        (0, 3, "auto", 3),
        (4, None, "auto", 4),
        (4, None, "cuda", 4),
        (4, None, "cpu", 1),
        (4, None, "mps", 1),
        (4, 2, "auto", 2),
        (4, 1, "auto", 1),
        (1, None, "auto", 1),
        (4, 8, "cpu", 8),
    ],
)
def test_how_many_processes_there_are(gpus, visible, asked, device, processes):
    gpus(visible)
    settings = with_processes(TrainingSettings(processes=asked, device=device))
    assert settings.processes == processes
    assert with_processes(settings) == settings


@pytest.mark.parametrize(
    ("visible", "settings", "said"),
    [
        (2, {"processes": 3}, r"training.processes is 3, and 2 GPU\(s\) are visible"),
        (0, {"processes": 2, "device": "mps"}, "but one mps device"),
        (0, {"sharding": "full"}, "training.sharding is full, and one process trains"),
        (0, {"sharding": "full", "processes": 1}, "training.sharding is full"),
    ],
)
def test_what_cannot_be_is_said(gpus, visible, settings, said):
    gpus(visible)
    with pytest.raises(ParameterError, match=said):
        with_processes(TrainingSettings(**settings))


def test_one_process_asks_for_no_devices(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: pytest.fail("asked"))
    with_processes(TrainingSettings(processes=1))
    with_processes(TrainingSettings(device="cpu"))
