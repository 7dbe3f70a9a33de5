"""Rows to labelled faces, and what is said of tables that do not fit."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from faceinsight.rivals.tables.answers import open_table
from faceinsight.rivals.tables.matching import match_faces, photograph_names
from faceinsight.rivals.tables.settings import PhotographSettings, TableLayout
from faceinsight.rivals.tables.table import AnswersFileError, read_table
from tests.label_tables import label_table


def matched(settings, labels, rows, **changes):
    of_table = TableLayout.model_validate(settings | changes)
    table = pd.DataFrame(rows, dtype=str)
    return match_faces(of_table, "answers.csv", table, labels).tolist()


def test_by_path_and_by_name(settings, labels):
    assert matched(settings, labels, {"file": ["val/1.jpg", "x.jpg", "train/1.jpg"]}) == [4, -1, 0]
    one_part = labels[labels["photograph"].str.startswith("val")].reset_index(drop=True)
    by_name = {"photograph": {"column": "file", "compare": "name"}}
    assert matched(settings, one_part, {"file": ["elsewhere/3.jpg"]}, **by_name) == [2]


def test_a_name_that_stands_for_two_photographs(settings, labels):
    by_name = {"photograph": {"column": "file", "compare": "name"}}
    with pytest.raises(AnswersFileError, match=r"'2.jpg' stands for train/2.jpg and val/2.jpg"):
        matched(settings, labels, {"file": ["2.jpg"]}, **by_name)


def test_faces_of_one_photograph(settings):
    labels = label_table(["a.jpg", "a.jpg", "b.jpg"])
    with pytest.raises(AnswersFileError, match="2 labelled faces"):
        matched(settings, labels, {"file": ["a.jpg"]})
    assert matched(settings, labels, {"file": ["b.jpg"]}) == [2]
    rows = {"file": ["a.jpg", "a.jpg", "a.jpg"], "id": ["1", "0", "7"]}
    assert matched(settings, labels, rows, face="id") == [1, 0, -1]
    with pytest.raises(AnswersFileError, match="row 1: id is 'one'"):
        matched(settings, labels, {"file": ["a.jpg"], "id": ["one"]}, face="id")


def test_two_rows_about_one_face(settings, labels):
    with pytest.raises(AnswersFileError, match=r"row 3: 'val/1.jpg' already has answers in row 1"):
        matched(settings, labels, {"file": ["val/1.jpg", "val/2.jpg", "val/1.jpg"]})


def test_a_table_about_other_faces(settings, labels):
    with pytest.raises(AnswersFileError, match="none of its 2 rows") as raised:
        matched(settings, labels, {"file": ["a.jpg", "b.jpg"]})
    assert "'a.jpg'" in str(raised.value)
    assert "'train/1.jpg'" in str(raised.value)


def test_patterns():
    settings = PhotographSettings(
        column="c", pattern=r"(?:.*/)?([^/]+)_face0\.(\w+)", becomes=r"val/\1.\2"
    )
    texts = pd.Series(["detected_faces/1_face0.jpg", "1_face1.jpg", "2_face0.png"])
    assert photograph_names(settings, texts).tolist() == ["val/1.jpg", None, "val/2.png"]


@pytest.mark.parametrize(
    "given",
    [
        {"column": "c", "pattern": "("},
        {"column": "c", "pattern": "(a)", "becomes": r"\2"},
        {"column": "c", "becomes": "x"},
        {"column": "c", "compare": "folder"},
    ],
)
def test_patterns_that_cannot_work(given):
    with pytest.raises(ValidationError):
        PhotographSettings.model_validate(given)


def test_reading_what_fairface_writes(tmp_path):
    """Scores stand in quotes, over several lines, as numpy prints them."""
    path = tmp_path / "test_outputs.csv"
    path.write_text(
        "face_name_align,race,race4,gender,age,race_scores_fair\n"
        'detected_faces/a_face0.jpg,East Asian,Asian,Female,70+,"[9.8e-04 1.1e-05\n 1.4e-04]"\n'
        'detected_faces/b_face0.jpg,White,White,Male,3-9,"[9.8e-04 1.1e-05\n 1.4e-04]"\n',
        encoding="utf-8",
    )
    table = read_table(path, ["face_name_align", "age"])
    assert table.to_numpy().tolist() == [
        ["detected_faces/a_face0.jpg", "70+"],
        ["detected_faces/b_face0.jpg", "3-9"],
    ]


def test_the_shipped_settings_read_fairfaces_output(tmp_path, project_root, labels, vocabulary):
    import yaml

    text = (project_root / "conf/base/parameters_rivals.yml").read_text(encoding="utf-8")
    shipped = TableLayout.model_validate(yaml.safe_load(text)["tables"]["layouts"]["fairface"])
    (tmp_path / shipped.file).write_text(
        "face_name_align,race,race4,gender,age\n"
        "detected_faces/2_face0.jpg,Indian,Indian,Female,0-2\n"
        "detected_faces/2_face1.jpg,White,White,Male,70+\n",
        encoding="utf-8",
    )
    table = open_table("fairface", shipped, tmp_path, labels, vocabulary)
    assert table.match.tolist() == [5, -1]
    age = next(of for of in table.answers if of.task.name == "age")
    assert np.array(age.task.members)[age.may.argmax(axis=1)].tolist() == ["age_0_2", "age_70_plus"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "is missing"),
        ("", "cannot be read as CSV"),
        ("file,race\n", "holds no answer"),
        ("file,colour\na,b\n", "no column 'race', only file, colour"),
        ("file,race\na,b,c\n", "more fields"),
        ('file,race\na,"b\n', "cannot be read as CSV"),
    ],
)
def test_malformed_files_are_one_sentence(tmp_path, text, said):
    path = tmp_path / "answers.csv"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(AnswersFileError, match=said) as raised:
        read_table(path, ["file", "race"])
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_parquet(tmp_path):
    path = tmp_path / "answers.parquet"
    path.write_bytes(b"PAR1 but no more")
    with pytest.raises(AnswersFileError, match="cannot be read as Parquet"):
        read_table(path, ["file"])


def test_whole_numbers_with_nulls_read_as_whole_numbers(tmp_path):
    path = tmp_path / "answers.parquet"
    pd.DataFrame({"a": [1.0, None, 3.0], "b": ["x ", None, "y"]}).to_parquet(path)
    table = read_table(path, ["b", "a"])
    assert table.to_numpy().tolist() == [["x", "1"], ["", ""], ["y", "3"]]
