"""The whole chain, run as a person runs it."""

import json
import os
from pathlib import Path

import pytest

from faceinsight.data.registry import DATA_SETS
from faceinsight.method.variants import LABELS


def test_a_run_tells_the_ablation_and_where_the_report_is(finished):
    report = finished.catalog().get("report")
    assert len(report.list_versions()) == 1
    page = report.load()
    assert page.lstrip().lower().startswith("<!doctype html")
    for label in LABELS.values():
        assert label in page
    assert "drawn by a program" in page


@pytest.mark.parametrize("variant", LABELS)
def test_every_data_set_and_task_is_measured(finished, variant, vocabulary):
    metrics = finished.catalog().load(f"{variant}.metrics")
    for dataset in DATA_SETS:
        tasks = metrics["datasets"][dataset]["tasks"]
        assert set(tasks) == {t.name for t in vocabulary.tasks(dataset)}
        for task in tasks.values():
            assert task["n"] > 0
            assert 0 <= task["metrics"]["accuracy"]["value"] <= 1
    assert 0 < metrics["overall"]["map_prevalence"] < 1


def test_labels_that_are_handed_out_break_no_rule(finished):
    catalog = finished.catalog()
    rule_set, ids = catalog.load("rule_set"), catalog.load("vocabulary").ids
    for variant in LABELS:
        predictions = catalog.load(f"{variant}.predictions")
        decoded = predictions[[f"d_{id_}" for id_ in ids]].to_numpy(dtype=bool)
        assert len(decoded) >= 30
        assert not rule_set.violated(decoded).any()


def test_one_variant_is_trained_anew_only_if_something_changed(finished):
    before = finished.versions("lgc.model")
    again = finished.run("--pipelines=train", variant="lgc")
    assert again.returncode == 0, again.stderr[-3000:]
    assert "trained already" in again.stderr
    assert "drawn by a program" in again.stderr  # under the table of metrics
    versions = finished.versions("lgc.model")
    assert len(versions) == len(before) + 1

    changed = finished.run("--pipelines=train", **{"variant": "lgc", "training.epochs": "1"})
    assert changed.returncode == 0, changed.stderr[-3000:]
    assert "trained already" not in changed.stderr


def test_a_variant_of_ones_own_is_trained_with_two_seeds_side_by_side(finished):
    switches = {"segmentation": "false", "correlation": "true", "logic": "true"}
    mine = {f"variants.mine.{name}": value for name, value in {"name": "mine", **switches}.items()}
    done = finished.run("--pipelines=train", variant="mine", seeds="2", **mine)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "2 models to train, 2 at a time" in done.stderr or os.cpu_count() == 1
    catalog = finished.catalog()
    for run, seed in {"mine": 0, "mine.s1": 1}.items():
        made = catalog.load(f"{run}.metrics")["model"]
        assert made["variant"]["name"] == "mine"
        assert made["training"]["settings"]["seed"] == seed


def test_an_older_model_is_evaluated_again_by_its_version(finished):
    oldest = finished.versions("lgc.model")[-1]
    newer = finished.run("--pipelines=train", **{"variant": "lgc", "training.epochs": "1"})
    assert newer.returncode == 0, newer.stderr[-3000:]
    done = finished.run(
        "--pipelines=evaluation", f"--load-versions=lgc.model:{oldest}", variant="lgc"
    )
    assert done.returncode == 0, done.stderr[-3000:]
    catalog = finished.catalog()
    place = Path(catalog.get("lgc.metrics")._filepath)
    versions = catalog.get("lgc.metrics").list_versions(full_path=False)
    first, last, newest = (
        json.loads((place / v / place.name).read_text())["overall"]
        for v in (versions[-1], versions[0], versions[1])
    )
    assert first == last
    assert first != newest


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"variant": "sgg"}, "did you mean 'seg'"),
        ({"raw": "photographs"}, "--env=small"),
        ({"training.epoch": "3"}, "did you mean 'epochs'"),
        ({"prior.tau": "2"}, "prior"),
        ({"prior.tua": "0.4"}, "tua"),
        ({"training.schedule": "cosinus"}, "cosinus"),
        ({"training.batch_size": "0"}, "batch_size"),
        ({"segmentation.maps": "guessed"}, "maps"),
        ({"segmentation.size": "48"}, "image_size"),
        ({"datasets.celeba.name": "celebrities"}, "celeba"),
        ({"model.frozen": "everything"}, "frozen"),
        ({"drawing.faces": "3"}, "faces"),
        ({"training.seed": "-1"}, "seed"),
        ({"training.device": "banana"}, "banana"),
        ({"prediction.device": "banana"}, "banana"),
        ({"prior.tau": "0"}, "tau"),
        ({"sed": "3"}, "did you mean 'seed'"),
        ({"segmentation.maps": "none"}, "reads label maps"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_bad_parameter_is_one_readable_message(finished, params, said):
    done = finished.run("--pipelines=train", **params)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--env=smal"], "did you mean 'small'?"),
        (["--pipelines=trian"], "training"),
        (["--load-versions=lgc.modle:2026"], "did you mean 'lgc.model'?"),
        (["--load-versions=lgc.model"], "NAME:VERSION"),
    ],
    ids=["environment", "pipeline", "artifact", "version"],
)
def test_a_misspelt_name_is_one_readable_message(finished, arguments, said):
    done = finished.run(*arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_error_in_a_node_is_told_once(finished):
    (finished.root / "empty").mkdir(exist_ok=True)
    done = finished.run("--pipelines=ingestion", **{"raw": "empty", "drawing": "null"})
    assert done.returncode == 1
    assert done.stderr.count("celeba/list_attr_celeba.txt") == 1
    assert "resume" not in done.stderr.lower()


def test_a_version_that_is_not_there_is_a_sentence(finished):
    version = "2020-01-01T00.00.00.000Z"
    done = finished.run("--pipelines=evaluation", f"--load-versions=lgc.model:{version}")
    assert done.returncode == 1
    newest = finished.versions("lgc.model")[0]
    assert f"there is no version {version} of 'lgc.model'; the newest is {newest}." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_that_tells_nothing_else_says_what_it_made_and_where(finished):
    done = finished.run("--pipelines=rules")
    assert done.returncode == 0, done.stderr[-3000:]
    (line,) = done.stderr.strip().splitlines()
    assert line.endswith(
        f"Made in {finished.root}/data/tiny/04_feature: rule_proofs, rule_set, rule_violations"
    )


def test_a_run_that_tells_its_results_names_no_further_places(finished):
    done = finished.run("--pipelines=evaluation")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Made in" not in done.stderr


def test_metrics_say_which_model_they_are_of(finished):
    metrics = finished.catalog().load("org.metrics")
    assert metrics["model"]["variant"]["name"] == "org"
    assert len(metrics["model"]["digests"]["job"]) == 16


def test_a_raw_folder_that_is_not_there_is_named(finished):
    done = finished.run("--pipelines=ingestion", **{"raw": "nowhere/at/all", "drawing": "null"})
    assert done.returncode == 1
    assert "nowhere/at/all" in done.stderr
    assert "Traceback" not in done.stderr
