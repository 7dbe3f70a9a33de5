"""Figure 8: components by characteristic against scikit-learn, and the choice of omega."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, average_precision_score

from faceinsight.errors import ParameterError
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.reports.paper.ablation import ablation_on, chosen_omega, read_sweep
from faceinsight.reports.paper.ablation_figures import (
    by_characteristic,
    component_steps,
    omega_sweep,
)
from tests.evaluation.fakes import fake_predictions, small_vocabulary

SKILLS = {"org": 0.3, "seg": 0.8, "corr": 1.2, "lgc": 2.0}


@pytest.fixture(scope="module")
def predictions():
    vocabulary = small_vocabulary()
    sizes = {"one": 250, "three": 50}
    return {name: fake_predictions(vocabulary, sizes, skill=s) for name, s in SKILLS.items()}


def test_average_precision_and_accuracy_are_scikit_learns(predictions):
    found = ablation_on("one", predictions, small_vocabulary(), EvaluationSettings(n_resamples=0))
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
    found = ablation_on("one", predictions, small_vocabulary(), EvaluationSettings(n_resamples=100))
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
    found = ablation_on("one", two, small_vocabulary(), EvaluationSettings(n_resamples=5))
    assert found.steps["step"].tolist() == ["lgc_over_org"]


def test_a_data_set_without_faces(predictions):
    none = {name: frame[frame["dataset"] != "one"] for name, frame in predictions.items()}
    found = ablation_on("one", none, small_vocabulary(), EvaluationSettings(n_resamples=5))
    assert found.characteristics.empty
    assert found.steps.empty
    by_characteristic(found.characteristics, "one")
    component_steps(found.steps, "one")


def test_other_faces_are_refused(predictions):
    spoilt = predictions | {"lgc": predictions["lgc"].iloc[1:]}
    with pytest.raises(ParameterError, match="'lgc' was predicted on other faces"):
        ablation_on("one", spoilt, small_vocabulary())


def test_the_figure_by_characteristic_is_sorted_by_gain(predictions):
    table = ablation_on(
        "one", predictions, small_vocabulary(), EvaluationSettings(n_resamples=0)
    ).characteristics
    figure = by_characteristic(table, "one")
    assert len(figure.data) == 8  # four variants, AP and accuracy
    gains = (table["lgc_ap"] - table["org_ap"]).to_numpy()
    order = [id_ for _, id_ in sorted(zip(gains, table["id"], strict=True))]
    assert list(figure.data[0].y) == order


def sweep(**best):
    """Three seeds; validation is best at 0.5, test at 0.2."""
    rows = []
    for omega in (0.0, 0.2, 0.5, 0.8, 1.0):
        for seed in range(3):
            for split, top in (("val", 0.5), ("test", 0.2)):
                accuracy = 0.8 - 0.1 * (omega - top) ** 2 + 0.001 * seed
                rows.append((omega, seed, split, accuracy, accuracy / 2))
    return pd.DataFrame(rows, columns=["omega", "seed", "split", "accuracy", "map"])


def test_omega_is_chosen_by_validation_and_shown_on_both():
    table = sweep()
    assert chosen_omega(table) == 0.5
    figure = omega_sweep(table)
    names = [trace.name for trace in figure.data]
    assert names == ["validation, each seed", "validation, mean", "test, each seed", "test, mean"]
    mean = figure.data[3]
    assert mean.x[int(np.argmax(mean.y))] == 0.2
    assert "chosen by validation: 0.5" in figure.layout.title.text
    assert {shape.x0 for shape in figure.layout.shapes} == {0.5, 0.8}


def test_of_equal_means_the_smallest_omega_is_taken():
    table = sweep().assign(accuracy=0.7)
    assert chosen_omega(table) == 0.0


def test_a_sweep_that_was_not_run_says_so():
    figure = omega_sweep(None)
    assert not figure.data
    assert "not run" in figure.layout.annotations[0].text


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda t: t[t["split"] == "test"], "no row of the val part"),
        (lambda t: t.drop(index=t[(t["omega"] == 0.2) & (t["seed"] == 1)].index), "seed 1"),
    ],
)
def test_a_sweep_that_cannot_be_chosen_from(spoil, said):
    with pytest.raises(ParameterError, match=said):
        chosen_omega(spoil(sweep()))


def test_a_sweep_is_read_from_its_file(tmp_path):
    sweep().to_csv(tmp_path / "sweep.csv", index=False)
    pd.testing.assert_frame_equal(read_sweep(tmp_path / "sweep.csv"), sweep())
    sweep().drop(columns="seed").to_csv(tmp_path / "short.csv", index=False)
    with pytest.raises(ParameterError, match="column 'seed' is missing"):
        read_sweep(tmp_path / "short.csv")
    with pytest.raises(ParameterError, match="there is no file"):
        read_sweep(tmp_path / "none.csv")
