import dataclasses
import json
import threading
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from faceinsight.common.work import WorkFolder
from faceinsight.errors import ParameterError
from faceinsight.method.variants import ORG
from faceinsight.model.modeling import FaceInsightModel
from faceinsight.training import loop
from faceinsight.training.callbacks import ImagesProgress
from faceinsight.training.loop import train
from tests.training.conftest import weights, write_crops


class Stopped(Exception):
    pass


def stop_at(monkeypatch, step):
    """Let a run die in the middle of an update, as if the power had gone."""
    before = ImagesProgress.on_step_end

    def dying(self, args, state, control, **kwargs):
        if state.global_step == step:
            raise Stopped
        before(self, args, state, control, **kwargs)

    monkeypatch.setattr(ImagesProgress, "on_step_end", dying)


def test_it_learns_and_saves_a_model_that_loads(job, tmp_path):
    folder, curve = train(job(epochs=8), tmp_path / "work")
    accuracy = curve[curve["name"] == "eval_accuracy"]["value"]
    assert accuracy.iloc[-1] > 0.85 > accuracy.iloc[0]
    assert {"loss", "bce", "logic", "eval_accuracy", "learning_rate"} <= set(curve["name"])
    assert FaceInsightModel.from_pretrained(folder).vocabulary.ids == job().vocabulary.ids
    facts = json.loads((folder / "provenance.json").read_text())
    assert facts["variant"]["name"] == "lgc"
    assert facts["digests"]["job"] == job(epochs=8).key()
    assert not list(folder.rglob("*.bin"))


def say_how_made(folder, **settings):
    """StoredCrops as segmentation writes them say how they were made."""
    path = folder / "crops.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"settings": settings}))


def test_a_model_says_how_its_crops_were_made(job, tmp_path):
    one = job(epochs=1)
    say_how_made(one.crops["celeba"], maps="provided", size=32, margin=0.125)
    folder, _ = train(one, tmp_path / "work")
    made = FaceInsightModel.from_pretrained(folder).config.crops
    assert made == {"maps": "provided", "size": 32, "margin": 0.125}


def test_crops_that_were_made_in_two_ways_are_refused(job, tmp_path):
    one = job(epochs=1)
    other = write_crops(tmp_path / "other", 40, seed=5, dataset="maad")
    say_how_made(one.crops["celeba"], margin=0.25)
    say_how_made(other, margin=0.5)
    mixed = dataclasses.replace(one, crops=one.crops | {"maad": other})
    with pytest.raises(ParameterError, match=r"celeba and maad .*0\.25.*0\.5"):
        train(mixed, tmp_path / "work")


@pytest.mark.parametrize(
    ("step", "patience"), [(1, None), (6, None), (11, None), (17, None), (10, 2), (14, 2)]
)
def test_a_stopped_run_ends_as_one_that_was_not(job, tmp_path, monkeypatch, step, patience):
    # With patience: hardly any progress, so that the run that was not stopped ends early.
    settings = {"patience": patience, "epochs": 8, "learning_rate": 1e-6} if patience else {}
    settings["logging_steps"] = 5  # Between two points of the curve there are checkpoints.
    whole, whole_curve = train(job(**settings), tmp_path / "whole")
    assert whole_curve["step"].max() > step
    with monkeypatch.context() as patch:
        stop_at(patch, step)
        with pytest.raises(Stopped):
            train(job(**settings), tmp_path / "stopped")
    folder, curve = train(job(**settings), tmp_path / "stopped")
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(folder)[name]), name
    pd.testing.assert_frame_equal(whole_curve, curve, check_exact=True)


def test_the_best_validation_accuracy_is_kept(job, tmp_path):
    folder, curve = train(job(learning_rate=3e-2), tmp_path / "work")
    best = json.loads((folder / "provenance.json").read_text())["training"]
    accuracy = curve[curve["name"] == "eval_accuracy"].set_index("step")["value"]
    assert best["best_validation_accuracy"] == pytest.approx(accuracy.max())
    assert accuracy[best["best_step"]] == accuracy.max()


