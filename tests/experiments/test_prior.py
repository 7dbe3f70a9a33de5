"""Frozen random features, and the energy of pairs, against the layer and a known truth."""

import numpy as np
import pandas as pd
import pytest
import torch

import prior
from faceinsight.method.coherent import CoherentLayer
from faceinsight.method.rules.compiler import RuleSet
from faceinsight.model.building import build_model, default_tokenizer
from tests.training.conftest import make_job

IDS = tuple("abcd")
LOOSE = RuleSet(IDS, [("not (a and b and c)", "", "link")])
RULES = RuleSet(IDS, [("not (a and b and c)", "", "link"), ("a -> b or c", "", "link")])


@pytest.fixture
def layer():
    return CoherentLayer.from_rules(LOOSE)


def energies_of(layer, ratios=None):
    ratios = np.zeros((4, 4)) if ratios is None else ratios
    return prior.PairEnergies(layer, IDS, ratios)


def predictions(z, y, layer):
    p = layer.marginals(z)
    columns = {"photograph": [f"{number}.jpg" for number in range(len(z))]}
    for number, id_ in enumerate(IDS):
        columns |= {f"z_{id_}": z[:, number].numpy(), f"p_{id_}": p[:, number].numpy()}
        columns |= {f"y_{id_}": y[:, number].numpy(), f"d_{id_}": (z[:, number] > 0).numpy()}
    return pd.DataFrame(columns)


def drawn(n, w, layer, seed=0):
    """Energies, and labels drawn from the distribution with an energy `w` of the pair (a, b)."""
    draw = torch.Generator().manual_seed(seed)
    z = torch.randn(n, 4, generator=draw, dtype=torch.float64)
    component = layer._rows.double()
    weights = (z @ component.T + w * component[:, 0] * component[:, 1]).softmax(1)
    y = component[torch.multinomial(weights, 1, generator=draw)[:, 0]]
    y[:, 3] = torch.bernoulli(z[:, 3].sigmoid(), generator=draw)
    return z, y


@pytest.mark.parametrize("learnt", [None, "abd", "acd"])
def test_without_weights_it_is_the_coherent_layer(learnt):
    layer = CoherentLayer.from_rules(RULES, learnt=learnt)
    z, y = drawn(500, 0.0, layer)
    table = predictions(z, y, layer)
    energies = energies_of(layer)
    energies.fit("temperature", table)
    assert energies.largest == 0
    temperature = float(energies._log_t[0].detach().exp())
    scaled = torch.tensor([temperature] * layer.count + [1.0])
    found = energies.predictions(table)
    expected = layer.marginals(z, scaled)
    layer.temperatures = scaled.tolist()
    labels = layer.labels(z)
    for number, id_ in enumerate(IDS):
        if layer.taught[number]:
            np.testing.assert_allclose(found[f"p_{id_}"], expected[:, number], atol=1e-6)
            assert (found[f"d_{id_}"] == labels[:, number].numpy()).all()
        else:
            assert found[f"p_{id_}"].isna().all()


def test_a_pair_that_goes_together_is_found(layer):
    z, y = drawn(6000, 2.0, layer)
    table = predictions(z, y, layer)
    energies = energies_of(layer)
    energies.fit("zero", table)
    assert energies.largest == pytest.approx(2.0, abs=0.35)
    # From the right start nothing is left to find.
    ratios = np.zeros((4, 4))
    ratios[0, 1] = ratios[1, 0] = 2.0
    energies = energies_of(layer, ratios)
    energies.fit("prior", table)
    assert energies.largest < 0.35
    energies.fit("scaled", table)
    assert float(energies._factor[0].detach()) == pytest.approx(1.0, abs=0.2)


def test_log_ratios_are_those_of_the_labels():
    class Named(tuple):
        ids = IDS

    table = pd.DataFrame(
        {
            "split": ["train"] * 8 + ["test"] * 2,
            "a": pd.array([1, 1, 1, 1, 0, 0, 0, 0, 1, 1], dtype="Int8"),
            "b": pd.array([1, 1, 1, 0, 0, 0, 0, 1, 0, 0], dtype="Int8"),
            "c": pd.array([1, 1, None, None, None, None, 0, 0, 1, 1], dtype="Int8"),
        }
    )
    found = prior.log_ratios([table], Named(IDS))
    assert found[0, 1] == pytest.approx(np.log((3 + 1) / (4 * 4 / 8 + 1)))
    assert found[0, 2] == pytest.approx(np.log((2 + 1) / (2 * 2 / 4 + 1)))  # of four faces
    assert found[0, 3] == 0  # nobody is labelled for d
    np.testing.assert_allclose(found, found.T)


def test_frozen_features_are_one_and_the_same_and_are_not_trained(tmp_path):
    def build(job):
        tokenizer = default_tokenizer(job.model, job.vocabulary)
        return build_model(
            job.model,
            job.vocabulary,
            tokenizer,
            variant=job.variant,
            adjacency=job.adjacency,
            ruleset=job.rule_set,
            text_features=job.text_features,
        )

    job = make_job(tmp_path)
    models = [build(prior.frozen(job, seed, tmp_path)) for seed in (1, 2)]
    for model in models:
        assert "text_features" not in dict(model.named_parameters())
    assert torch.equal(models[0].text_features, models[1].text_features)
    learnt = build(job)
    assert "text_features" in dict(learnt.named_parameters())
    assert models[0].text_features.shape == learnt.text_features.shape
