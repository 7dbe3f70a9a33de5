"""Words that need no explanation, and tables whose words nothing explains."""

import pandas as pd
import pytest
import yaml

from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.rivals.tables.scoring import score_tables
from faceinsight.rivals.tables.settings import TablesSettings
from faceinsight.rivals.tables.table import AnswersFileError
from faceinsight.rivals.tables.words import Meanings, chosen
from tests.rivals.tables.conftest import AGES, GENDERS

PHOTOGRAPHS = [f"{part}/{i}.jpg" for part in ("train", "val") for i in range(1, 5)]
YEARS = ["25", "3.9", "84", "20", "39.9", "1", "29", "30"]
"""In the classes of AGES."""


def test_numbers_that_are_explained_are_not_years():
    names = {"age_0_2": "0-2", "age_3_9": "3-9"}
    assert Meanings({"": ("refused",)}, names).get("8") == ("age_3_9",)
    assert Meanings({"0": ("age_0_2",), "1": ("age_3_9",)}, names).get("8") is None


def test_a_spelling_of_two_meanings_is_none():
    meanings = Meanings({"m": ("a",), "M": ("b",), "Latino_Hispanic": ("c",)}, {"a": "x"})
    assert [meanings.get(word) for word in ("m", "M", "latino hispanic")] == [
        ("a",),
        ("b",),
        ("c",),
    ]
    assert meanings.get("M ") is None


@pytest.mark.parametrize(
    ("word", "is_held"),
    [
        ("{'Woman': 99.98, 'Man': 0.02}", "Woman"),
        ('{"Man": 98.8, "Woman": 1.2}', "Man"),
        ("{'Woman': np.float32(0.3), 'Man': np.float64(0.7)}", "Man"),
        ("{'Value': 'Female', 'Confidence': 99.9}", "Female"),
        ('{"value": "Male"}', "Male"),
        ('{"Low": 25, "High": 35}', '{"Low": 25, "High": 35}'),
        ("{half a", "{half a"),
        ("{}", "{}"),
        ("{[}", "{[}"),
        ("Woman", "Woman"),
    ],
)
def test_services_own_forms_hold_a_word(word, is_held):
    assert chosen(word) == is_held


@pytest.mark.parametrize("word", ["NaN", "N/A", "None", "unknown", "no face detected."])
def test_what_stands_for_nothing_is_no_answer(word):
    assert Meanings({"Man": ("Male",)}, {}).get(word) == ("refused",)


def test_words_that_are_written_together_are_parted():
    assert Meanings({"Middle Eastern": ("a",)}, {}).get("MiddleEastern") == ("a",)


@pytest.fixture
def shipped(project_root):
    text = (project_root / "conf/base/parameters_rivals.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["tables"]["layouts"]


def score(folder, name, layout, table, labels, vocabulary):
    pd.DataFrame(table).to_csv(folder / layout["file"], index=False)
    given = {"folder": str(folder), "layouts": {name: layout | {"use": True}}}
    settings = TablesSettings.model_validate(given)
    scores, _ = score_tables(
        settings, {"fairface": labels}, vocabulary, EvaluationSettings(n_resamples=0)
    )
    return scores.set_index(["task", "scoring"])["accuracy"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("deepface", {"Male": "Man", "Female": "Woman"}),
        (
            "deepface",
            {"Male": "{'Woman': 0.1, 'Man': 99.9}", "Female": "{'Woman': 80.0, 'Man': 20.0}"},
        ),
        ("insightface", {"Male": "M", "Female": "F"}),
        ("insightface", {"Male": "1", "Female": "0"}),
        ("facepp", {"Male": "Male", "Female": "Female"}),
        ("rekognition", {"Male": "MALE", "Female": "female"}),
    ],
)
def test_systems_are_read_in_their_own_words(tmp_path, shipped, labels, vocabulary, name, words):
    table = {"file": PHOTOGRAPHS, "age": YEARS, "gender": [words[gender] for gender in GENDERS]}
    race = ["white", "black", "asian", "asian", "asian", "indian", "white", "middle eastern"]
    table["ethnicity" if name == "facepp" else "race"] = race
    accuracy = score(tmp_path, name, shipped[name], table, labels, vocabulary)
    assert accuracy["age", "exact"] == 1
    assert accuracy["gender", "exact"] == 1
    if "race" in accuracy.index:
        assert accuracy["race", "merged"] == 1


def test_a_range_of_years_stands_for_what_it_spans(tmp_path, shipped, labels, vocabulary):
    ages = ["21-29", "2-8", "70-90", '{"Low": 18, "High": 25}', "25-35", "0-1", "22-30", "31-37"]
    table = {"file": PHOTOGRAPHS, "age": ages, "gender": GENDERS}
    accuracy = score(tmp_path, "r", shipped["rekognition"], table, labels, vocabulary)
    assert accuracy["age", "exact"] == 4 / 8
    assert accuracy["age", "any"] == 1


@pytest.mark.parametrize("unmapped", ["wrong", "error"])
def test_a_table_whose_words_nothing_explains_is_refused(
    tmp_path, shipped, labels, vocabulary, unmapped
):
    gender = ["Homme" if g == "Male" else "Femme" for g in GENDERS[:-1]] + ["Male"]
    table = {"file": PHOTOGRAPHS, "age": AGES, "gender": gender, "race": "White"}
    layout = shipped["deepface"] | {"unmapped": unmapped}
    with pytest.raises(AnswersFileError) as told:
        score(tmp_path, "deepface", layout, table, labels, vocabulary)
    said = str(told.value)
    assert "7 of the 8 answers in column gender" in said
    assert "'Femme' (4), 'Homme' (3)" in said
    assert "tables.layouts.deepface.words.gender" in said
