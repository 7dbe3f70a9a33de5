"""The paper's tables beside this run's results; what was not run is never filled."""

import numpy as np
import pandas as pd
import pytest

from faceinsight.errors import ParameterError
from faceinsight.evaluation.evaluate import evaluate
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.reports.paper.numbers import METRICS, TABLES
from faceinsight.reports.paper.results import (
    COLUMNS,
    read_results,
    results_of,
    results_of_others,
    together,
    weights_by_model,
)
from faceinsight.reports.paper.tables import paper_table
from tests.evaluation.fakes import FakeRules, fake_predictions, small_vocabulary
from tests.reports.paper.results import result


@pytest.mark.parametrize("table", TABLES, ids=lambda t: f"table {t.number}")
def test_without_results_nothing_is_filled(table):
    frame = paper_table(table.number, together([]))
    assert (frame["status"] == "not run").all()
    for metric in table.metrics:
        assert frame[f"{metric}_paper"].notna().all()
        for part in ("run", "low", "high", "difference"):
            assert frame[f"{metric}_{part}"].isna().all()


def test_a_row_that_was_run():
    results = together(
        [
            result(
                "FaceInsight",
                "trained",
                "celeba",
                "attributes",
                n=19962,
                accuracy=(0.9, 0.89, 0.91),
            ),
            result("NVILA-8b", "fine-tuned", "celeba", "attributes", accuracy=0.8, f1=0.5),
            result("NVILA-8B", "training-free", "celeba", "attributes", accuracy=0.1),
        ]
    )
    frame = paper_table(1, results)
    rows = frame[frame["dataset"] == "celeba"].set_index("model")
    ours = rows.loc["FaceInsight"]
    assert (ours["status"], ours["n"]) == ("run", 19962)
    assert [ours[f"accuracy_{p}"] for p in ("paper", "run", "low", "high")] == pytest.approx(
        [92.58, 90, 89, 91]
    )
    assert ours["accuracy_difference"] == pytest.approx(-2.58)
    assert pd.isna(ours["f1_run"])
    assert rows.loc["NVILA-8B", "accuracy_run"] == pytest.approx(80)
    assert rows.loc["LLaVA-v1.5-7B", "status"] == "not run"
    assert (frame.loc[frame["dataset"] == "maad", "status"] == "not run").all()


def test_a_row_keeps_what_the_weights_were():
    run = result(
        "LLaVA-v1.5-7B", "fine-tuned", "celeba", "attributes", weights="tiny", accuracy=0.8
    )
    frame = paper_table(1, together([run]))
    found = frame[frame["status"] == "run"]
    assert found[["model", "weights"]].to_numpy().tolist() == [["LLaVA-v1.5-7B", "tiny"]]
    assert set(frame.drop(found.index)["weights"]) == {""}


def test_weights_of_several_kinds_are_all_said():
    tasks = zip(["celeba", "maad", "celeba"], ["training-free"] * 2 + ["fine-tuned"], strict=True)
    kinds = ["a", np.nan, None]
    parts = [
        result("m-1" if kind == "a" else "M1", setting, on, "attributes", weights=kind, accuracy=1)
        for (on, setting), kind in zip(tasks, kinds, strict=True)
    ]
    more = result("M1", "training-free", "expw", "expression", weights="b", accuracy=1)
    assert weights_by_model(together(parts)) == {
        ("m1", "training-free"): "partly a",
        ("m1", "fine-tuned"): "",
    }
    assert weights_by_model(together([parts[0], more])) == {("m1", "training-free"): "a; b"}


def test_impossible_rows_are_flagged():
    flagged = {
        (number, row["dataset"], row["task"], row["model"])
        for number in range(1, 6)
        for row in paper_table(number, together([])).to_dict("records")
        if row["impossible"]
    }
    assert len(flagged) == 3
    assert (1, "maad", "attributes", "FaceInsight") in flagged


def test_results_of_a_models_metrics():
    vocabulary = small_vocabulary()
    predictions = fake_predictions(vocabulary, {"one": 30, "three": 40})
    metrics = evaluate(
        predictions, vocabulary, FakeRules(vocabulary), [0.5] * 6, EvaluationSettings(n_resamples=9)
    )
    found = results_of(metrics, "M", "trained", "drawn faces")
    assert tuple(found.columns) == COLUMNS
    tasks = set(zip(found["dataset"], found["task"], strict=True))
    assert tasks == {("one", "attributes"), ("three", "expression")}
    row = found[(found["dataset"] == "three") & (found["metric"] == "recall")].iloc[0]
    figure = metrics["datasets"]["three"]["tasks"]["expression"]["metrics"]["recall"]
    assert (row["value"], row["low"], row["high"]) == tuple(figure.values())
    assert (row["n"], row["note"]) == (40, "drawn faces")


def test_results_of_other_systems_take_the_merged_score():
    base = {"system": "S", "dataset": "fairface", "task": "race", "labels": "data set", "n": 10}
    base |= {f"{m}{end}": 0.5 for m in METRICS for end in ("", "_low", "_high")}
    base |= {"test": 4}
    scores = pd.DataFrame(
        [
            base | {"scoring": "exact", "classes": 7},
            base | {"scoring": "merged", "classes": 6, "accuracy": 0.7},
            base | {"scoring": "exact", "classes": 7, "labels": "own", "accuracy": 0.9},
            base | {"scoring": "exact", "classes": 2, "task": "gender", "n": 0},
        ]
    )
    found = results_of_others(scores)
    assert set(found["task"]) == {"race"}
    assert found.loc[found["metric"] == "accuracy", "value"].tolist() == [0.7]
    assert found["note"].iloc[0] == "4 of 10 faces in the test part; merged: 6 classes, not 7"


def test_two_results_for_one_cell():
    one = result("NVILA-8B", "fine-tuned", "celeba", "attributes", accuracy=0.8)
    other = result("nvila 8b", "fine-tuned", "celeba", "attributes", accuracy=0.7)
    with pytest.raises(ParameterError, match="two values of accuracy on celeba/attributes"):
        together([one, other])


def test_results_from_a_file(tmp_path):
    table = result("NVILA-8B", "fine-tuned", "celeba", "attributes", accuracy=0.8)
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_parquet(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(read_results(tmp_path / "a.csv"), table)
    pd.testing.assert_frame_equal(read_results(tmp_path / "a.parquet"), table)
    few = table[["model", "setting", "dataset", "task", "metric", "value"]]
    few.to_csv(tmp_path / "b.csv", index=False)
    assert read_results(tmp_path / "b.csv")["low"].isna().all()
    assert read_results(tmp_path / "b.csv")["weights"].tolist() == [""]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"value": 80}, "value from 0 to 1"),
        ({"setting": "tuned"}, "'tuned'"),
        ({"metric": None}, "no column 'metric'"),
    ],
)
def test_a_file_that_holds_no_results(tmp_path, change, said):
    table = result("NVILA-8B", "fine-tuned", "celeba", "attributes", accuracy=0.8)
    for column, value in change.items():
        table = table.drop(columns=column) if value is None else table.assign(**{column: value})
    table.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(ParameterError, match=said):
        read_results(tmp_path / "a.csv")
    with pytest.raises(ParameterError, match="there is no table"):
        read_results(tmp_path / "b.csv")
