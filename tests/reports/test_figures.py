"""Figures show what they are given, and stand empty results."""

import copy
import json

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from faceinsight.evaluation.ablation import compare
from faceinsight.evaluation.evaluate import evaluate
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.reports import (
    ablation_figures,
    data_figures,
    result_figures,
    rule_figures,
)
from faceinsight.reports.charts import characteristic_name, in_lines, plain
from faceinsight.reports.class_figure import class_answers
from faceinsight.reports.coverage import coverage_figure
from tests.evaluation.fakes import FakeRules, fake_predictions, small_vocabulary


def checked(figure, title):
    """A figure with this title and words for it, that survives JSON without NaN."""
    assert isinstance(figure, go.Figure)
    assert figure.layout.meta["alt"]
    assert figure.layout.title.text.startswith(title)
    text = figure.to_json()
    json.loads(text, parse_constant=pytest.fail)
    return figure


def by_name(figure):
    return {trace.name: trace for trace in figure.data}


def test_prior_heat_map_keeps_its_direction():
    conditional = np.array([[1.0, 0.2], [0.9, np.nan]])
    adjacency = np.array([[0.2, 0.8], [0.0, 1.0]])
    figure = checked(data_figures.prior_heat_map(conditional, adjacency, ["A_b", "c"]), "Every")
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
    figure = checked(data_figures.dataset_composition(summary), "Faces")
    train = by_name(figure)["train"]
    counts = dict(zip(train.customdata, train.x, strict=True))
    assert counts["CelebA"] == 30
    unknown = figure.data[-1]
    share = dict(zip(unknown.customdata, unknown.x, strict=True))
    celeba = summary[summary["dataset"] == "celeba"]
    assert share["CelebA"] == pytest.approx(1 - celeba["known"].sum() / celeba["faces"].sum())
    # Everything lies inside the axis, the smallest on it and the largest with room for its number.
    low, high = 10 ** np.array(figure.layout.xaxis.range)
    numbers = [n for trace in figure.data[:3] for n in trace.x]
    assert low <= min(numbers) < max(numbers) < 0.8 * high
    prevalence = checked(data_figures.prevalence_heat_map(summary), "Prevalence").data[0]
    row = celeba[(celeba["split"] == "train") & (celeba["id"] == "Bald")].iloc[0]
    cell = prevalence.z[list(prevalence.y).index("Bald")][list(prevalence.x).index("CelebA")]
    assert cell == pytest.approx(row["present"] / row["known"], abs=1e-4)
    assert prevalence.z[list(prevalence.y).index("Bald")][-1] is None  # RAF-DB does not know


def test_faces_that_break_a_rule_are_compared_by_how_labels_are_made(report_arguments):
    metrics = report_arguments["metrics"]
    bars = by_name(checked(rule_figures.rule_violations(metrics), "Faces"))
    assert list(bars["decoded labels"].x) == [0, 0, 0, 0]
    assert list(bars["decoded labels"].customdata) == ["org", "+seg", "+corr", "+lgc"]
    for name, key in (
        ("each P from its threshold on", "thresholded"),
        ("most probable answers", "highest_in_group"),
    ):
        assert bars[name].x[0] == metrics["org"]["rules"][key]["faces"]["value"]


def test_each_rule_is_counted_on_the_most_probable_answers(report_arguments):
    metrics = report_arguments["metrics"]
    labels = pd.DataFrame(
        {"rule": ["Bald -> not Straight_Hair"] * 2, "decidable": [60, 40], "broken": [1, 4]}
    )
    each = checked(rule_figures.violations_by_rule(labels, metrics), "How often")
    dots = next(t for t in each.data if t.name == "training labels")
    assert dots.x[list(dots.customdata).index("Bald -> not Straight_Hair")] == 0.05
    of_rule = {r["rule"]: r for r in metrics["lgc"]["rules"]["per_rule"] if r["kind"] != "group"}
    shown = {}
    for trace in each.data:
        if trace.name == "+lgc":
            shown |= dict(zip(trace.customdata, trace.x, strict=True))
    n = metrics["lgc"]["n"]
    assert shown == {plain(text): r["highest_in_group"] / n for text, r in of_rule.items()}
    # Every rule can be read whole, above its markers.
    written = {a.text.replace("<br>", " ") for a in each.layout.annotations}
    assert set(shown) <= written


def test_a_rule_that_shares_leave_out_is_marked(report_arguments):
    metrics = copy.deepcopy(report_arguments["metrics"])
    rule = next(r for r in metrics["org"]["rules"]["per_rule"] if r["kind"] == "link")
    rule["counted"] = False
    labels = pd.DataFrame({"rule": [], "decidable": [], "broken": []})
    each = rule_figures.violations_by_rule(labels, metrics)
    marked = [
        t for a in each.layout.annotations if (t := a.text.replace("<br>", " ")).endswith(")")
    ]
    assert f"{plain(rule['rule'])} (not counted)" in marked
    assert sum("(not counted)" in text for text in marked) == 1


def test_learning_curves_draw_known_names_only(report_arguments):
    figure = checked(result_figures.learning_curves(report_arguments["curves"]), "Losses")
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


