"""The page beside the paper, and other systems, run as a person runs them."""

import re
from pathlib import Path

import pandas as pd
import pytest

from faceinsight.data.registry import DATA_SETS
from faceinsight.reports.paper import FIGURES


def test_a_run_ends_with_the_papers_tables_and_figures(finished):
    catalog = finished.catalog()
    page = catalog.load("paper_page")
    assert page.lstrip().lower().startswith("<!doctype html")
    assert "drawn faces" in page
    for name in FIGURES:
        assert f'id="chart-{name}"' in page or name == "gaps"  # too few faces to compare groups
        assert catalog.load(f"paper_figure_{name}").layout.height
    for number in range(1, 6):
        table = catalog.load(f"paper_table_{number}")
        ours = table["model"] == "FaceInsight"
        assert (table.loc[ours, "status"] == "run").all()
        assert (table.loc[~ours, "status"] == "not run").all()
        assert table.loc[~ours, "accuracy_run"].isna().all()


def test_the_page_is_found_where_the_run_says_it_lies(finished):
    done = finished.run("--pipelines=paper")
    assert done.returncode == 0, done.stderr[-3000:]
    (path,) = re.findall(r"Beside the paper: (\S+)$", done.stderr, re.MULTILINE)
    assert Path(path).read_text(encoding="utf-8") == finished.catalog().load("paper_page")


def test_temperatures_are_fitted_on_validation_faces(finished):
    catalog = finished.catalog()
    validation = catalog.load("lgc.validation_predictions")
    assert set(validation["split"]) == {"val"}
    calibration = catalog.load("lgc.calibration")
    known = validation[[c for c in validation if c.startswith("y_")]].notna().sum().sum()
    assert calibration["overall"]["temperature"]["n"] == known
    assert set(calibration["tasks"]) >= {"celeba/attributes", "fairface/race"}


def test_every_group_has_its_size(finished):
    rates = finished.catalog().load("lgc.fairness_rates")
    assert {"celeba", "fairface", "utkface"} <= set(rates["dataset"])
    assert (rates["faces"] > 0).all() or (rates.loc[rates["faces"] == 0, "n"] == 0).all()


@pytest.fixture(scope="module")
def answers(finished, tmp_path_factory):
    """A table about the drawn FairFace, half of it right."""
    labels = finished.catalog().load("fairface.labels")
    folder = tmp_path_factory.mktemp("answers")
    words = {"Male": "Male", "Female": "Female"}
    right = ["Male" if male else "Female" for male in labels["Male"].astype(int)]
    other = {"Male": "Female", "Female": "Male"}
    given = [word if i % 2 else other[word] for i, word in enumerate(right)]
    table = pd.DataFrame(
        {"file": labels["photograph"], "age": "", "gender": given, "race": "Asian"}
    )
    table.to_csv(folder / "fairface_deepface.csv", index=False)
    assert set(given) == set(words)
    return folder


def test_other_systems_are_scored_by_their_answers(finished, answers):
    only = {"tables.layouts.facellm.use": "false", "tables.layouts.expw_services.use": "false"}
    params = {"tables.folder": str(answers), "evaluation.n_resamples": "5", **only}
    done = finished.run("--pipelines=tables", **params)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "DeepFace" in done.stderr
    (path,) = re.findall(r"The table: (\S+)$", done.stderr, re.MULTILINE)
    assert "DeepFace" in Path(path).read_text(encoding="utf-8")
    scores = finished.catalog().load("tables_scores")
    gender = scores[scores["task"] == "gender"].iloc[0]
    assert gender["n"] == gender["rows"] == gender["train"] + gender["val"] + gender["test"]
    assert gender["accuracy"] == pytest.approx(0.5, abs=0.02)
    age = scores[scores["task"] == "age"].iloc[0]
    assert (age["accuracy"], age["refused"]) == (0, age["n"])


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"tables.folder": "nowhere"}, "tables.folder: there is no folder"),
        ({"tables.layouts.deepface.dataset": "faces"}, "'faces' is no data set"),
        ({"tables.layouts.deepface.unmapped": "ignore"}, "unmapped"),
        ({"fairness.minimum": "0"}, "minimum"),
        ({"paper.ablation_dataset": "faces"}, "'faces' is no data set"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_bad_parameter_is_one_readable_message(finished, params, said):
    pipeline = "tables" if next(iter(params)).startswith("tables") else "paper"
    done = finished.run(f"--pipelines={pipeline}", **params)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_paper_pipeline_needs_nothing_but_what_a_run_keeps(finished):
    from kedro.framework.project import pipelines

    finished.catalog()
    free = {name for name in pipelines["paper"].inputs() if not name.startswith("params:")}
    kept = set(pipelines["ablation"].all_outputs())
    assert free <= kept
    assert {f"{dataset}.labels" for dataset in DATA_SETS} <= free
