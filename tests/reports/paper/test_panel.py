"""Figure 7: errors and contradictions in what is said, marked and counted."""

import html

import pandas as pd
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from faceinsight.errors import ParameterError
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.rules.compiler import compile_rules
from faceinsight.reports.paper.panel import (
    COLUMNS,
    answer_panel,
    answers_of,
    example_answers,
    mark_answers,
)
from faceinsight.reports.settings import PaperSettings
from tests.evaluation.fakes import fake_predictions


@pytest.fixture(scope="module")
def rule_set(project_root, vocabulary):
    text = (project_root / "conf/base/rules.yml").read_text(encoding="utf-8")
    return compile_rules(yaml.safe_load(text)["rules"], vocabulary)


def said(*statements):
    return pd.DataFrame(statements, columns=list(COLUMNS))


def test_marks(rule_set):
    marked = mark_answers(
        said(
            ("a.jpg", "M", "Bangs", 1, 1),
            ("a.jpg", "M", "Receding_Hairline", 1, 0),
            ("a.jpg", "M", "Smiling", 1, None),
            ("a.jpg", "M", "Bald", 0, 0),
            ("a.jpg", "N", "Receding_Hairline", 1, 0),
            ("b.jpg", "M", "Receding_Hairline", 1, 1),
        ),
        rule_set,
    )
    assert marked["mark"].tolist() == ["right", "wrong", "open", "right", "wrong", "right"]
    rule = "Bangs -> not Receding_Hairline"
    assert marked["contradicts"].tolist() == [rule, rule, "", "", "", ""]


def test_two_of_a_group_contradict_each_other_and_none_does_not(rule_set):
    marked = mark_answers(
        said(
            ("a.jpg", "M", "age_20_29", 1, 1),
            ("a.jpg", "M", "age_30_39", 1, 0),
            ("a.jpg", "M", "Smiling", 1, 1),
            ("b.jpg", "M", "Smiling", 1, 1),
        ),
        rule_set,
    )
    assert [bool(rule) for rule in marked["contradicts"]] == [True, True, False, False]


def test_what_is_not_said_counts_as_said_present(rule_set):
    table = said(("a.jpg", "M", "Bangs", 1, 0)).drop(columns="said")
    assert mark_answers(table, rule_set)["mark"].tolist() == ["wrong"]


@pytest.mark.parametrize(
    ("table", "said_"),
    [
        (said(("a.jpg", "M", "Bang", 1, 0)), "no characteristic 'Bang'"),
        (said(("a.jpg", "M", "Bangs", 1, 0)).drop(columns="face"), "column 'face' is missing"),
    ],
)
def test_tables_that_cannot_be_marked(rule_set, table, said_):
    with pytest.raises(ParameterError, match=said_):
        mark_answers(table, rule_set)


def test_the_panel_shows_every_statement_with_its_mark(rule_set):
    marked = mark_answers(
        said(
            ("a.jpg", "M", "Bangs", 1, 1),
            ("a.jpg", "M", "Receding_Hairline", 1, 0),
            ("b<.jpg", "N", "age_20_29", 1, None),
        ),
        rule_set,
    )
    cells = answer_panel(marked).data[0].cells["values"]
    assert list(cells[0]) == ["a.jpg", "b&lt;.jpg"]
    first = cells[1][0]
    assert "✓ Bangs ⚡" in first
    assert "✕ Receding Hairline ⚡" in first
    assert "1 right, 1 wrong, 2 in contradiction" in first
    assert cells[1][1] == cells[2][0] == "no answer"
    assert "– age 20–29" in cells[2][1]
    assert list(answer_panel(marked).layout.meta["marks"]) == ["✓", "✕", "–", "⚡"]
    right = marked[marked["mark"] == "right"].assign(contradicts="")
    assert list(answer_panel(right).layout.meta["marks"]) == ["✓"]


