"""The controls change what they say, and nothing else."""

import numpy as np
import pandas as pd
import pytest

import controls as controls
from faceinsight.data.store import StoredCrops
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.labels import UNKNOWN
from tests.evaluation.fakes import fake_predictions
from tests.training.conftest import make_job, write_crops

KEPT = 0.5


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    return make_job(write_crops(tmp_path_factory.mktemp("crops") / "celeba", 96, seed=1))


def opened(job, data, folder, seed=1):
    changed = controls.changed(job, seed, folder, dataset="celeba", data=data, kept=KEPT)
    return StoredCrops.open(changed.crops["celeba"])


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
        for data in (controls.OTHER_MAPS, controls.FEW_LABELS)
        for seed in (1, 2)
    }
    assert len(headers) == 4


def test_a_share_is_a_share():
    assert controls.share("1") == 1
    for text in ("0", "1.5", "-1", "nan"):
        with pytest.raises(Exception, match="above 0"):
            controls.share(text)


def test_the_page_compares_arms_on_both_halves_of_the_labels(vocabulary):
    table = fake_predictions(vocabulary, {"celeba": 40})
    arms = [arm for some in controls.arms("celeba", KEPT) for arm in some]
    tables = {arm.name: [table, table] for arm in arms}
    settings = EvaluationSettings(n_resamples=0)
    page = "\n".join(controls.render(tables, vocabulary, settings, "celeba", KEPT, ["Made so."]))
    assert page.count("+seg, maps of other faces to +seg") == 1
    assert page.count("+seg, few labels to +lgc, few labels") == 1
    assert "20 of 41 characteristics keep 50 %" in page
    assert "nan" not in page
    of = controls.only(tables, vocabulary, ["Smiling"])["org"][0]
    assert of["y_Smiling"].notna().any()
    assert of["y_Bald"].isna().all()
    assert table["y_Bald"].notna().any()
