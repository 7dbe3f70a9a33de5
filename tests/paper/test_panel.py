"""Figure 7: errors and contradictions in what is said, marked and counted."""

import pandas as pd
import pytest
import yaml

from faceinsight.errors import ParameterError
from faceinsight.logic.compiler import compile_rules
from faceinsight.paper.panel import COLUMNS, answer_panel, answers_of, mark_answers

from ..evaluation.fakes import fake_predictions


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
