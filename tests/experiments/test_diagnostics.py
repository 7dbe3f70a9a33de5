"""Diagnostics of models whose behaviour is known."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

import diagnostics as diagnostics
from faceinsight.data.dataset import FaceDataset
from faceinsight.data.store import StoredCrops
from faceinsight.errors import ParameterError
from faceinsight.model import build_model
from tests.model import tiny
from tests.training.conftest import write_crops


@pytest.fixture
def faces(tmp_path):
    crops = StoredCrops.open(write_crops(tmp_path / "crops", 60, seed=1))
    return FaceDataset({"celeba": crops}, tiny.vocabulary(), "train", True).__getitems__(range(40))


@pytest.fixture
def model():
    settings = tiny.settings(logic_weight=0.7)
    adjacency = np.full((5, 5), 0.2)
    return build_model(
        settings, tiny.vocabulary(), adjacency=adjacency, ruleset=tiny.ruleset(), seed=0
    )


def test_each_face_gets_another_and_every_face_is_one():
    other = diagnostics.other_faces(17, torch.Generator().manual_seed(0))
    assert sorted(other.tolist()) == list(range(17))
    assert (other != torch.arange(17)).all()


def test_tokens_of_a_model_that_reads_photographs_alone(faces):
    def reads_colours(photographs, maps, order=None):
        colour = photographs.float().mean(dim=(1, 2))
        logits = torch.stack([colour[:, i] for i in (0, 1, 1, 2, 2)], dim=1)
        return SimpleNamespace(logits=logits * torch.tensor([1, 1, 1, 1, -1]))

    found = diagnostics.tokens(reads_colours, faces, shuffles=3)
    assert found["label maps of other faces"] == found["as they are"]
    assert found["as they are"] > 85  # Bangs are also decided by Bald
    assert found["photographs of other faces"] < 75
    assert found["both of the same other face"] == found["photographs of other faces"]


def test_mean_ap_passes_over_what_has_one_class():
    logits = torch.tensor([[2.0, 1.0], [1.0, 3.0], [0.0, 2.0]])
    labels = torch.tensor([[1, 1], [0, 1], [1, -1]], dtype=torch.int8)
    assert diagnostics.mean_ap(logits, labels) == pytest.approx(100 * (1 + 2 / 3) / 2)


def test_gradients_of_the_losses_add_up_to_that_of_training(model, faces):
    found = diagnostics.losses(model, faces)
    model(**faces).loss.backward()
    total = sum(p.grad.square().sum().item() for p in model.parameters() if p.grad is not None)
    a, b = found["gradient of Eq. 3, norm"], found["gradient of the weighted Eq. 9, norm"]
    cosine = found["cosine of the two gradients"]
    assert a**2 + b**2 + 2 * a * b * cosine == pytest.approx(total, rel=1e-3)
    assert found["weight of Eq. 9"] == 0.7
    assert sum("norms of gradients of" in name for name in found) == len(diagnostics.PARTS)


def test_order_is_nothing_to_independent_characteristics(faces):
    def each_for_itself(photographs, maps, order=None):
        return SimpleNamespace(logits=photographs.float().mean(dim=(1, 2, 3))[:, None].repeat(1, 5))

    each_for_itself.config = SimpleNamespace(characteristics=range(5))
    found = diagnostics.order(each_for_itself, faces, shuffles=2)
    assert found["largest change of a probability"] == 0
    assert found["mAP in random orders"] == found["mAP in the order of training"]


def test_smoothing_is_that_of_the_dense_formula(model, faces):
    known = torch.tensor([True, True, True, True, False])
    found = diagnostics.smoothing(model, faces, known)
    heard = 0.2 * model.text_features.detach().sum(0).expand(5, -1)
    cosines = torch.nn.functional.cosine_similarity(heard[:4, None], heard[None, :4], dim=-1)
    assert found["mean cosine of pairs, C_hat T^0"] == pytest.approx(cosines.mean().item())
    rows = model.text_features.detach()[:4]
    cosines = torch.nn.functional.cosine_similarity(rows[:, None], rows[None], dim=-1)
    expected = (cosines.sum() - 4).item() / 12
    assert found["mean cosine of pairs, T^0"] == pytest.approx(expected, abs=1e-6)
    assert model.config.correlation


def test_newest_version_is_taken(tmp_path):
    for version in ("2026-01-01", "2026-02-01"):
        (tmp_path / version / "model").mkdir(parents=True)
        (tmp_path / version / "model" / "config.json").touch()
    found = tmp_path / "2026-02-01" / "model"
    assert diagnostics.newest(tmp_path, "config.json") == found
    assert diagnostics.newest(found, "config.json") == found
    with pytest.raises(ParameterError, match=r"crops\.json"):
        diagnostics.newest(tmp_path, "crops.json")
