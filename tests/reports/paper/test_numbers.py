"""The paper's numbers: complete, consistent, and flagged where they cannot be right."""

import numpy as np
import pytest

from faceinsight.reports.paper.numbers import (
    BAR_FIGURES,
    FINE_TUNED,
    OURS,
    REPRESENTATION,
    TABLES,
    TRAINING_FREE,
    claim,
    impossible_rows,
    paper_numbers,
    surpassed_cells,
)


def test_every_table_is_whole():
    numbers = paper_numbers()
    panels = {1: 2, 2: 3, 3: 3, 4: 6, 5: 2}
    for table in TABLES:
        of = numbers[numbers["table"] == table.number]
        others = FINE_TUNED if table.setting == "fine-tuned" else REPRESENTATION
        assert set(of["model"]) == {*others, OURS}
        assert set(of["metric"]) == set(table.metrics)
        rows = panels[table.number] * (len(others) + 1) * len(table.metrics)
        assert len(of) == rows
        assert not of.duplicated(["dataset", "task", "model", "metric"]).any()
    assert numbers["value"].between(30, 100).all()


def test_data_sets_and_tasks_are_the_vocabularys(vocabulary):
    pairs = {(d, t.name) for d in vocabulary.datasets for t in vocabulary.tasks(d)}
    numbers = paper_numbers()
    assert set(zip(numbers["dataset"], numbers["task"], strict=True)) == pairs
    assert {panel for figure in BAR_FIGURES for panel in figure.panels} == pairs


def test_numbers_stand_in_the_paper(shared):
    """Every cell is a number of the paper's text, as often as it occurs here."""
    text = (shared / "paper/faceinsight.txt").read_text(encoding="utf-8")
    for value, times in paper_numbers()["value"].value_counts().items():
        assert text.count(f"{value:.2f}") >= times, value


def test_rows_in_the_paper(shared):
    text = (shared / "paper/faceinsight.txt").read_text(encoding="utf-8")
    numbers = paper_numbers()
    rows = numbers[numbers["table"] != 4].pivot(
        index=["table", "dataset", "task", "model"], columns="metric", values="value"
    )
    for (_, _, _, model), row in rows.iterrows():
        cells = "\t".join(f"{row[m]:.2f}" for m in ("accuracy", "recall", "f1", "precision"))
        assert f"{model.replace('7B', '7b').replace('8B', '8b')}\t{cells}" in text


def test_table_4_repeats_tables_2_and_3():
    numbers = paper_numbers()
    ours = numbers[(numbers["model"] == OURS) & (numbers["metric"] == "accuracy")]
    for _, row in ours[ours["table"] == 4].iterrows():
        same = ours[(ours["dataset"] == row["dataset"]) & (ours["task"] == row["task"])]
        assert same["value"].nunique() == 1
        assert len(same) == 2


def test_three_rows_have_an_impossible_f1():
    found = impossible_rows()
    rows = set(zip(found["table"], found["dataset"], found["task"], found["model"], strict=True))
    assert rows == {
        (1, "maad", "attributes", "FaceInsight"),
        (2, "fairface", "age", "LLaVA-v1.5-7B"),
        (3, "utkface", "gender", "FaceInsight"),
    }
    assert (found["f1"] > found["most"] + 0.01).all()


def test_the_bound_on_f1_holds_for_any_confusion_matrix():
    """Against scikit-learn: random answers never exceed it."""
    from sklearn.metrics import precision_recall_fscore_support

    rng = np.random.default_rng(0)
    for _ in range(50):
        k = rng.integers(2, 8)
        truth, answer = rng.integers(0, k, (2, 60))
        answer = np.where(rng.random(60) < 0.5, truth, answer)
        p, r, f, _ = precision_recall_fscore_support(
            truth, answer, average="macro", zero_division=0
        )
        assert f <= 2 * p * r / (p + r) + 1e-12


def test_cells_where_another_model_is_above():
    found = surpassed_cells()
    cells = set(zip(found["dataset"], found["task"], found["metric"], found["model"], strict=True))
    assert cells == {
        ("fairface", "race", "precision", "LLaVA-OneVision-7B-SI"),
        ("utkface", "gender", "recall", "NVILA-8B"),
        ("utkface", "race", "recall", "LLaVA-OneVision-7B-SI"),
    }


def test_the_ablations_steps_add_up():
    total = claim("lgc_over_org")
    assert claim("seg_over_org") + claim("corr_and_lgc_over_seg") == pytest.approx(total)
    assert claim("corr_over_seg") < claim("corr_and_lgc_over_seg")


def test_nine_models_are_compared_without_training():
    assert len(set(TRAINING_FREE)) == 9
    assert set(FINE_TUNED) < set(TRAINING_FREE)
