"""Figure 8b: the choice of omega, and its drawing."""

import numpy as np
import pandas as pd
import pytest

from faceinsight.errors import ParameterError
from faceinsight.reports.paper.omega import chosen_omega, omega_sweep, read_sweep


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
