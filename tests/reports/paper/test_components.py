"""Figure 8a: components by characteristic against scikit-learn."""

import pytest
from sklearn.metrics import accuracy_score, average_precision_score

from faceinsight.errors import ParameterError
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.reports.paper.components import (
    by_characteristic,
    component_steps,
    measure_components,
)
from tests.evaluation.fakes import fake_predictions, small_vocabulary

SKILLS = {"org": 0.3, "seg": 0.8, "corr": 1.2, "lgc": 2.0}


@pytest.fixture(scope="module")
def predictions():
    vocabulary = small_vocabulary()
    sizes = {"one": 250, "three": 50}
    return {name: fake_predictions(vocabulary, sizes, skill=s) for name, s in SKILLS.items()}


def test_average_precision_and_accuracy_are_scikit_learns(predictions):
    found = measure_components(
        "one", predictions, small_vocabulary(), EvaluationSettings(n_resamples=0)
    )
    table = found.characteristics.set_index("id")
    assert set(table.index) == {"Hat", "Bangs", "Bald"}
    for name, frame in predictions.items():
        rows = frame[frame["dataset"] == "one"]
        for id_ in table.index:
            known = rows[f"y_{id_}"].notna().to_numpy()
            y = rows[f"y_{id_}"][known].astype(int)
            p = rows[f"p_{id_}"][known]
            ap = average_precision_score(y, p)
            assert table.loc[id_, f"{name}_ap"] == pytest.approx(ap, abs=1e-6)
            expected = accuracy_score(y, p >= 0.5)
            assert table.loc[id_, f"{name}_accuracy"] == pytest.approx(expected)


def test_steps_are_differences_of_means_with_intervals(predictions):
    found = measure_components(
        "one", predictions, small_vocabulary(), EvaluationSettings(n_resamples=100)
    )
    table, steps = found.characteristics, found.steps.set_index("step")
    assert list(steps.index) == [
        "seg_over_org",
        "corr_over_seg",
        "corr_and_lgc_over_seg",
        "lgc_over_org",
    ]
    for step in steps.to_dict("records"):
        gain = table[f"{step['after']}_ap"].mean() - table[f"{step['before']}_ap"].mean()
        assert step["run"] == pytest.approx(100 * gain, abs=1e-4)
        assert step["run_low"] <= step["run"] <= step["run_high"]
    assert steps["paper"].tolist() == [0.82, 0.95, 1.48, 2.3]
    assert steps.loc["lgc_over_org", "run_low"] > 0


def test_a_variant_that_is_not_there_has_no_step(predictions):
    two = {name: predictions[name] for name in ("org", "lgc")}
    found = measure_components("one", two, small_vocabulary(), EvaluationSettings(n_resamples=5))
    assert found.steps["step"].tolist() == ["lgc_over_org"]


def test_a_data_set_without_faces(predictions):
    none = {name: frame[frame["dataset"] != "one"] for name, frame in predictions.items()}
    found = measure_components("one", none, small_vocabulary(), EvaluationSettings(n_resamples=5))
    assert found.characteristics.empty
    assert found.steps.empty
    by_characteristic(found.characteristics, "one")
    component_steps(found.steps, "one")


def test_other_faces_are_refused(predictions):
    spoilt = predictions | {"lgc": predictions["lgc"].iloc[1:]}
    with pytest.raises(ParameterError, match="'lgc' was predicted on other faces"):
        measure_components("one", spoilt, small_vocabulary())


def test_the_figure_by_characteristic_is_sorted_by_gain(predictions):
    table = measure_components(
        "one", predictions, small_vocabulary(), EvaluationSettings(n_resamples=0)
    ).characteristics
    figure = by_characteristic(table, "one")
    assert len(figure.data) == 8  # four variants, AP and accuracy
    gains = (table["lgc_ap"] - table["org_ap"]).to_numpy()
    order = [id_ for _, id_ in sorted(zip(gains, table["id"], strict=True))]
    assert list(figure.data[0].y) == order
