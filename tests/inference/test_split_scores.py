from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml

from faceinsight import FaceInsight
from faceinsight.data.dataset import FaceDataset
from faceinsight.data.store import StoredCrops
from faceinsight.inference.settings import PredictionSettings
from faceinsight.inference.split_scores import EITHER, order_effect, predict
from faceinsight.method.rules.compiler import compile_rules
from faceinsight.method.rules.decode import decode
from faceinsight.method.variants import COH, LGC, SEG
from faceinsight.model.building import build_model
from faceinsight.model.calibration import Calibration
from faceinsight.model.labels import coherent_layer, consistent_labels
from tests.model import tiny
from tests.training.conftest import write_crops

SETTINGS = PredictionSettings(split="val", batch_size=7, device="cpu")


@pytest.fixture
def crops(tmp_path):
    return {"celeba": write_crops(tmp_path / "crops", 60, seed=2)}


def saved(folder, variant=LGC, **changes):
    adjacency, rules = np.eye(5) * 0.5 + 0.1, tiny.ruleset()
    settings = tiny.settings(**changes)
    model = build_model(
        settings, tiny.vocabulary(), adjacency=adjacency, ruleset=rules, variant=variant
    )
    model.save_pretrained(folder)
    return model


def loaded(folder):
    return FaceInsight.from_pretrained(folder, device="cpu", batch_size=SETTINGS.batch_size)


def test_rows_are_the_split_and_columns_the_model(crops, tmp_path):
    model = saved(tmp_path / "model")
    table = predict(loaded(tmp_path / "model"), crops, SETTINGS)
    opened = StoredCrops.open(crops["celeba"])
    rows = np.flatnonzero(opened.examples["split"] == "val")
    assert table["photograph"].tolist() == opened.examples["photograph"].iloc[rows].tolist()
    with torch.inference_mode():
        logits = model(
            torch.from_numpy(opened.photographs(rows)), torch.from_numpy(opened.maps(rows))
        ).logits
    for column, id_ in enumerate(tiny.IDS):
        assert np.allclose(table[f"p_{id_}"], logits[:, column].sigmoid(), atol=1e-5)
        truth = opened.examples[id_].iloc[rows]
        assert table[f"y_{id_}"].tolist() == truth.tolist()
    decoded = table[[f"d_{id_}" for id_ in tiny.IDS]].to_numpy(dtype=bool)
    assert not tiny.ruleset().violated(decoded).any()


def test_of_a_calibrated_model_there_are_sets_and_ages(crops, tmp_path, monkeypatch):
    monkeypatch.setattr(FaceDataset, "years", property(lambda self: np.arange(float(len(self)))))
    saved(tmp_path / "model", COH)
    loaded_model = loaded(tmp_path / "model")
    network = loaded_model.network
    network.config.learnt = [id_ for id_ in tiny.IDS if id_ != "Bangs"]
    network.coherent = coherent_layer(network.config, network.vocabulary, network.ruleset)
    table = predict(loaded_model, crops, SETTINGS)
    assert not {"s_Bald", "years", "age_years"} & {*table}
    halves = {"Smiling": 0.5, "Bald": 0.2}
    of = [1.0] * (network.coherent.count + 1), 0.9, {"gender": 0.5}, halves, halves
    network.config.calibration = asdict(Calibration(*of, {"Male": 30.0, "Female": 50.0}, 2.0))
    table = predict(loaded_model, crops, SETTINGS)
    p = table[[f"p_{id_}" for id_ in tiny.IDS]].to_numpy()
    for id_, most in halves.items():
        p_of, said = table[f"p_{id_}"], table[f"d_{id_}"] == 1
        present, absent = (p_of >= 1 - most) | said, (p_of <= most) | ~said
        expected = np.where(present & absent, EITHER, present)
        assert table[f"s_{id_}"].tolist() == expected.tolist()
    men = table["d_Male"] == 1
    both = np.maximum(p[:, 3], p[:, 4]) == np.minimum(p[:, 3], p[:, 4])
    assert (table["s_Male"][~both] == men[~both]).all()
    assert (table["s_Female"][~both] == ~men[~both]).all()
    assert table["s_Bangs"].isna().all()
    assert table["age_years"].to_numpy() == pytest.approx(30 * p[:, 3] + 50 * p[:, 4], abs=1e-3)
    spread = 2 * 20 * np.sqrt(p[:, 3] * p[:, 4])  # two deviations of two ages 20 years apart
    assert (table["age_high"] - table["age_years"]).to_numpy() == pytest.approx(spread, abs=1e-2)
    assert (table["age_years"] - table["age_low"]).to_numpy() == pytest.approx(spread, abs=1e-2)
    assert table["years"].tolist() == list(range(len(table)))


