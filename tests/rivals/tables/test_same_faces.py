"""A model beside another system, on the faces that both answered about."""

import numpy as np
import pandas as pd
import pytest

from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.rivals.tables.same_faces import compare_on_same_faces
from faceinsight.rivals.tables.settings import TablesSettings
from tests.rivals.tables.conftest import RACES

EVALUATION = EvaluationSettings(n_resamples=200)


def predictions(vocabulary, photographs, races):
    """A model that gives each photograph one race."""
    members = next(t for t in vocabulary.tasks("fairface") if t.name == "race").members
    names = vocabulary.named_by("fairface")
    frame = {"dataset": "fairface", "photograph": photographs, "face": np.int16(0)}
    frame |= {f"p_{m}": [0.9 if names[m] == race else 0.1 for race in races] for m in members}
    return pd.DataFrame(frame)


def compare(tmp_path, settings, labels, vocabulary, of_model):
    table = {
        "file": [f"{part}/{i}.jpg" for part in ("train", "val") for i in range(1, 5)],
        "race": ["White", "Asian", "Asian", "Asian", "White", "White", "none", "White"],
    }
    pd.DataFrame(table).to_csv(tmp_path / "answers.csv", index=False)
    given = TablesSettings.model_validate({"folder": str(tmp_path), "layouts": {"t": settings}})
    return compare_on_same_faces(
        given, {"fairface": labels}, {"lgc": of_model}, vocabulary, EVALUATION
    ).set_index("scoring")


def test_common_faces_are_scored_in_one_way(tmp_path, settings, labels, vocabulary):
    photographs = ["val/4.jpg", "val/1.jpg", "train/4.jpg", "train/1.jpg", "train/9.jpg"]
    races = ["White", "East Asian", "East Asian", "Black", "White"]
    of_model = predictions(vocabulary, photographs, races)
    found = compare(tmp_path, settings, labels, vocabulary, of_model)
    # In common and labelled: train/1 (White), train/4 (Southeast Asian), val/1 (East Asian).
    assert found["n"].tolist() == [3, 3]
    assert found["rows"].tolist() == [8, 8]
    exact, merged = found.loc["exact"], found.loc["merged"]
    assert exact["system_accuracy"] == pytest.approx(1 / 3)  # train/1
    assert exact["model_accuracy"] == pytest.approx(1 / 3)  # val/1
    assert merged["system_accuracy"] == pytest.approx(2 / 3)  # and train/4, Asian
    assert merged["model_accuracy"] == pytest.approx(2 / 3)
    for row in (exact, merged):
        assert row["difference"] == pytest.approx(row["model_accuracy"] - row["system_accuracy"])
        assert row["difference_low"] <= row["difference"] <= row["difference_high"]


def test_a_model_that_agrees_everywhere_differs_nowhere(tmp_path, settings, labels, vocabulary):
    settings["words"]["race"]["Asian"] = "race7_East_Asian"
    answers = ["White", "East Asian", "East Asian", "East Asian", "White", "White"]
    photographs = [f"train/{i}.jpg" for i in range(1, 5)] + ["val/1.jpg", "val/2.jpg"]
    of_model = predictions(vocabulary, photographs, answers)
    row = compare(tmp_path, settings, labels, vocabulary, of_model).loc["exact"]
    assert row["n"] == 6
    assert row["difference"] == 0
    # Of six photographs: 1 - 0.025 ** (1 / 6) may differ.
    assert [row["difference_low"], row["difference_high"]] == pytest.approx(
        [-0.4593, 0.4593], abs=1e-4
    )


def test_a_coherent_model_is_held_to_the_labels_that_it_hands_out(
    tmp_path, settings, labels, vocabulary
):
    photographs = ["val/4.jpg", "val/1.jpg", "train/4.jpg", "train/1.jpg"]
    right = predictions(
        vocabulary, photographs, ["White", "East Asian", "Southeast Asian", "White"]
    )
    wrong = predictions(vocabulary, photographs, ["Black"] * 4)
    handed_out = {f"d_{of[2:]}": right[of].round() for of in right if of.startswith("p_")}
    of_model = wrong.assign(readout="coherent", **handed_out)
    found = compare(tmp_path, settings, labels, vocabulary, of_model)
    assert found["model_accuracy"].tolist() == [1, 1]
    nothing = of_model.assign(**dict.fromkeys(handed_out, 0))
    found = compare(tmp_path, settings, labels, vocabulary, nothing)
    assert found["model_accuracy"].tolist() == [0, 0]


def test_no_common_face_says_so(tmp_path, settings, labels, vocabulary):
    of_model = predictions(vocabulary, ["val/77.jpg"], RACES[:1])
    found = compare(tmp_path, settings, labels, vocabulary, of_model)
    assert (found["n"] == 0).all()
    assert found["difference"].isna().all()