@settings(deadline=None, max_examples=8)
@given(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=80))
@example("img_align_celeba/000357.jpg")
@example("n000002/" + 60 * "0" + ".jpg")
@example("a&b<br>.jpg")
def test_a_long_file_name_is_shown_whole_in_short_lines(name):
    marked = said((name, "M", "Smiling", 1, 1)).assign(mark="right", contradicts="")
    figure = answer_panel(marked)
    lines = [html.unescape(line) for line in figure.data[0].cells["values"][0][0].split("<br>")]
    assert "".join(lines) == name
    assert max(map(len, lines)) <= 16
    # The cells' lines are 16 pixels high.
    assert figure.layout.height >= 16 * len(lines)


def test_a_file_name_is_broken_where_its_parts_end():
    marked = said(("img_align_celeba/000357.jpg", "M", "Smiling", 1, 1))
    figure = answer_panel(marked.assign(mark="right", contradicts=""))
    assert figure.data[0].cells["values"][0] == ["img_align_<br>celeba/<br>000357.jpg"]


def test_answers_of_a_models_predictions(vocabulary, rule_set):
    predictions = fake_predictions(vocabulary, {"celeba": 5})
    face = predictions["photograph"].iloc[2]
    row = predictions.iloc[2]
    for decoded, column in ((True, "d_"), (False, "p_")):
        answers = answers_of(
            predictions, vocabulary, "M", "celeba", [face, "gone.jpg"], decoded=decoded
        )
        ids = vocabulary.tasks("celeba")[0].members
        assert answers["characteristic"].tolist() == [i for i in ids if row[column + i] >= 0.5]
        for _, answer in answers.iterrows():
            truth = row[f"y_{answer['characteristic']}"]
            assert pd.isna(truth) == pd.isna(answer["truth"])
        mark_answers(answers, rule_set)


def test_an_answer_that_says_nothing_is_shown_as_such(vocabulary, rule_set):
    predictions = fake_predictions(vocabulary, {"celeba": 3})
    predictions[[f"p_{i}" for i in vocabulary.ids]] = 0.1
    face = predictions["photograph"].iloc[0]
    answers = answers_of(predictions, vocabulary, "M", "celeba", [face], decoded=False)
    marked = mark_answers(answers, rule_set)
    assert marked["mark"].tolist() == ["nothing"]
    assert answer_panel(marked).data[0].cells["values"][1] == ["<i>nothing said</i>"]


def test_examples_are_drawn_from_the_data_set_and_joined_by_further_answers(
    tmp_path, vocabulary, rule_set
):
    sizes = {"celeba": 12, "fairface": 5}
    predictions = {name: fake_predictions(vocabulary, sizes) for name in ("org", "lgc")}
    settings = PaperSettings(faces=3)
    found = example_answers(predictions, vocabulary, rule_set, EvaluationSettings(), settings)
    assert found["face"].nunique() == 3
    assert set(found["model"]) == {"org, thresholded", "+lgc, thresholded", "+lgc, decoded"}
    again = example_answers(predictions, vocabulary, rule_set, EvaluationSettings(), settings)
    pd.testing.assert_frame_equal(found, again)

    face = predictions["lgc"]["photograph"].iloc[7]
    path = tmp_path / "answers.csv"
    said((face, "Rival", "Bangs", 1, 1)).drop(columns="said").to_csv(path, index=False)
    settings = PaperSettings(faces=3, answers=str(path))
    found = example_answers(predictions, vocabulary, rule_set, EvaluationSettings(), settings)
    assert set(found["face"]) == {face}
    assert found[found["model"] == "Rival"][["characteristic", "mark"]].to_numpy().tolist() == [
        ["Bangs", "right"]
    ]
    said((face, "Rival", "Bangs", 1, 1)).assign(weights="tiny").to_csv(path, index=False)
    found = example_answers(predictions, vocabulary, rule_set, EvaluationSettings(), settings)
    assert "Rival (tiny)" in set(found["model"])
    settings = PaperSettings(answers=str(tmp_path / "none.csv"))
    with pytest.raises(ParameterError, match="there is no table of answers"):
        example_answers(predictions, vocabulary, rule_set, EvaluationSettings(), settings)