def test_without_progress_training_stops_early(job, tmp_path):
    _, curve = train(job(learning_rate=1e-12, patience=2, epochs=8), tmp_path / "work")
    accuracy = curve[curve["name"] == "eval_accuracy"]["value"].to_numpy()
    assert len(accuracy) < 16
    assert len(accuracy) - 1 - accuracy.argmax() == 2


def test_what_is_trained_is_not_trained_again(job, tmp_path, monkeypatch):
    folder, _ = train(job(), tmp_path / "work")
    monkeypatch.setattr(loop, "train_in_process", lambda *_: pytest.fail("trained again"))
    again, _ = train(job(), tmp_path / "work")
    assert again == folder


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


def test_org_reads_no_maps_and_has_no_graph(job, tmp_path):

    folder, curve = train(dataclasses.replace(job(epochs=1), variant=ORG), tmp_path / "work")
    names = weights(folder)
    assert not [n for n in names if "gcn" in n or "segmentation" in n]
    assert "logic" not in set(curve["name"])


def test_crops_of_another_size_are_refused(job, tmp_path):
    model = job().model.model_copy(update={"image_size": 64})
    with pytest.raises(ParameterError, match=r"model.image_size is 64.*segmentation.size"):
        train(dataclasses.replace(job(), model=model), tmp_path / "work")


def test_without_examples_there_is_a_sentence(job, tmp_path):
    with pytest.raises(ParameterError, match="no data set has examples"):
        train(dataclasses.replace(job(), crops={}), tmp_path / "work")


def test_a_gpu_that_is_not_there_is_not_replaced_by_the_cpu(job, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ParameterError, match=r"training\.device is cuda"):
        train(job(device="cuda"), tmp_path / "work")


def test_maps_that_are_not_there_are_not_taken_for_black(job, tmp_path):
    crops = write_crops(tmp_path / "bare", 40, seed=3, maps=False)
    with pytest.raises(ParameterError, match="reads label maps"):
        train(dataclasses.replace(job(), crops={"celeba": crops}), tmp_path / "work")


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


def test_a_second_start_waits_for_the_first(job, tmp_path):
    """Two processes on one job: one trains, the other finds what it made."""
    work = WorkFolder(tmp_path / "work", "training", job().key())
    order = []

    def second():
        train(job(), tmp_path / "work")
        order.append("second")

    with work.alone():
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.5)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_compile_is_for_the_language_models_layers(job, tmp_path, monkeypatch):
    compiled = []
    monkeypatch.setattr("faceinsight.model.compiling.compile_layers", compiled.append)
    train(job(epochs=1, compile=True), tmp_path / "work")
    (language_model,) = compiled
    assert language_model.config.model_type == "llama"


def test_validation_accuracy_is_that_of_the_likeliest_class(vocabulary):
    # Of nine ages the likeliest often has P < 0.5, and so a negative logit.
    ages = next(task for task in vocabulary.tasks("fairface") if task.name == "age").members
    columns = [vocabulary.index[id_] for id_ in ages]
    rng = np.random.default_rng(0)
    logits = rng.normal(-5, 1, (50, len(vocabulary))).astype(np.float32)
    labels = np.full(logits.shape, -1)
    true = rng.integers(0, len(columns), 50)
    labels[:, columns] = np.arange(len(columns)) == true[:, None]
    val_set = SimpleNamespace(names=["fairface"], dataset_numbers=np.zeros(50, dtype=int))
    given = SimpleNamespace(predictions=logits, label_ids=labels)
    expected = (logits[:, columns].argmax(axis=1) == true).mean()
    found = loop._accuracy_of(val_set, vocabulary)(given)
    assert found == {"accuracy": pytest.approx(expected), "fairface/age": pytest.approx(expected)}


def test_a_model_says_what_it_was_taught(job, tmp_path):
    folder, _ = train(job(epochs=1), tmp_path / "work")
    config = json.loads((folder / "config.json").read_text())
    assert config["learnt"] == list(job().vocabulary.annotated_by("celeba"))
