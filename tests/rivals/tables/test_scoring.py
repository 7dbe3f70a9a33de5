"""Tables of answers, from file to score."""

import numpy as np
import pandas as pd
import pytest

from faceinsight.errors import ParameterError
from faceinsight.evaluation.evaluate import evaluate
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.rivals.tables.scoring import score_tables, scores_text
from faceinsight.rivals.tables.settings import TablesSettings
from faceinsight.rivals.tables.table import AnswersFileError
from tests.evaluation.fakes import fake_predictions

EVALUATION = EvaluationSettings(n_resamples=50)
ROWS = {
    "train/1.jpg": "White",  # right
    "train/2.jpg": "White",  # wrong
    "train/3.jpg": "Asian",  # East Asian: right if merged
    "train/4.jpg": "Asian",  # Southeast Asian: right if merged
    "val/1.jpg": "White",  # wrong: East Asian
    "val/2.jpg": "none",  # refused, wrong
    "val/3.jpg": "Martian",  # not in vocabulary, wrong
    "val/4.jpg": "Black",  # no label
    "val/9.jpg": "Black",  # no such face
}


def write(folder, rows=ROWS, name="answers.csv", **columns):
    table = pd.DataFrame({"file": list(rows), "race": list(rows.values())} | columns)
    path = folder / name
    table.to_parquet(path) if name.endswith("parquet") else table.to_csv(path, index=False)


def score(folder, settings, labels, vocabulary, **changes):
    given = {"folder": str(folder), "layouts": {"t": settings | changes}}
    return score_tables(
        TablesSettings.model_validate(given), {"fairface": labels}, vocabulary, EVALUATION
    )


def test_hand_counted(tmp_path, settings, labels, vocabulary):
    write(tmp_path)
    scores, words = score(tmp_path, settings, labels, vocabulary)
    exact, merged = scores.to_dict("records")
    assert (exact["scoring"], merged["scoring"]) == ("exact", "merged")
    for row in (exact, merged):
        assert row["n"] == 7
        assert (row["rows"], row["unmatched"], row["unlabelled"]) == (9, 1, 1)
        assert (row["train"], row["val"], row["test"]) == (3, 1, 3)
        assert (row["refused"], row["not in vocabulary"], row["unmapped"]) == (1, 1, 0)
        assert row["unmatched_first"] == "val/9.jpg"
        assert row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"]
    assert exact["accuracy"] == pytest.approx(1 / 7)
    assert merged["accuracy"] == pytest.approx(3 / 7)
    assert (exact["classes"], merged["classes"]) == (7, 6)
    assert exact["majority"] == pytest.approx(2 / 7)
    assert merged["majority"] == pytest.approx(3 / 7)
    assert merged["not_told_apart"] == "race7_East_Asian or race7_Southeast_Asian"
    # Merged: White is claimed three times and right once; Asian twice and right twice, of three;
    # Black and Indian have a face each and no claim that could be scored.
    assert merged["precision"] == pytest.approx((1 / 3 + 1 + 0 + 0) / 4)
    assert merged["recall"] == pytest.approx((1 / 2 + 2 / 3 + 0 + 0) / 4)
    assert words[["word", "meaning", "n"]].to_numpy().tolist() == [
        ["Asian", "race7_East_Asian or race7_Southeast_Asian", 2],
        ["Martian", "not in vocabulary", 1],
        ["none", "refused", 1],
    ]


def test_parquet_and_csv_score_alike(tmp_path, settings, labels, vocabulary):
    write(tmp_path)
    write(tmp_path, name="answers.parquet")
    one, _ = score(tmp_path, settings, labels, vocabulary)
    other, _ = score(tmp_path, settings, labels, vocabulary, file="answers.parquet")
    pd.testing.assert_frame_equal(one, other)


def test_a_table_with_labels_of_its_own_is_scored_twice(tmp_path, settings, labels, vocabulary):
    write(tmp_path, truth=["White"] * 8 + ["Black"])
    scores, _ = score(tmp_path, settings, labels, vocabulary, truth={"race": "truth"})
    own = scores[(scores["labels"] == "own") & (scores["scoring"] == "exact")].iloc[0]
    assert own["n"] == 9
    assert own["accuracy"] == pytest.approx(4 / 9)  # three times White, and Black once
    assert pd.isna(own["train"])
    data_set = scores[(scores["labels"] == "data set") & (scores["scoring"] == "exact")].iloc[0]
    assert data_set["n"] == 7


def test_a_word_without_meaning_is_an_error_or_wrong_and_listed(
    tmp_path, settings, labels, vocabulary
):
    write(tmp_path, ROWS | {"val/3.jpg": "Klingon"})
    with pytest.raises(AnswersFileError, match=r"row 7: race is 'Klingon'"):
        score(tmp_path, settings, labels, vocabulary)
    scores, words = score(tmp_path, settings, labels, vocabulary, unmapped="wrong")
    assert scores["unmapped"].tolist() == [1, 1]
    assert scores["accuracy"].tolist() == pytest.approx([1 / 7, 3 / 7])
    listed = words[words["word"] == "Klingon"].iloc[0]
    assert (listed["meaning"], listed["n"], listed["first"]) == ("unmapped", 1, "val/3.jpg")


def test_overlapping_classes_have_accuracy_alone(tmp_path, settings, labels, vocabulary):
    words = {"Asian": ["race7_East_Asian", "race7_Southeast_Asian"]}
    words |= {"South": ["race7_Southeast_Asian", "race7_Indian"]}
    write(tmp_path, {"train/3.jpg": "Asian", "train/4.jpg": "South", "val/2.jpg": "Asian"})
    scores, _ = score(tmp_path, settings, labels, vocabulary, words={"race": words})
    row = scores[scores["scoring"] == "any"].iloc[0]
    assert row["accuracy"] == pytest.approx(2 / 3)
    assert pd.isna(row["f1"])


