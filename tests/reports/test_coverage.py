"""What the models cannot tell: the figure and the section of the page, from made-up sets."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from faceinsight.evaluation.coverage import measure_coverage
from faceinsight.evaluation.settings import EvaluationSettings, FairnessSettings
from faceinsight.reports.coverage import coverage_figure, coverage_tables
from tests.evaluation.fakes import fake_predictions
from tests.reports.conftest import drawn, rendered


@pytest.fixture(scope="module")
def metrics(report_arguments, vocabulary):
    """Those of the report, with one variant that says what it cannot tell."""
    rng = np.random.default_rng(0)
    frame = fake_predictions(vocabulary, {"celeba": 200, "utkface": 150})
    sets = rng.integers(0, 3, (len(frame), len(vocabulary)))
    sets = pd.DataFrame(sets, columns=[f"s_{id_}" for id_ in vocabulary.ids])
    years = rng.uniform(0, 90, len(frame))
    frame = pd.concat([frame, sets], axis=1).assign(
        years=np.where(frame["dataset"] == "utkface", years, np.nan),
        age_years=years + 5,
        age_low=years - 3,
        age_high=years + 9,
    )
    found = measure_coverage(
        frame, vocabulary, 0.9, EvaluationSettings(n_resamples=20), FairnessSettings(minimum=30)
    )
    coh = report_arguments["metrics"]["lgc"] | {"coverage": found}
    return report_arguments["metrics"] | {"coh": coh}


def test_the_figure_has_a_mark_for_each_task_and_each_group_of_enough_faces(metrics):
    figure = coverage_figure(metrics)
    json.loads(figure.to_json(), parse_constant=pytest.fail)
    coverage = metrics["coh"]["coverage"]
    reports = [t for of in coverage["datasets"].values() for t in of["tasks"].values()]
    tasks = next(t for t in figure.data if t.name == "+coh")
    assert list(tasks.customdata) == [
        "CelebA · attributes",
        *(f"UTKFace · {task}" for task in ("age", "gender", "race")),
    ]
    assert list(tasks.x) == [report["coverage"]["value"] for report in reports]
    groups = next(t for t in figure.data if "groups" in t.name)
    enough = [
        g["coverage"]["value"]
        for r in reports
        for g in r["groups"]
        if min(g["faces"], g["n"]) >= 30
    ]
    assert list(groups.x) == enough
    assert len(enough) > 8
    assert figure.layout.shapes[0].x0 == 0.9
    assert not coverage_figure({"org": {}}).data


def test_tables_name_what_is_covered_least(metrics):
    (of,) = coverage_tables(metrics)
    assert (of["name"], of["level"], of["minimum"]) == ("+coh", "90", 30)
    reports = metrics["coh"]["coverage"]["datasets"]
    celeba = reports["celeba"]["tasks"]["attributes"]
    row = of["sets"][0]
    assert row["cells"][0]["text"] == f"{100 * celeba['coverage']['value']:.1f}"
    assert row["cells"][1]["text"] == f"{celeba['size']['value']:.2f}"
    assert "to" in row["cells"][1]["interval"]
    least = min(of["coverage"]["value"] for of in celeba["attributes"].values())
    assert row["cells"][4]["text"].endswith(f": {100 * least:.1f}")
    whole = of["sets"][-1]
    assert whole["name"] == "UTKFace, all"
    assert whole["cells"][0]["text"] == f"{100 * reports['utkface']['coverage']['value']:.1f}"
    assert [row["name"] for row in of["ages"]][:2] == ["UTKFace, all ages", "UTKFace, under 13"]
    assert {row["cells"][0]["text"] for row in of["ages"]} == {"5.00"}
    assert coverage_tables({"org": {}}) == []


def test_the_page_has_the_section_where_a_model_says_so(report_arguments, metrics):
    arguments = report_arguments | {"metrics": metrics}
    page = rendered(arguments | {"figures": drawn(arguments)})
    section = re.search(r'<section id="cannot-tell">.*?</section>', page, re.DOTALL)[0]
    assert 'id="chart-coverage"' in section
    assert "<h3>+coh</h3>" in section
    assert "so that 90% of them hold" in section
    assert "UTKFace, 65 or more" in section
    assert 'href="#cannot-tell"' in page
    assert "cannot-tell" not in rendered(report_arguments)
