"""The page on the ablation over seeds, from tables as the pipeline makes them."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

import drawn
from ablation import FOUR

SEEDS = 4


@pytest.fixture
def results():
    rng = np.random.default_rng(0)
    tables = [
        pd.DataFrame({"variant": list(FOUR.values())}).assign(
            map=rng.uniform(0.4, 0.7, 4),
            mean_accuracy=rng.uniform(0.4, 0.7, 4),
            faces_breaking_rules=0.5,
            map_prevalence=0.234,
            seed=seed,
            maps=maps,
        )
        for seed in range(1, SEEDS + 1)
        for maps in ("exact", "faulty")
    ]
    return pd.concat(tables, ignore_index=True)


def test_differences_are_paired_by_seed(results):
    page = "\n".join(drawn.render(results, SEEDS, "commit abc"))
    values = results[results["maps"] == "exact"].pivot(
        index="seed", columns="variant", values="map"
    )
    paired = ttest_rel(100 * values["+lgc"], 100 * values["org"])
    low, high = paired.confidence_interval(0.95)
    mean = 100 * (values["+lgc"] - values["org"]).mean()
    exact = page.partition("## With faulty maps")[0]
    (row,) = [line for line in exact.splitlines() if line.startswith("| org to +lgc |")]
    assert row.split("|")[2].strip() == f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]"


def test_every_variant_and_the_baseline_are_given(results):
    page = "\n".join(drawn.render(results, SEEDS, "commit abc"))
    values = results[(results["maps"] == "faulty") & (results["variant"] == "+corr")]["map"]
    faulty = page.partition("## With faulty maps")[2]
    assert f"| +corr | {100 * values.mean():.1f} ± {100 * values.std():.1f} |" in faulty
    assert "Predicting prevalence scores 23.4 ± 0.0 mAP" in faulty
    assert "nan" not in page
