"""The ablation: order, paired differences, and what cannot be compared."""

import numpy as np
import pytest

from faceinsight.errors import ParameterError
from faceinsight.evaluation.ablation import compare as compare_seeds
from faceinsight.evaluation.evaluate import evaluate
from faceinsight.evaluation.settings import EvaluationSettings
from tests.evaluation.fakes import FakeRules, fake_predictions, small_vocabulary

SETTINGS = EvaluationSettings(n_resamples=60)


def compare(predictions, metrics, *settings):
    """With one seed a variant."""
    return compare_seeds(
        {name: [frame] for name, frame in predictions.items()},
        {name: [of] for name, of in metrics.items()},
        *settings,
    )


@pytest.fixture(scope="module")
def vocabulary():
    return small_vocabulary()


@pytest.fixture(scope="module")
def predictions(vocabulary):
    skills = {"lgc": 1.2, "seg": 0.6, "org": 0.5}
    sizes = {"one": 150, "two": 120, "three": 100}
    return {name: fake_predictions(vocabulary, sizes, skill=s) for name, s in skills.items()}


@pytest.fixture(scope="module")
def metrics(predictions, vocabulary):
    prevalence = np.full(len(vocabulary), 0.3)
    return {
        name: evaluate(frame, vocabulary, FakeRules(vocabulary), prevalence, SETTINGS)
        for name, frame in predictions.items()
    }


def test_variants_stand_in_the_order_in_which_they_add_up(predictions, metrics, vocabulary):
    table, characteristics = compare(predictions, metrics, vocabulary, SETTINGS)
    assert table["variant"].tolist() == ["org", "+seg", "+lgc"]
    assert table.loc[0, ["difference", "difference_low"]].isna().all()
    gaps = table["map"] - table["map"].iloc[0]
    np.testing.assert_allclose(table["difference"][1:], gaps[1:])
    assert table["difference_low"].iloc[2] > 0
    assert table["map"].tolist() == [
        metrics[n]["overall"]["map"]["value"] for n in ("org", "seg", "lgc")
    ]
    assert "two/expression" in table
    assert (table["violations_decoded"] == 0).all()
    assert characteristics["id"].tolist() == list(vocabulary.ids)
    np.testing.assert_allclose(
        characteristics["difference"], characteristics["+lgc"] - characteristics["org"]
    )
    assert (characteristics["difference_low"] <= characteristics["difference_high"]).all()


def test_differences_to_the_variant_before_and_to_the_best(predictions, metrics, vocabulary):
    table, _ = compare(predictions, metrics, vocabulary, SETTINGS)
    for value, prefix in (("map", ""), ("mean_accuracy", "accuracy_")):
        step, behind = f"{prefix}step", f"{prefix}behind"
        np.testing.assert_allclose(table[step], table[value].diff())
        # To the first variant, the second differs as to the one before.
        same = [table.loc[1, f"{prefix}{gap}_high"] for gap in ("difference", "step")]
        assert same[0] == same[1]
        best = table[value].idxmax()
        assert best == 2  # of the highest skill
        np.testing.assert_allclose(
            table[behind].drop(best), (table[value] - table[value][best]).drop(best)
        )
        assert table.loc[best, [behind, f"{behind}_low", f"{behind}_high"]].isna().all()
        assert (table[f"{behind}_high"].drop(best) < 0).all()
        # The last one's step, turned round.
        mirrored = [-table.loc[2, f"{step}_{end}"] for end in ("high", "low")]
        assert table.loc[1, [f"{behind}_low", f"{behind}_high"]].tolist() == pytest.approx(mirrored)


def test_the_coherent_variant_stands_beside_the_one_that_it_changes(vocabulary):
    skills = {"corr": 0.5, "lgc": 1.2, "coh": 0.9}
    frames = {
        name: fake_predictions(vocabulary, {"one": 90, "two": 90, "three": 90}, skill=skill)
        for name, skill in skills.items()
    }
    prevalence = np.full(len(vocabulary), 0.3)
    of = {
        name: evaluate(frame, vocabulary, FakeRules(vocabulary), prevalence, SETTINGS)
        for name, frame in frames.items()
    }
    table, _ = compare(frames, of, vocabulary, SETTINGS)
    assert table["variant"].tolist() == ["+corr", "+lgc", "+coh"]
    assert table["step"][2] == pytest.approx(table["map"][2] - table["map"][0])
    assert table["step"][1] == pytest.approx(table["map"][1] - table["map"][0])


