"""Tiny rivals learn, on validation faces, and on test faces that nothing was chosen by."""

import json

import pytest
from safetensors.torch import load_file

from faceinsight.evaluation.tasks import task_accuracies
from faceinsight.rivals.faces import truth_of
from faceinsight.rivals.finetuning.grid import tune_tasks
from faceinsight.rivals.finetuning.tuned import ask_tuned
from faceinsight.rivals.inference import ask
from faceinsight.rivals.reading import predictions_of
from tests.rivals.finetuning.conftest import recipe
from tests.rivals.making import rules

pytestmark = pytest.mark.parametrize("tiny", ["llava"], indirect=True)


@pytest.fixture(scope="module")
def tuned(tiny, crops, vocabulary, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    adapters, grid = tune_tasks(tiny.rivals, recipe(), vocabulary, crops, work)
    return tiny, work, adapters, grid


def accuracy(answers, truth, vocabulary, parser, settings) -> float:
    predictions, _ = predictions_of(answers, truth, vocabulary, rules(vocabulary), settings, parser)
    columns = [[f"{letter}_{id_}" for id_ in vocabulary.ids] for letter in "py"]
    p, y = (predictions[names] for names in columns)
    labels = y.astype("Int8").fillna(-1).to_numpy(dtype="int8")
    return task_accuracies(
        p.to_numpy(), labels, predictions["dataset"].to_numpy(dtype=str), vocabulary
    )["fairface/gender"]


def test_it_is_better_on_test_faces_than_before(tuned, crops, vocabulary, parser):
    tiny, work, adapters, _ = tuned
    rivals = tiny.rivals.model_copy(update={"scored_by": "text"})
    truth = truth_of(crops, "test", vocabulary)
    answers, account = ask_tuned(adapters, rivals, vocabulary, crops, work)
    untuned, _ = ask(rivals, vocabulary, crops, work, task="gender")
    assert account["asked"] == len(answers) == len(untuned) == 48
    after = accuracy(answers, truth, vocabulary, parser, rivals)
    before = accuracy(untuned, truth, vocabulary, parser, rivals)
    assert after >= 0.85
    assert after > before + 0.2


def test_what_was_reached_on_validation_faces_is_kept(tuned):
    tiny, _, adapters, grid = tuned
    said = json.loads((adapters / "fairface_gender" / "tuned.json").read_text())
    assert said["before"] < said["validation_accuracy"] == grid["validation_accuracy"].item()
    assert said["chosen"] == {"learning_rate": 4e-3, "image_encoder": "frozen"}
    assert (said["faces"], said["examples"]) == ({"train": 96, "val": 32}, 96)
    assert said["rival"] == tiny.rivals.chosen


def test_an_adapter_has_matrices_of_the_language_model_alone(tuned):
    folder = tuned[2] / "fairface_gender"
    assert {path.name for path in folder.iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "grid.csv",
        "tuned.json",
    }
    saved = load_file(folder / "adapter_model.safetensors")
    # Two layers of four attention and three MLP matrices, an A and a B beside each.
    assert len(saved) == 2 * 7 * 2
    assert all(".language_model.layers." in name and ".lora_" in name for name in saved)
    assert all(bool(tensor.any()) for tensor in saved.values())