def test_answers_by_class_are_shares_and_a_confusion_matrix(report_arguments, vocabulary):
    metrics = report_arguments["metrics"]
    figure = checked(class_answers(metrics, vocabulary), "Answers by class: +lgc")
    tasks = [
        (dataset, task, report)
        for dataset, of in metrics["lgc"]["datasets"].items()
        for task, report in of["tasks"].items()
        if report["one_of"]
    ]
    assert len(figure.data) == 3 * len(tasks)
    titles = [a.text for a in figure.layout.annotations]
    position = titles.index("FairFace · race: shares of classes") // 2
    assert tasks[position][:2] == ("fairface", "race")
    true, answered, matrix = figure.data[3 * position : 3 * position + 3]
    confusion = np.array(tasks[position][2]["decoded_confusion"])
    n = confusion.sum()
    assert list(true.y[:4]) == ["White", "Black", "Latino Hispanic", "East Asian"]
    assert list(true.x) == pytest.approx((confusion.sum(axis=1) / n).tolist())
    assert list(answered.x) == pytest.approx((confusion.sum(axis=0) / n).tolist())
    rows = confusion / confusion.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.array(matrix.z), rows, atol=1e-4)
    assert (matrix.x, matrix.y) == (true.y, true.y)


def test_faces_without_an_answer_have_a_column(report_arguments, vocabulary):
    metrics = copy.deepcopy({"lgc": report_arguments["metrics"]["lgc"]})
    task = metrics["lgc"]["datasets"]["expw"]["tasks"]["expression"]
    task["decoded_confusion"][0] = [0] * 7
    figure = class_answers(metrics, vocabulary)
    position = [a.text for a in figure.layout.annotations].index(
        "ExpW · expression: shares of classes"
    )
    true, answered, matrix = figure.data[3 * position // 2 : 3 * position // 2 + 3]
    assert answered.y[-1] == matrix.x[-1] == "no answer"
    assert answered.customdata[-1] == task["positives"][0]
    assert true.x[-1] == 0
    assert list(matrix.z[0]) == [0] * 7 + [1]


def test_ablation_figures(report_arguments):
    table, characteristics = report_arguments["ablation"], report_arguments["characteristics"]
    figure = checked(ablation_figures.ablation_overall(table), "What each")
    values, differences = figure.data
    assert list(values.y) == pytest.approx(table["map"].tolist())
    assert list(differences.x) == ["+seg", "+corr", "+lgc"]
    # Differences of percentages are points.
    assert list(differences.y) == pytest.approx((100 * table["difference"]).tolist()[1:])
    assert "points" in differences.hovertemplate
    each = checked(ablation_figures.ablation_by_characteristic(characteristics), "Average")
    *drawn, scale = each.data
    better, worse, open_ = drawn
    points = {y: x for trace in drawn for y, x in zip(trace.y, trace.x, strict=True)}
    assert len(points) == sum(len(trace.y) for trace in drawn) == len(characteristics)
    # Coloured by the interval, as in the tables, not by the sign.
    told = {characteristic_name(row["id"]): row for row in characteristics.to_dict("records")}
    assert all(told[name]["difference_low"] > 0 for name in better.y)
    assert all(told[name]["difference_high"] < 0 for name in worse.y)
    both = [told[name] for name in open_.y]
    assert all(row["difference_low"] <= 0 <= row["difference_high"] for row in both)
    assert len({trace.marker.color for trace in drawn}) == 3
    assert better.y
    assert open_.y
    # The scale stands above the rows too.
    assert (scale.xaxis, scale.opacity) == ("x2", 0)
    assert (each.layout.xaxis2.side, each.layout.xaxis2.matches) == ("top", "x")
    row = characteristics.iloc[0]
    assert points[characteristic_name(row["id"])] == pytest.approx(100 * row["difference"])
    order = [points[name] for name in each.layout.yaxis.categoryarray]
    assert order == sorted(order)


def test_reliability_curve(report_arguments):
    metrics = {"lgc": report_arguments["metrics"]["lgc"]}
    figure = checked(result_figures.reliability_curve(metrics), "Prob")
    filled = [b for b in metrics["lgc"]["calibration"]["bins"] if b["n"]]
    assert list(figure.data[1].y) == [b["frequency"] for b in filled]


def test_empty_results_give_figures():
    vocabulary = small_vocabulary()
    settings = EvaluationSettings(n_resamples=5)
    empty = fake_predictions(vocabulary, {"one": 3}).iloc[:0]
    metrics = {
        "org": evaluate(empty, vocabulary, FakeRules(vocabulary), np.full(6, np.nan), settings)
    }
    table, characteristics = compare(
        {"org": [empty]}, {"org": [metrics["org"]]}, vocabulary, settings
    )
    summary = pd.DataFrame(columns=["dataset", "split", "id", "faces", "known", "present"])
    labels = pd.DataFrame({"rule": [], "decidable": [], "broken": []})
    nothing = np.full((6, 6), np.nan)
    for figure in (
        data_figures.dataset_composition(summary),
        data_figures.prevalence_heat_map(summary),
        data_figures.prior_heat_map(nothing, nothing, vocabulary.ids),
        rule_figures.rule_violations(metrics),
        rule_figures.violations_by_rule(labels, metrics),
        result_figures.learning_curves({}),
        result_figures.task_metrics(metrics),
        ablation_figures.ablation_overall(table),
        ablation_figures.ablation_by_characteristic(characteristics),
        result_figures.reliability_curve(metrics),
        class_answers(metrics, vocabulary),
        class_answers({}, vocabulary),
        coverage_figure({}),
    ):
        checked(figure, "")


def test_names():
    assert characteristic_name("age_20_29") == "age 20–29"
    assert characteristic_name("age_70_plus") == "age 70+"
    assert characteristic_name("race7_East_Asian") == "East Asian (of 7 races)"
    assert characteristic_name("5_o_Clock_Shadow") == "5 o Clock Shadow"
    assert plain("Black <-> race7_Black") == "Black &lt;-> race7_Black"
    rule = "White -> race7_White or race7_Latino_Hispanic or race7_Middle_Eastern"
    assert " ".join(in_lines(rule, 30)) == rule
    assert max(map(len, in_lines(rule, 30))) <= 30
