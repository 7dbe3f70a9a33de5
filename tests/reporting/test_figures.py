"""Figures show what they are given, and stand empty results."""

import json

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from faceinsight.evaluation.compare import compare
from faceinsight.evaluation.evaluate import evaluate
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.reporting import data_figures, result_figures
from faceinsight.reporting.style import characteristic_name, plain, shortened

from ..evaluation.fakes import FakeRules, fake_predictions, small_vocabulary


def checked(figure, title):
    """A figure with this title that survives JSON without NaN."""
    assert isinstance(figure, go.Figure)
    assert figure.layout.title.text.startswith(title)
    text = figure.to_json()
    json.loads(text, parse_constant=pytest.fail)
    return figure


def by_name(figure):
    return {trace.name: trace for trace in figure.data}


def test_prior_heat_map_keeps_its_direction():
    conditional = np.array([[1.0, 0.2], [0.9, np.nan]])
    adjacency = np.array([[0.2, 0.8], [0.0, 1.0]])
    figure = checked(data_figures.prior_heat_map(conditional, adjacency, ["A_b", "c"]), "Corr")
    shown, hidden = figure.data
    assert list(shown.y) == ["A b", "c"]
    assert shown.z[1][0] == 0.9  # row: given c; column: A b
    assert shown.z[1][1] is None
    assert hidden.z[0][1] == 0.8
    assert (shown.visible, hidden.visible) == (True, False)
    assert "given %{y}, %{x}" in shown.hovertemplate
    assert shown.customdata[1][0][0] == 0.9


def test_dataset_composition(report_arguments):
    summary = report_arguments["summary"]
    figure = checked(data_figures.dataset_composition(summary), "Data sets")
    train = by_name(figure)["train"]
    counts = dict(zip(train.y, train.x, strict=True))
    assert counts["CelebA"] == 30
    unknown = figure.data[-1]
    share = dict(zip(unknown.y, unknown.x, strict=True))
    celeba = summary[summary["dataset"] == "celeba"]
    assert share["CelebA"] == pytest.approx(1 - celeba["known"].sum() / celeba["faces"].sum())
    prevalence = checked(data_figures.prevalence_heat_map(summary), "Prevalence").data[0]
    row = celeba[(celeba["split"] == "train") & (celeba["id"] == "Bald")].iloc[0]
    cell = prevalence.z[list(prevalence.y).index("Bald")][list(prevalence.x).index("CelebA")]
    assert cell == pytest.approx(row["present"] / row["known"], abs=1e-4)
    assert prevalence.z[list(prevalence.y).index("Bald")][-1] is None  # RAF-DB does not know


def test_rule_figures(report_arguments):
    metrics = report_arguments["metrics"]
    bars = by_name(checked(data_figures.rule_violations(metrics), "Faces"))
    assert list(bars["decoded"].y) == [0, 0, 0, 0]
    assert list(bars["decoded"].x) == ["org", "+seg", "+corr", "+lgc"]
    value = metrics["org"]["rules"]["thresholded"]["faces"]["value"]
    assert bars["P from the threshold on"].y[0] == value
    labels = pd.DataFrame(
        {"rule": ["Bald -> not Straight_Hair"] * 2, "decidable": [60, 40], "broken": [1, 4]}
    )
    each = checked(data_figures.violations_by_rule(labels, metrics), "How often")
    dots = next(t for t in each.data if t.name == "training labels")
    assert dots.x[list(dots.customdata).index("Bald -> not Straight_Hair")] == 0.05
    rules = {rule for trace in each.data for rule in trace.customdata}
    assert len(rules) == len(metrics["org"]["rules"]["per_rule"])


