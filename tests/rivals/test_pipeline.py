"""A rival as it is and fine-tuned, through the pipelines, and what its record says."""

import json
import logging

import pandas as pd
import pytest
from experiments.tiny_checkpoints import save_tiny
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from faceinsight.data.registry import DATA_SETS
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.pipelines.rivals import create_finetuning_pipeline, create_pipeline
from faceinsight.reports.paper.rivals import rivals_results
from faceinsight.rivals.naming import TINY
from tests.rivals.finetuning.conftest import SIZES, recipe
from tests.rivals.making import configured, rules, write_crops, write_faces

NAME = f"LLaVA-v1.5-7B ({TINY})"


@pytest.fixture(scope="module")
def made(tmp_path_factory, vocabulary):
    """What both pipelines make of a tiny LLaVA, by namespace, and what is told."""
    root = tmp_path_factory.mktemp("rivals")
    save_tiny("llava", root / "weights", SIZES)
    crops = {name: empty(root, name) for name in DATA_SETS}
    crops |= write_faces(root / "drawn", vocabulary, {"train": 24, "val": 8, "test": 10})
    inputs = {
        "vocabulary": vocabulary,
        "rule_set": rules(vocabulary),
        "prevalence": {name: dict.fromkeys(vocabulary.ids, 0.5) for name in DATA_SETS},
        "parameters": {},
        "params:work": str(root / "work"),
        "params:evaluation": EvaluationSettings(n_resamples=5),
        "params:finetuning": recipe(epochs=1, learning_rates=(1e-3, 4e-3)),
        "params:rivals": configured(
            local__path=str(root / "weights"), local__device="cpu", scored_by="likelihood"
        ),
        **{f"{name}.crops": folder for name, folder in crops.items()},
    }
    told = Told()
    logger = logging.getLogger("faceinsight")
    logger.addHandler(told)
    logger.setLevel(logging.INFO)
    artifacts = {}
    name = "llava_1_5_7b", "likelihood"
    for of_rival in (create_pipeline(*name), create_finetuning_pipeline(*name)):
        given = {name: MemoryDataset(inputs[name], "assign") for name in of_rival.inputs()}
        out = {name: Kept(copy_mode="assign") for name in of_rival.all_outputs()}
        catalog = DataCatalog(given | out)
        SequentialRunner().run(of_rival, catalog)
        artifacts |= {name: catalog.load(name) for name in of_rival.all_outputs()}
    logger.removeHandler(told)
    return artifacts, "\n".join(told.lines)


class Kept(MemoryDataset):
    """Holds its data when no further node needs them."""

    def release(self):
        pass


class Told(logging.Handler):
    """Keeps what is logged."""

    def __init__(self):
        super().__init__(logging.INFO)
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def empty(root, dataset):
    """Crops of a data set without faces."""
    table = pd.DataFrame({"photograph": [], "face": [], "split": []}).astype(
        {"photograph": object, "face": "int16", "split": object}
    )
    return write_crops(root / "crops" / dataset, dataset, root, table)


def measured(metrics):
    return {
        f"{dataset}/{name}"
        for dataset, of in metrics["datasets"].items()
        for name, task in of["tasks"].items()
        if task["n"]
    }


def test_as_it_is_it_is_measured_on_every_task(made):
    metrics = made[0]["llava_1_5_7b_likelihood.metrics"]
    assert measured(metrics) == {"fairface/age", "fairface/gender", "fairface/race"}
    assert metrics["questions"]["answered"] == metrics["asking"]["asked"] == 3 * 10
    assert metrics["rival"]["setting"] == "training-free"
    assert "tuning" not in metrics["rival"]


def test_fine_tuned_it_is_measured_on_its_task_alone(made):
    metrics = made[0]["llava_1_5_7b_likelihood_tuned.metrics"]
    assert measured(metrics) == {"fairface/gender"}
    assert metrics["questions"]["answered"] == metrics["asking"]["asked"] == 10
    rival = metrics["rival"]
    assert (rival["title"], rival["setting"]) == ("LLaVA-v1.5-7B", "fine-tuned")
    assert set(rival["tuning"]) == {"fairface/gender"}
    assert rival["weights"] == TINY


def test_labels_of_what_was_not_asked_are_left_out(made, vocabulary):
    predictions = made[0]["llava_1_5_7b_likelihood_tuned.predictions"]
    whole = made[0]["llava_1_5_7b_likelihood.predictions"]
    gender = ["y_Male", "y_Female"]
    pd.testing.assert_frame_equal(predictions[gender], whole[gender])
    assert whole["y_age_0_2"].notna().all()
    others = [f"y_{id_}" for id_ in vocabulary.ids if id_ not in ("Male", "Female")]
    assert predictions[others].isna().all(axis=None)


def test_an_adapter_and_its_grid_are_kept(made):
    folder = made[0]["llava_1_5_7b_tuned.adapters"] / "fairface_gender"
    assert (folder / "adapter_model.safetensors").is_file()
    grid = made[0]["llava_1_5_7b_tuned.grid"]
    assert grid["learning_rate"].tolist() == [1e-3, 4e-3]
    assert grid["chosen"].sum() == 1


def test_its_name_says_that_it_is_tiny_wherever_it_is_told(made):
    told = made[1]
    for said in (
        ", training-free, scored by likelihood",
        ", fine-tuned, scored by likelihood",
        " on fairface/gender: validation accuracy",
    ):
        assert f"{NAME}{said}" in told
    assert told.count("LLaVA-v1.5-7B") == told.count(NAME)


def test_both_settings_have_a_row_of_their_own_in_the_papers_tables(made, tmp_path):
    for name in ("llava_1_5_7b_likelihood", "llava_1_5_7b_likelihood_tuned"):
        folder = tmp_path / name / "metrics.json" / "2026-01-01"
        folder.mkdir(parents=True)
        (folder / "metrics.json").write_text(json.dumps(made[0][f"{name}.metrics"]))
    results = rivals_results(tmp_path, "text", "drawn faces")
    assert set(results["setting"]) == {"training-free", "fine-tuned"}
    assert set(results["weights"]) == {TINY}
    note = results["note"].iloc[0]
    assert "drawn faces" in note
    assert "folder 'weights', not of llava-hf/llava-1.5-7b-hf" in note