def test_pairing_narrows_the_interval_of_alike_models(predictions, metrics, vocabulary):
    org = predictions["org"]
    nearly = org.copy()
    for id_ in vocabulary.ids:
        p = org[f"p_{id_}"].to_numpy()
        noise = np.random.default_rng(5).normal(0, 0.01, len(p))
        nearly[f"p_{id_}"] = np.clip(p + noise, 0, 1).astype(np.float32)
    both = {"org": org, "seg": nearly}
    table, _ = compare(both, {"org": metrics["org"], "seg": metrics["org"]}, vocabulary, SETTINGS)
    paired = table.loc[1, "difference_high"] - table.loc[1, "difference_low"]
    alone = table.loc[1, "map_high"] - table.loc[1, "map_low"]
    assert paired < alone / 3


def test_a_variant_against_itself_differs_by_nothing(predictions, metrics, vocabulary):
    table, characteristics = compare(
        {"org": predictions["org"], "seg": predictions["org"].iloc[::-1]},
        {"org": metrics["org"], "seg": metrics["org"]},
        vocabulary,
        SETTINGS,
    )
    assert table.loc[1, "difference"] == 0
    assert (characteristics["difference"] == 0).all()
    # On other photographs the two could differ, and more so where few were seen.
    low, high = (table.loc[1, f"difference_{end}"] for end in ("low", "high"))
    assert -0.02 < low < 0 < high < 0.02
    assert (characteristics["difference_low"] < low).all()
    assert (characteristics["difference_high"] > high).all()


def test_one_variant_and_no_faces(predictions, vocabulary):
    empty = predictions["org"].iloc[:0]
    metrics = evaluate(empty, vocabulary, FakeRules(vocabulary), np.full(6, 0.3), SETTINGS)
    table, characteristics = compare({"org": empty}, {"org": metrics}, vocabulary, SETTINGS)
    assert table["map"].isna().all()
    assert characteristics.empty
    assert {"id", "org", "difference"} <= set(characteristics)


def test_several_seeds_have_a_mean_and_a_spread(vocabulary):
    seeds = {
        name: [
            fake_predictions(vocabulary, {"one": 60, "three": 50}, skill=skill + seed / 1000)
            for seed in range(3)
        ]
        for name, skill in (("org", 0.5), ("lgc", 1.0))
    }
    metrics = {
        name: [
            evaluate(frame, vocabulary, FakeRules(vocabulary), np.full(6, 0.3), SETTINGS)
            for frame in frames
        ]
        for name, frames in seeds.items()
    }
    table, characteristics = compare_seeds(seeds, metrics, vocabulary, SETTINGS)
    assert table["seeds"].tolist() == [3, 3]
    for row, name in zip(table.to_dict("records"), ("org", "lgc"), strict=True):
        values = [of["overall"]["map"]["value"] for of in metrics[name]]
        assert row["map"] == pytest.approx(np.mean(values))
        assert row["map_spread"] == pytest.approx(np.std(values, ddof=1))
        assert row["map_low"] < row["map"] < row["map_high"]
    assert table.loc[1, "difference"] == pytest.approx(table.loc[1, "map"] - table.loc[0, "map"])
    aps = [of["per_characteristic"]["Hat"]["ap"]["value"] for of in metrics["lgc"]]
    assert characteristics.set_index("id").loc["Hat", "+lgc"] == pytest.approx(np.mean(aps))


def test_what_cannot_be_compared(predictions, metrics, vocabulary):
    with pytest.raises(ParameterError, match="no predictions"):
        compare({}, {}, vocabulary)
    with pytest.raises(ParameterError, match="'lgc' has predictions but no metrics"):
        compare(predictions, {"org": metrics["org"], "seg": metrics["seg"]}, vocabulary)
    fewer = predictions | {"seg": predictions["seg"].iloc[1:]}
    with pytest.raises(ParameterError, match="'seg' was predicted on other faces"):
        compare(fewer, metrics, vocabulary, SETTINGS)
    relabelled = predictions["seg"].assign(y_Hat=0)
    with pytest.raises(ParameterError, match="other true labels"):
        compare(predictions | {"seg": relabelled}, metrics, vocabulary, SETTINGS)
