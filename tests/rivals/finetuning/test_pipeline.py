"""`kedro run --pipelines=finetune`, as a person types it, on drawn faces."""

import json
import shutil

import pandas as pd
import pytest

from faceinsight.reports.paper.rivals import rivals_results
from faceinsight.reports.paper.tables import paper_table
from faceinsight.rivals.naming import TINY
from faceinsight.rivals.tiny_checkpoints import save_tiny
from tests.pipelines.conftest import Project
from tests.rivals.finetuning.conftest import SIZES


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """After a tiny LLaVA was fine-tuned for one task."""
    made = Project.copy_to(tmp_path_factory.mktemp("project"))
    save_tiny("llava", made.root / "weights", SIZES)
    here = {"rivals.local.path": "weights", "rivals.local.device": "cpu"}
    # A list has commas, which separate --params.
    path = made.root / "conf" / "tiny" / "parameters_finetuning.yml"
    path.write_text(
        "finetuning: {task: fairface/gender, epochs: 1, learning_rates: [0.001, 0.004]}\n"
    )
    done = made.run("--pipelines=finetune", scored_by="likelihood", **here)
    assert done.returncode == 0, done.stderr[-4000:]
    made.told = done.stderr
    return made


def test_it_is_measured_on_its_task_alone(project):
    metrics = project.catalog().load("llava_1_5_7b_likelihood_tuned.metrics")
    rival = metrics["rival"]
    assert (rival["title"], rival["setting"]) == ("LLaVA-v1.5-7B", "fine-tuned")
    assert set(rival["tuning"]) == {"fairface/gender"}
    counted = {
        f"{dataset}/{name}"
        for dataset, of in metrics["datasets"].items()
        for name, task in of["tasks"].items()
        if task["n"]
    }
    assert counted == {"fairface/gender"}
    assert metrics["questions"]["answered"] == metrics["asking"]["asked"] > 0
    assert rival["weights"] == TINY


def test_adapter_and_grid_are_versioned_artifacts(project):
    catalog = project.catalog()
    adapters = catalog.load("tuned_rival")
    assert (adapters / "fairface_gender" / "adapter_model.safetensors").is_file()
    assert len(project.versions("tuned_rival")) == 1
    grid = catalog.load("tuning_grid")
    assert grid["learning_rate"].tolist() == [0.001, 0.004]
    assert grid["chosen"].sum() == 1


def test_its_name_says_that_it_is_tiny_wherever_it_is_told(project):
    name = f"LLaVA-v1.5-7B ({TINY})"
    for said in (", fine-tuned, scored by likelihood", " on fairface/gender: validation accuracy"):
        assert f"{name}{said}" in project.told
    assert project.told.count("LLaVA-v1.5-7B") == project.told.count(name)
    said = json.loads(
        (project.catalog().load("tuned_rival") / "fairface_gender" / "tuned.json").read_text()
    )
    assert (said["title"], said["weights"]) == ("LLaVA-v1.5-7B", TINY)


def test_its_row_is_in_the_papers_table(project):
    results = rivals_results(project.root / "data" / "tiny" / "08_reporting", "text", "drawn faces")
    assert set(results["setting"]) == {"fine-tuned"}
    assert set(results["weights"]) == {TINY}
    table = paper_table(2, results)
    row = table[(table["model"] == "LLaVA-v1.5-7B") & (table["task"] == "gender")].iloc[0]
    metrics = project.catalog().load("llava_1_5_7b_likelihood_tuned.metrics")
    figure = metrics["datasets"]["fairface"]["tasks"]["gender"]["metrics"]["accuracy"]
    assert row["status"] == "run"
    assert row["accuracy_run"] == pytest.approx(100 * figure["value"])
    assert "drawn faces" in row["note"]
    assert "folder 'weights', not of llava-hf/llava-1.5-7b-hf" in row["note"]
    assert (table.drop(row.name)["status"] == "not run").all()


def test_settings_are_never_mixed(project, tmp_path):
    """A training-free result of the same rival has a row of its own, and only where it belongs."""
    reports = tmp_path / "reports"
    shutil.copytree(project.root / "data" / "tiny" / "08_reporting", reports)
    (path,) = reports.glob("llava_1_5_7b_likelihood_tuned/metrics.json/*/metrics.json")
    metrics = json.loads(path.read_text())
    metrics["rival"]["setting"] = "training-free"
    other = reports / "llava_1_5_7b_text" / "metrics.json" / path.parent.name
    other.mkdir(parents=True)
    metrics["datasets"]["fairface"]["tasks"]["gender"]["metrics"]["accuracy"]["value"] = 0.123
    (other / "metrics.json").write_text(json.dumps(metrics))
    results = rivals_results(reports, "text")
    assert set(results["setting"]) == {"fine-tuned", "training-free"}
    pd.testing.assert_frame_equal(
        paper_table(2, results), paper_table(2, results[results["setting"] == "fine-tuned"])
    )


def test_a_rival_that_cannot_be_trained_is_one_readable_message(project):
    done = project.run("--pipelines=finetune", baseline="nvila_8b")
    assert done.returncode == 1
    assert "NVILA-8B cannot be fine-tuned here" in done.stderr
    assert "Traceback" not in done.stderr
