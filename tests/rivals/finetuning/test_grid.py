"""The grid: what is chosen, what is not done again, what is refused."""

import numpy as np
import pytest
from pydantic import ValidationError

from faceinsight.errors import ParameterError
from faceinsight.rivals.finetuning import grid
from faceinsight.rivals.finetuning.examples import sample_of, tasks_of
from faceinsight.rivals.finetuning.settings import FinetuningSettings, Point
from faceinsight.rivals.finetuning.training import train_point as train_for_real
from tests.rivals.finetuning.conftest import recipe
from tests.rivals.making import configured


def point(rate, encoder="frozen"):
    return Point(learning_rate=rate, image_encoder=encoder)


def test_defaults_are_llavas_recipe():
    settings = FinetuningSettings()
    assert (settings.rank, settings.alpha, settings.dropout) == (128, 256, 0.05)
    assert 2e-4 in settings.learning_rates
    assert settings.batch_size * settings.gradient_accumulation_steps == 128
    assert (settings.epochs, settings.schedule, settings.warmup_ratio) == (1, "cosine", 0.03)


def test_every_rate_meets_every_encoder():
    settings = recipe(learning_rates=(1e-4, 2e-4), image_encoders=("frozen", "trained"))
    wanted = [point(r, e) for e in ("frozen", "trained") for r in (1e-4, 2e-4)]
    assert list(settings.points()) == wanted


def test_the_highest_validation_accuracy_wins_and_the_first_of_equals():
    found = {point(1e-4): 0.5, point(2e-4): 0.75, point(3e-4): 0.75}
    assert grid.best_point(found) == point(2e-4)


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rates": []},
        {"learning_rates": [0.0]},
        {"learning_rates": [1e-4, 1e-4]},
        {"image_encoders": ["thawed"]},
        {"task": "age"},
        {"rnak": 8},
    ],
    ids=str,
)
def test_what_cannot_be_a_recipe(change):
    with pytest.raises(ValidationError):
        FinetuningSettings.model_validate(change)


def test_a_rival_without_a_native_class_is_refused(vocabulary, crops, tmp_path):
    rivals = configured(chosen="nvila_8b")
    with pytest.raises(ParameterError, match="NVILA-8B cannot be fine-tuned here") as told:
        grid.tune_tasks(rivals, recipe(), vocabulary, crops, tmp_path)
    assert "\n" not in str(told.value)
    assert "refuses" in rivals.rival.note


@pytest.mark.parametrize("task", ["fairface/agee", "nowhere/age"])
def test_a_task_that_is_not_there(vocabulary, crops, task):
    with pytest.raises(ParameterError, match="there is no task"):
        tasks_of(vocabulary, crops, task, configured().questions)


def test_lists_are_not_learnt(vocabulary, crops):
    questions = configured(questions__attributes="list").questions
    with pytest.raises(ParameterError, match="attributes: each"):
        tasks_of(vocabulary, crops, "all", questions)


def test_a_sample_is_of_its_split_and_stays_the_same(vocabulary, crops):
    (task,) = tasks_of(vocabulary, crops, "fairface/gender", configured().questions)
    whole = sample_of(task, crops, "train", vocabulary, None, 0)
    some = sample_of(task, crops, "train", vocabulary, 20, 0)
    assert (len(whole.faces), len(some.faces)) == (96, 20)
    at = [whole.faces.index(face) for face in some.faces]
    assert at == sorted(set(at))
    np.testing.assert_array_equal(some.labels, whole.labels[at])
    assert sample_of(task, crops, "train", vocabulary, 20, 0).faces == some.faces
    assert sample_of(task, crops, "train", vocabulary, 20, 1).faces != some.faces


@pytest.mark.parametrize("tiny", ["llava"], indirect=True)
def test_what_is_finished_is_not_trained_again(tiny, vocabulary, crops, tmp_path, monkeypatch):
    """A grid that is stopped at its second point, started again, and enlarged."""
    from faceinsight.rivals.finetuning import training

    begun = []

    def train(model, point, *args, **kwargs):
        begun.append(point.learning_rate)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return train_for_real(model, point, *args, **kwargs)

    monkeypatch.setattr(training, "train_point", train)
    few = {"epochs": 1, "train_faces": 16, "validation_faces": 4}

    def tune(*rates):
        return grid.tune_tasks(
            tiny.rivals, recipe(learning_rates=rates, **few), vocabulary, crops, tmp_path
        )

    with pytest.raises(KeyboardInterrupt):
        tune(1e-3, 2e-3)
    tune(1e-3, 2e-3)
    assert begun == [1e-3, 2e-3, 2e-3]
    _, table = tune(1e-3, 2e-3, 3e-3)
    assert begun == [1e-3, 2e-3, 2e-3, 3e-3]
    assert table["learning_rate"].tolist() == [1e-3, 2e-3, 3e-3]
    assert table["chosen"].sum() == 1
    tune(1e-3, 2e-3)
    assert len(begun) == 4

    # Another recipe is trained anew, but the rival as it was has been measured.
    other = recipe(learning_rates=(1e-3,), rank=4, **few)
    grid.tune_tasks(tiny.rivals, other, vocabulary, crops, tmp_path)
    assert begun[4:] == [1e-3]
    as_it_is = [p for p in tmp_path.rglob("point.json") if "steps" not in p.read_text()]
    assert len(as_it_is) == 1
