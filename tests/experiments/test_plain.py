"""The plain networks are what they are called, and get the same examples and time."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import get_cosine_schedule_with_warmup

import plain
import plain_training
from faceinsight.data.dataset import FaceDataset
from faceinsight.data.store import StoredCrops
from faceinsight.evaluation.paired import PairedRuns
from faceinsight.evaluation.settings import EvaluationSettings
from plain_models import RESNET_18, GraphClassifier, PlainNetwork, ml_gcn, one_sigmoid_each
from tests.model import tiny
from tests.training.conftest import make_job, write_crops

TINY = {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]}


@pytest.fixture
def job(tmp_path):
    return make_job(write_crops(tmp_path / "crops", 96, seed=1))


@pytest.fixture
def clock(monkeypatch):
    """Every look at it takes a hundredth of a second."""
    ticks = iter(range(10**9))
    monkeypatch.setattr(plain_training, "now", lambda device: next(ticks) / 100)


def test_the_network_has_the_size_of_resnet_18():
    network = one_sigmoid_each(82)
    # torchvision's ResNet-18 without its classifier.
    assert sum(p.numel() for p in network.encoder.parameters()) == 11_176_512
    assert sum(p.numel() for p in network.parameters()) == 11_176_512 + 82 * 513
    logits = network(torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)).logits
    assert logits.shape == (2, 82)
    assert RESNET_18["hidden_sizes"][-1] == 512


def test_graph_classifier_is_that_of_ml_gcn():
    rng = np.random.default_rng(0)
    adjacency = rng.random((5, 5)) * (rng.random((5, 5)) < 0.5)  # asymmetric
    classifier = GraphClassifier(adjacency, 16)
    first, second, embeddings = (
        getattr(classifier, name).detach().numpy() for name in ("first", "second", "embeddings")
    )
    hidden = adjacency @ embeddings @ first
    hidden = np.where(hidden > 0, hidden, 0.2 * hidden)
    features = rng.normal(size=(3, 16)).astype(np.float32)
    expected = features @ (adjacency @ hidden @ second).T
    found = classifier(torch.from_numpy(features)).detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_unknown_labels_are_masked():
    network = PlainNetwork(torch.nn.Linear(16, 3), TINY).eval()
    photographs = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    labels = torch.tensor([[1, -1, 0], [-1, -1, -1]])
    out = network(photographs, labels=labels)
    logits = out.logits[0, [0, 2]].double()
    known = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, torch.tensor([1.0, 0.0]).double(), reduction="sum"
    )
    assert out.loss.item() == pytest.approx(known.item() / 2, rel=1e-5)


def test_learning_rate_follows_transformers_schedule():
    parameter = torch.nn.Parameter(torch.zeros(()))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    schedule = get_cosine_schedule_with_warmup(optimizer, 5, 100)
    for number in range(100):
        expected = schedule.get_last_lr()[0]
        assert plain_training.height(number / 100, 0.05) == pytest.approx(expected)
        optimizer.step()
        schedule.step()
    assert plain_training.height(1.2, 0.05) == 0


def test_time_is_spent_and_the_best_epoch_kept(job, clock):
    opened = {"celeba": StoredCrops.open(job.crops["celeba"])}
    train_set = FaceDataset(opened, job.vocabulary, "train", False, job.training.augmentation)
    val_set = FaceDataset(opened, job.vocabulary, "val", False)
    torch.manual_seed(0)
    network = PlainNetwork(torch.nn.Linear(16, len(job.vocabulary)), TINY)
    settings, device = job.training.model_copy(update={"learning_rate": 0.01}), torch.device("cpu")
    done = plain_training.train_for(
        2.0, network, train_set, val_set, job.vocabulary, settings, device
    )
    assert 2.0 <= done.seconds < 2.2
    assert done.images > 3 * len(train_set)
    accuracy = plain_training.validation_accuracy(
        network, val_set, job.vocabulary, settings, device
    )
    assert accuracy == pytest.approx(max(done.accuracies))
    assert accuracy > 0.75  # a face's colour says what it shows


def test_all_three_are_scored_on_the_same_faces(job, tmp_path, monkeypatch, clock):
    small = {
        "sigmoid": lambda job: one_sigmoid_each(len(job.vocabulary), TINY),
        "graph": lambda job: ml_gcn(job.adjacency, TINY),
    }
    monkeypatch.setattr(plain, "RIVALS", small)
    monkeypatch.setattr(plain, "now", plain_training.now)
    monkeypatch.setattr(plain, "rates", partial(plain_training.rates, steps=1, rounds=1))
    out = tmp_path / "out"
    out.mkdir()
    plain.compare(job, 1e-2, out, split="val")
    facts = json.loads((out / "facts.json").read_text())
    tables = {name: [pd.read_parquet(out / f"{name}.parquet")] for name in plain.TITLES}
    assert all(facts[name]["epochs"] > 0 for name in tables)
    runs = PairedRuns(tables, tiny.vocabulary(), EvaluationSettings(n_resamples=5))
    assert runs.n == 24
    page = "\n".join(plain.render(runs, [facts], ("On a machine", "By a commit."), 1e-2))
    assert page.count("ResNet-18, one sigmoid a characteristic") == 2
    assert "nan" not in page