def test_without_faces_there_are_columns_and_no_rows(crops, tmp_path):
    saved(tmp_path / "model")
    table = predict(
        loaded(tmp_path / "model"), crops, SETTINGS.model_copy(update={"split": "test"})
    )
    assert len(table) == 0
    assert {"dataset", "p_Bald", "d_Bald", "y_Bald"} <= set(table)


def test_order_matters_under_a_causal_mask_and_not_for_independent_characteristics(crops, tmp_path):
    saved(tmp_path / "causal")
    saved(tmp_path / "independent", characteristics_attend="independent")
    causal = order_effect(loaded(tmp_path / "causal"), crops, SETTINGS)
    independent = order_effect(loaded(tmp_path / "independent"), crops, SETTINGS)
    assert causal["faces"] == independent["faces"] == 15
    assert causal["mean_change"] > 1e-3
    assert independent["largest_change"] < 1e-5
    assert independent["answers_changed"] == 0


def test_another_order_gives_logits_in_the_vocabularys_order(crops, tmp_path):
    """The same as a model whose own list is in that order."""
    model = saved(tmp_path / "model", variant=SEG)
    opened = StoredCrops.open(crops["celeba"])
    photographs = torch.from_numpy(opened.photographs(np.arange(4)))
    maps = torch.from_numpy(opened.maps(np.arange(4)))
    order = torch.tensor([3, 0, 4, 1, 2])
    with torch.inference_mode():
        got = model(photographs, maps, order=order).logits
        model.text_features.data = model.text_features.data[order]
        listed = model(photographs, maps).logits
    assert torch.allclose(got[:, order], listed, atol=1e-6)


def test_what_was_never_taught_does_not_decide(project_root, vocabulary):
    rules = compile_rules(
        yaml.safe_load((project_root / "conf/base/rules.yml").read_text(encoding="utf-8"))["rules"],
        vocabulary,
    )
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1, (200, len(vocabulary)))
    taught = vocabulary.annotated_by("fairface")
    columns = [vocabulary.index[id_] for id_ in taught]
    others = np.setdiff1d(np.arange(len(vocabulary)), columns)
    louder = logits.copy()
    louder[:, others] = rng.normal(0, 20, (200, len(others)))
    config = SimpleNamespace(learnt=list(taught), readout="independent")
    model = SimpleNamespace(ruleset=rules, vocabulary=vocabulary, config=config)
    labels = consistent_labels(model, louder)
    assert not rules.violated(labels).any()
    assert np.array_equal(labels, consistent_labels(model, logits))
    silent = logits.copy()
    silent[:, others] = 0
    assert np.array_equal(labels[:, columns], decode(silent, rules)[:, columns])
    tied = {column for rule in rules.rules for column in rule.columns}
    free = [i for i in others if i not in tied]
    assert len(free) >= 5
    assert not labels[:, free].any()
    config.learnt = []
    assert not np.array_equal(labels, consistent_labels(model, louder))
    assert np.array_equal(consistent_labels(model, logits), decode(logits, rules))