def test_learning_curves_draw_known_names_only(report_arguments):
    figure = checked(result_figures.learning_curves(report_arguments["curves"]), "Learning")
    assert len(figure.data) == 4 * 4  # four variants; loss, bce, logic, eval_accuracy
    assert {t.text for t in figure.layout.annotations} == {
        "training loss",
        "cross-entropy (Eq. 3)",
        "logical loss (Eq. 9)",
        "validation accuracy",
    }
    assert sum(bool(t.showlegend) for t in figure.data) == 4


def test_task_metrics_have_whiskers_and_baselines(report_arguments):
    metrics = report_arguments["metrics"]
    figure = checked(result_figures.task_metrics(metrics, ("accuracy",)), "Metrics")
    traces = by_name(figure)
    found = metrics["lgc"]["datasets"]["fairface"]["tasks"]["age"]
    row = list(traces["+lgc"].customdata).index("FairFace · age")
    accuracy = found["metrics"]["accuracy"]
    assert traces["+lgc"].x[row] == accuracy["value"]
    assert traces["+lgc"].error_x.array[row] == pytest.approx(accuracy["high"] - accuracy["value"])
    assert traces["baseline"].x[row] == found["baselines"]["accuracy"]
    heights = [traces[v].y[row] for v in ("org", "+seg", "+corr", "+lgc")]
    assert heights == sorted(heights)


def test_ablation_figures(report_arguments):
    table, characteristics = report_arguments["ablation"], report_arguments["characteristics"]
    figure = checked(result_figures.ablation_overall(table), "Ablation")
    bars, differences = figure.data
    assert list(bars.y) == pytest.approx(table["map"].tolist())
    assert list(differences.x) == ["+seg", "+corr", "+lgc"]
    assert list(differences.y) == pytest.approx(table["difference"].tolist()[1:])
    sorted_bars = checked(
        result_figures.ablation_by_characteristic(characteristics), "Average"
    ).data[0]
    values = [v for v in sorted_bars.x if v is not None]
    assert values == sorted(values)
    assert len(values) == len(characteristics)


def test_reliability_curve(report_arguments):
    metrics = {"lgc": report_arguments["metrics"]["lgc"]}
    figure = checked(result_figures.reliability_curve(metrics), "Calibration")
    filled = [b for b in metrics["lgc"]["calibration"]["bins"] if b["n"]]
    assert list(figure.data[1].y) == [b["frequency"] for b in filled]


def test_empty_results_give_figures():
    vocabulary = small_vocabulary()
    settings = EvaluationSettings(n_resamples=5)
    empty = fake_predictions(vocabulary, {"one": 3}).iloc[:0]
    metrics = {
        "org": evaluate(empty, vocabulary, FakeRules(vocabulary), np.full(6, np.nan), settings)
    }
    table, characteristics = compare({"org": empty}, metrics, vocabulary, settings)
    summary = pd.DataFrame(columns=["dataset", "split", "id", "faces", "known", "present"])
    labels = pd.DataFrame({"rule": [], "decidable": [], "broken": []})
    nothing = np.full((6, 6), np.nan)
    for figure in (
        data_figures.dataset_composition(summary),
        data_figures.prevalence_heat_map(summary),
        data_figures.prior_heat_map(nothing, nothing, vocabulary.ids),
        data_figures.rule_violations(metrics),
        data_figures.violations_by_rule(labels, metrics),
        result_figures.learning_curves({}),
        result_figures.task_metrics(metrics),
        result_figures.ablation_overall(table),
        result_figures.ablation_by_characteristic(characteristics),
        result_figures.reliability_curve(metrics),
    ):
        checked(figure, "")


def test_names():
    assert characteristic_name("age_20_29") == "age 20–29"
    assert characteristic_name("age_70_plus") == "age 70+"
    assert characteristic_name("race7_East_Asian") == "East Asian (of 7 races)"
    assert characteristic_name("5_o_Clock_Shadow") == "5 o Clock Shadow"
    assert plain("Black <-> race7_Black") == "Black &lt;-> race7_Black"
    assert shortened("a" * 60, 10) == "a" * 9 + "…"
