"""The page of the sweep: few seeds are shown one by one, more with what they say together."""

import argparse
import itertools

import numpy as np
import pandas as pd
from scipy.stats import ttest_1samp

import omega

OMEGAS = (0.0, 0.2, 0.8)


def sweep_of(seeds: int) -> pd.DataFrame:
    """Omega 0.2 is best; on every seed's test part 0 is worse than it by the same."""
    rng = np.random.default_rng(0)
    rows = []
    for seed, split in itertools.product(range(1, seeds + 1), ("val", "test")):
        best = 0.9 - seed / 100
        other = best - rng.uniform(0.01, 0.03)
        accuracies = {0.0: best - 0.0071, 0.2: best, 0.8: other}
        rows += [(omega, seed, split, accuracies[omega], 0.7) for omega in OMEGAS]
    return pd.DataFrame(rows, columns=list(omega.SWEEP_COLUMNS))


def page_of(sweep: pd.DataFrame) -> str:
    seeds = sweep["seed"].nunique()
    given = argparse.Namespace(variant="lgc", env="base", seeds=seeds, raw=None, params="")
    return "\n".join(omega.render(sweep, given, "commit abc"))


def cells_of(page: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| 0")]


def test_two_seeds_are_shown_one_by_one_and_not_as_an_interval():
    page = page_of(sweep_of(2))
    assert "[" not in page
    assert "±" not in page
    assert "2 seeds are too few for an interval" in page
    zero, chosen, _, gap, _ = cells_of(page)
    assert chosen[:2] == ["0.2 (chosen)", "88.50 (89.00, 88.00)"]
    assert zero[1] == "87.79 (88.29, 87.29)"
    assert gap == ["0", "-0.71 (-0.71, -0.71)", "+0.00 (+0.00, +0.00)"]


def test_one_seed_is_its_own_mean():
    assert cells_of(page_of(sweep_of(1)))[-2][:2] == ["0", "-0.71"]


def test_five_seeds_have_a_spread_and_students_interval():
    sweep = sweep_of(5)
    page = page_of(sweep)
    assert "too few" not in page
    test = sweep[sweep["split"] == "test"].pivot(index="seed", columns="omega", values="accuracy")
    gaps = 100 * (test[0.8] - test[0.2])
    low, high = ttest_1samp(gaps, 0).confidence_interval(0.95)
    *_, last = cells_of(page)
    assert last[1] == f"{gaps.mean():+.2f} [{low:+.2f}, {high:+.2f}]"
    assert f"{100 * test[0.8].mean():.2f} ± {100 * test[0.8].std(ddof=1):.2f}" in page