def test_attributes(tmp_path, vocabulary):
    from tests.label_tables import label_table

    annotated = {id_: [None] * 3 for id_ in vocabulary.annotated_by("celeba")}
    annotated |= {"Smiling": [1, 0, 1], "Bald": [0, 0, None]}
    labels = label_table(["a.jpg", "b.jpg", "c.jpg"], **annotated)
    table = pd.DataFrame(
        {"file": ["a.jpg", "b.jpg", "c.jpg"], "smile": [1, 1, None], "bald": [0, 0, 1]}
    )
    table.to_csv(tmp_path / "a.csv", index=False)
    settings = {
        "file": "a.csv",
        "dataset": "celeba",
        "photograph": {"column": "file"},
        "systems": {"S": {"attributes": {"Smiling": "smile", "Bald": "bald"}}},
        "words": {"attributes": {"1.0": "present", "1": "present", "0": "absent"}},
    }
    given = TablesSettings.model_validate({"folder": str(tmp_path), "layouts": {"t": settings}})
    scores, words = score_tables(given, {"celeba": labels}, vocabulary, EVALUATION)
    row = scores.iloc[0]
    # Five known labels: Smiling right, wrong, and without an answer; Bald right twice.
    assert row["accuracy"] == pytest.approx(3 / 5)
    assert (row["n"], row["classes"], row["refused"]) == (3, 2, 1)
    assert words["word"].tolist() == [""]


def test_no_folder_reads_nothing(settings, labels, vocabulary):
    given = TablesSettings.model_validate({"layouts": {"t": settings}})
    scores, words = score_tables(given, {"fairface": labels}, vocabulary, EVALUATION)
    assert scores.empty
    assert words.empty
    named = given.model_copy(update={"folder": "nowhere"})
    with pytest.raises(ParameterError, match=r"tables\.folder: there is no folder .*nowhere; name"):
        score_tables(named, {"fairface": labels}, vocabulary, EVALUATION)


def test_a_table_about_a_data_set_that_is_not_configured_is_named(
    tmp_path, settings, labels, vocabulary
):
    write(tmp_path)
    with pytest.raises(ParameterError, match=r"layouts\.t\.dataset: expw is none of .*fairface"):
        score(tmp_path, settings, labels, vocabulary, dataset="expw")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"systems": {"S": {"races": "race"}}}, "did you mean 'race'"),
        ({"systems": {"S": {"race": {"White": "race"}}}}, "the name of a column"),
        ({"words": {}}, "meanings of the words for race are missing"),
        ({"words": {"race": {"White": "race7_Whit"}}}, "did you mean 'race7_White'"),
        ({"words": {"race": {"White": []}}}, "must have one meaning"),
        ({"truth": {"races": "race"}}, "did you mean 'race'"),
    ],
)
def test_settings_that_do_not_fit_are_one_sentence(
    tmp_path, settings, labels, vocabulary, changes, said
):
    write(tmp_path)
    with pytest.raises(ParameterError, match=said) as raised:
        score(tmp_path, settings, labels, vocabulary, **changes)
    assert "tables.layouts.t" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_models_answers_in_a_table_score_as_the_model_does(tmp_path, vocabulary):
    """Value and interval of every metric, also with several faces a photograph."""
    predictions = fake_predictions(vocabulary, {"fairface": 90}, unknown=0, faces_a_photograph=3)
    task = next(t for t in vocabulary.tasks("fairface") if t.name == "race")
    metrics = evaluate(
        predictions, vocabulary, NoRules(), np.full(len(vocabulary), 0.5), EVALUATION
    )["datasets"]["fairface"]["tasks"]["race"]["metrics"]
    labels = predictions.rename(columns=lambda name: name.removeprefix("y_"))
    answer = predictions[[f"p_{m}" for m in task.members]].to_numpy().argmax(axis=1)
    table = predictions[["photograph", "face"]].assign(race=np.array(task.members)[answer])
    table.sample(frac=1, random_state=0).to_csv(tmp_path / "answers.csv", index=False)
    settings = {
        "file": "answers.csv",
        "dataset": "fairface",
        "photograph": {"column": "photograph"},
        "face": "face",
        "systems": {"M": {"race": "race"}},
        "words": {"race": {m: m for m in task.members}},
    }
    scores, _ = score(tmp_path, settings, labels, vocabulary)
    for metric in ("accuracy", "precision", "recall", "f1"):
        found = scores.iloc[0][[metric, f"{metric}_low", f"{metric}_high"]].tolist()
        assert found == pytest.approx(list(metrics[metric].values()))


class NoRules:
    rules = ()

    def violated(self, present):
        return np.zeros((len(present), 0), bool)


def test_scores_as_text(tmp_path, settings, labels, vocabulary):
    write(tmp_path, truth=["White"] * 9)
    scores, _ = score(tmp_path, settings, labels, vocabulary, truth={"race": "truth"})
    lines = [line.split() for line in scores_text(scores).splitlines()]
    assert lines[0][0] == "system"
    assert lines[2][:7] == ["S", "fairface", "race", "merged,", "6", "7", "42.86"]
    assert lines[2][-1] == "2"  # one row matches no face, one face has no label
    assert lines[3][:7] == ["S", "fairface", "race", "exact,", "7", "own", "9"]
