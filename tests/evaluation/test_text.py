"""Tables at the end of a run in a terminal."""

import pytest

from faceinsight.evaluation.ablation import compare
from faceinsight.evaluation.evaluate import evaluate
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.evaluation.text import (
    ablation_text,
    agreement_text,
    best_text,
    metrics_text,
)
from tests.evaluation.fakes import FakeRules, fake_predictions, small_vocabulary


@pytest.fixture(scope="module")
def results():
    """The ablation of four variants, and the metrics of the last."""
    vocabulary, settings = small_vocabulary(), EvaluationSettings(n_resamples=20)
    skills = {"org": 0.5, "seg": 0.8, "corr": 1.1, "lgc": 1.5}
    predictions = {
        name: fake_predictions(vocabulary, {"one": 40, "three": 30}, skill=skill)
        for name, skill in skills.items()
    }
    metrics = {
        name: evaluate(frame, vocabulary, FakeRules(vocabulary), [0.4] * 6, settings)
        for name, frame in predictions.items()
    }
    return {
        "ablation": compare(
            {name: [frame] for name, frame in predictions.items()},
            {name: [of] for name, of in metrics.items()},
            vocabulary,
            settings,
        ).table,
        "metrics": metrics["lgc"],
    }


def cells(text, first):
    (line,) = [line for line in text.splitlines() if line.startswith(first + " ")]
    return [cell for cell in line.split("  ") if cell]


def test_the_ablation_has_a_row_a_variant_and_the_baseline(results):
    table = results["ablation"]
    text = ablation_text(table, level=0.9)
    row = table.iloc[-1]
    shown = [c.strip() for c in cells(text, "+lgc")]
    assert shown[1] == (
        f"{100 * row['map']:.1f} [{100 * row['map_low']:.1f}, {100 * row['map_high']:.1f}]"
    )
    assert shown[2].startswith(f"{100 * row['difference']:+.1f} [")
    assert shown[4] == f"{100 * row['faces_breaking_rules']:.1f}"
    assert "points to org [90%]" in text
    baseline = [c.strip() for c in cells(text, "baseline")]
    assert baseline[1] == f"{100 * row['map_prevalence']:.1f}"
    assert baseline[3] == f"{100 * row['mean_accuracy_majority']:.1f}"
    variants = [line.split()[0] for line in text.splitlines()[1:5]]
    assert variants == ["org", "+seg", "+corr", "+lgc"]


def test_the_ablation_says_how_many_seeds_it_is_of(results):
    one = results["ablation"]
    assert "(One seed a variant" in ablation_text(one)
    several = ablation_text(one.assign(seeds=3, map_spread=0.021))
    assert "(3 seeds: mean ±" in several
    assert "One seed" not in several


def test_the_best_is_told_with_those_that_cannot_be_told_from_it(results):
    table = results["ablation"].assign(
        behind=[-0.2, -0.1, -0.01, None], behind_high=[-0.1, 0.0, 0.02, None]
    )
    told = "Best on these faces: by mAP +lgc (not told from it: +seg, +corr); by mean accuracy "
    assert best_text(table).startswith(told)
    assert best_text(table) in ablation_text(table)
    assert best_text(table.iloc[:1]) == ""
    assert best_text(table.drop(columns=["behind", "accuracy_behind"])) == ""


@pytest.mark.parametrize("table", ["ablation", "metrics"])
def test_drawn_faces_are_said_to_be_drawn(results, table):
    write = {"ablation": ablation_text, "metrics": metrics_text}[table]
    assert "drawn by a program" in write(results[table], drawn=True).splitlines()[-1]
    assert "drawn by a program" not in write(results[table])


def test_a_models_metrics_have_a_row_a_task(results):
    metrics = results["metrics"]
    text = metrics_text(metrics)
    task = metrics["datasets"]["three"]["tasks"]["expression"]
    (line,) = [line for line in text.splitlines() if line.split()[:2] == ["three", "expression"]]
    metric = task["metrics"]["map"]
    assert f"{100 * metric['value']:.1f} [{100 * metric['low']:.1f}, " in line
    assert line.split()[-1] == f"{100 * task['baselines']['map']:.1f}"


def test_agreement_is_told_of_those_that_learnt_to_answer():
    learnt = {"direct": {"agree_with_probabilities": 0.8312, "on_topic": 0.5}}
    silent = {"direct": {"agree_with_probabilities": None, "on_topic": 0.0}}
    agree, on_topic = agreement_text({"org": {}, "corr": silent, "lgc": learnt}).splitlines()
    assert agree.endswith("in per cent: +corr -, +lgc 83.1.")
    assert on_topic.endswith("what was asked: +corr 0.0, +lgc 50.0.")
    assert agreement_text({"org": {}, "lgc": {}}) == ""
