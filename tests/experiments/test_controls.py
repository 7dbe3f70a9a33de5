"""The controls change what they say, and nothing else."""

import numpy as np
import pandas as pd
import pytest

import controls as controls
from faceinsight.data.store import StoredCrops
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.labels import UNKNOWN
from tests.model import tiny
from tests.training.conftest import make_job, write_crops

KEPT = 0.5


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    return make_job(write_crops(tmp_path_factory.mktemp("crops") / "celeba", 96, seed=1))


def opened(job, data, folder, seed=1):
    return StoredCrops.open(controls.changed(job, "celeba", data, seed, KEPT, folder)["celeba"])


def test_whole_is_what_it_was(job, tmp_path):
    assert controls.changed(job, "celeba", controls.WHOLE, 1, KEPT, tmp_path) == job.crops


@pytest.mark.parametrize("shard", [1024, 10])
def test_maps_are_those_of_other_faces_of_the_part(job, tmp_path, monkeypatch, shard):
    monkeypatch.setattr(controls, "_SHARD", shard)
    before, after = (
        StoredCrops.open(job.crops["celeba"]),
        opened(job, controls.OTHER_MAPS, tmp_path),
    )
    rows = np.arange(len(before))
    np.testing.assert_array_equal(after.photographs(rows), before.photographs(rows))
    pd.testing.assert_frame_equal(after.examples, before.examples)
    old, new = (crops.maps(rows).reshape(len(rows), -1) for crops in (before, after))
    # Maps of noise are all different: each tells whose it is.
    whose = (new[:, None] == old[None]).all(axis=2)
    np.testing.assert_array_equal(whose.sum(axis=0), 1)
    np.testing.assert_array_equal(whose.sum(axis=1), 1)
    whose = whose.argmax(axis=1)
    assert (whose != rows).all()
    split = before.examples["split"].to_numpy()
    np.testing.assert_array_equal(split[whose], split)


def test_labels_are_hidden_of_training_faces_alone(job, tmp_path):
    before, after = (
        StoredCrops.open(job.crops["celeba"]),
        opened(job, controls.FEW_LABELS, tmp_path),
    )
    old, new = before.labels(job.vocabulary), after.labels(job.vocabulary)
    trained = before.examples["split"].to_numpy() == "train"
    few = [job.vocabulary.ids.index(i) for i in controls.sparse(job.vocabulary, "celeba")]
    assert len(few) > 0
    hidden = (new == UNKNOWN) & (old != UNKNOWN)
    assert 0.3 < hidden[np.ix_(trained, few)].mean() < 0.7
    np.testing.assert_array_equal(new[~hidden], old[~hidden])
    hidden[np.ix_(trained, few)] = False
    assert not hidden.any()
    rows = np.arange(len(before))
    np.testing.assert_array_equal(after.maps(rows), before.maps(rows))


def test_complements_keep_their_labels(vocabulary):
    few = controls.sparse(vocabulary, "celeba")
    assert len(few) == 20
    assert not {"Male", "Female"} & set(few)


def test_changes_and_seeds_are_kept_apart(job, tmp_path):
    headers = {
        opened(job, data, tmp_path, seed).header["digest"]
        for data in (controls.WHOLE, controls.OTHER_MAPS, controls.FEW_LABELS)
        for seed in (1, 2)
    }
    assert len(headers) == 5


def test_a_share_is_a_share():
    assert controls.share("1") == 1
    for text in ("0", "1.5", "-1", "nan"):
        with pytest.raises(Exception, match="above 0"):
            controls.share(text)


def test_page_of_trained_arms(job, tmp_path):
    job = make_job(job.crops["celeba"], epochs=1)
    table = controls.train_and_predict(job, tmp_path, "val")
    tables = {arm.name: [table, table] for arm in controls.ARMS}
    settings = EvaluationSettings(n_resamples=5)
    page = controls.render(tables, tiny.vocabulary(), settings, "celeba", 0.05, ["Made so."])
    assert page.count("+seg, maps of other faces to +seg") == 1
    assert "+0.00 [+0.00, +0.00]" in page
    assert "nan" not in page
    of = controls.only(tables, tiny.vocabulary(), ["Smiling"])["org-whole"][0]
    assert of["y_Smiling"].notna().any()
    assert of["y_Bald"].isna().all()
    assert table["y_Bald"].notna().any()
