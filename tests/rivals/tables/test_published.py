"""Published answers of six systems, scored from the settings that the project ships."""

import pytest
import yaml

from faceinsight.data.readers import read_labels
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.rivals.tables.scoring import score_tables
from faceinsight.rivals.tables.settings import TablesSettings

EXPECTED = [
    # table, system, task, labels, scoring, faces, accuracy in per cent
    ("expw_services", "Google", "expression", "own", "exact", 1368, 36.92),
    ("expw_services", "Face++", "expression", "own", "exact", 1368, 37.21),
    ("expw_services", "Microsoft", "expression", "own", "exact", 1368, 41.15),
    ("expw_services", "Open CNN", "expression", "own", "exact", 1368, 35.60),
    ("deepface", "DeepFace", "gender", "data set", "exact", 1338, 69.13),
    ("deepface", "DeepFace", "age", "data set", "exact", 1338, 26.61),
    ("deepface", "DeepFace", "race", "data set", "merged", 1338, 64.28),
    ("facellm", "FaceLLM", "gender", "data set", "exact", 1337, 89.15),
    ("facellm", "FaceLLM", "age", "data set", "exact", 1337, 27.82),
    ("facellm", "FaceLLM", "race", "data set", "merged", 1337, 70.01),
]


@pytest.fixture(scope="module")
def scores(shared, project_root, vocabulary):
    text = (project_root / "conf/base/parameters_rivals.yml").read_text(encoding="utf-8")
    given = yaml.safe_load(text)["tables"] | {"folder": str(shared / "predictions")}
    labels = {
        name: read_labels(name, shared / "data" / name, vocabulary).table
        for name in ("fairface", "expw")
    }
    evaluation = EvaluationSettings(n_resamples=0)
    return score_tables(TablesSettings.model_validate(given), labels, vocabulary, evaluation)[0]


@pytest.mark.parametrize(
    ("table", "system", "task", "labels", "scoring", "n", "accuracy"), EXPECTED
)
def test_known_accuracies(scores, table, system, task, labels, scoring, n, accuracy):
    keys = {"table": table, "system": system, "task": task, "labels": labels, "scoring": scoring}
    rows = scores[(scores[list(keys)] == list(keys.values())).all(axis=1)]
    assert len(rows) == 1
    assert rows["n"].item() == n
    assert 100 * rows["accuracy"].item() == pytest.approx(accuracy, abs=0.005)


def test_faces_without_a_label_are_counted(scores):
    expw = scores[scores["table"] == "expw_services"]
    assert (expw["unmatched"] == 150).all()
    assert (expw.loc[expw["labels"] == "data set", "n"] == 1218).all()


def test_none_of_the_fairface_rows_is_in_the_test_part(scores):
    fairface = scores[scores["dataset"] == "fairface"]
    assert (fairface["test"] == 0).all()
    assert (fairface["train"] + fairface["val"] == fairface["n"]).all()


def test_what_a_system_cannot_answer_is_said(scores):
    ages = scores[scores["task"] == "age"].set_index("system")["never_answered"]
    assert "age_3_9" in ages["DeepFace"]
    assert "age_3_9" in ages["FaceLLM"]
