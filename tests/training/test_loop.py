import dataclasses
import json
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from faceinsight.common.work import WorkFolder
from faceinsight.data.dataset import FaceDataset
from faceinsight.data.store import StoredCrops
from faceinsight.errors import ParameterError
from faceinsight.method.variants import COH, ORG
from faceinsight.model.building import default_tokenizer
from faceinsight.model.modeling import FaceInsightModel
from faceinsight.training import loop
from faceinsight.training.loop import train
from tests.training.conftest import make_job, weights, write_crops

MADE = {"maps": "provided", "size": 32, "margin": 0.125}


def say_how_made(folder, **settings):
    """Crops as segmentation writes them say how they were made."""
    path = folder / "crops.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"settings": settings}))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("loop")


@pytest.fixture(scope="module")
def learning(place):
    crops = write_crops(place / "crops", 160, seed=1)
    say_how_made(crops, **MADE)
    return make_job(crops, epochs=8)


@pytest.fixture(scope="module")
def trained(learning, place):
    return train(learning, place / "work")


@pytest.fixture(scope="module")
def facts(trained):
    return json.loads((trained[0] / "provenance.json").read_text())


def accuracies(curve):
    return curve[curve["name"] == "eval_accuracy"].set_index("step")["value"]


def test_it_learns_and_saves_a_model_that_loads(learning, trained):
    folder, curve = trained
    accuracy = accuracies(curve)
    assert accuracy.iloc[-1] > 0.85 > accuracy.iloc[0]
    assert {"loss", "bce", "logic", "eval_accuracy", "learning_rate"} <= set(curve["name"])
    assert FaceInsightModel.from_pretrained(folder).vocabulary.ids == learning.vocabulary.ids
    assert not list(folder.parent.rglob("training_args.bin"))


def test_the_parts_of_the_loss_add_up(trained):
    values = (
        trained[1].pivot_table(index="step", columns="name", values="value").dropna(subset=["loss"])
    )
    np.testing.assert_allclose(values["bce"] + values["logic"], values["loss"], rtol=1e-5)
    assert values["train_loss"].dropna().item() == pytest.approx(values["loss"].mean())


def test_a_model_says_where_it_came_from(learning, trained, facts):
    config = json.loads((trained[0] / "config.json").read_text())
    assert config["learnt"] == list(learning.vocabulary.annotated_by("celeba"))
    assert config["crops"] == MADE
    assert facts["variant"]["name"] == "lgc"
    assert facts["digests"]["job"] == learning.key()


def test_the_model_of_the_best_validation_accuracy_is_kept(trained, facts):
    folder, curve = trained
    training, accuracy = facts["training"], accuracies(curve)
    assert training["best_validation_accuracy"] == pytest.approx(accuracy.max())
    assert accuracy[training["best_step"]] == accuracy.max()
    best = folder.parent / f"checkpoints/checkpoint-{training['best_step']}"
    for name, tensor in weights(best).items():
        assert torch.equal(tensor, weights(folder)[name]), name


def test_what_is_trained_is_not_trained_again(learning, trained, place, monkeypatch):
    monkeypatch.setattr(loop, "train_in_process", lambda *_: pytest.fail("trained again"))
    assert train(learning, place / "work")[0] == trained[0]


def test_a_coherent_model_is_calibrated_on_what_it_does_not_stop_on(learning, place):
    folder, curve = train(dataclasses.replace(learning, variant=COH), place / "work")
    assert "coherent" in set(curve["name"])
    assert not {"bce", "logic"} & set(curve["name"])
    assert accuracies(curve).iloc[-1] > 0.85
    model = FaceInsightModel.from_pretrained(folder)
    assert model.config.noise["groups"] == [pytest.approx(0.02)]
    crops = StoredCrops.open(learning.crops["celeba"])
    halves = [
        FaceDataset({"celeba": crops}, learning.vocabulary, "val", True, fold=fold)
        for fold in ("stopping", "calibration", None)
    ]
    assert len(halves[0]) + len(halves[1]) == len(halves[2]) == 40
    assert min(len(half) for half in halves[:2]) > 8
    calibration = model.config.calibration
    assert calibration["faces"] == len(halves[1])
    assert len(calibration["temperatures"]) == model.coherent.count + 1 == 3


@pytest.mark.usefixtures("uncounted")
def test_crops_that_were_made_in_two_ways_are_refused(job, tmp_path):
    one = job()
    other = write_crops(tmp_path / "other", 40, seed=5, dataset="maad")
    say_how_made(one.crops["celeba"], margin=0.25)
    say_how_made(other, margin=0.5)
    mixed = dataclasses.replace(one, crops=one.crops | {"maad": other})
    with pytest.raises(ParameterError, match=r"celeba and maad .*0\.25.*0\.5"):
        train(mixed, tmp_path / "work")

    folder, curve = train(dataclasses.replace(job(epochs=0.2), variant=ORG), tmp_path / "work")
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


@pytest.mark.usefixtures("uncounted")
def test_a_second_start_waits_for_the_first(job, tmp_path):
    """Two processes on one job: one trains, the other finds what it made."""
    one = job(epochs=0.2)
    order = []

    def second():
        train(one, tmp_path / "work")
        order.append("second")

    with WorkFolder(tmp_path / "work", "training", one.key()).alone():
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_compile_is_for_the_language_models_layers(job, monkeypatch):
    compiled = []
    monkeypatch.setattr("faceinsight.model.compiling.compile_layers", compiled.append)
    one = job(compile=True)
    loop._model(one, default_tokenizer(one.model, one.vocabulary), loop._datasets(one)[0])
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
    model = SimpleNamespace(config=SimpleNamespace(readout="independent"))
    found = loop._accuracy_of(model, val_set, vocabulary)(given)
    assert found == {"accuracy": pytest.approx(expected), "fairface/age": pytest.approx(expected)}
