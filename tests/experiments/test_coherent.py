"""What each control of the coherent layer changes, and the page, from predictions made up."""

import dataclasses

import numpy as np
import pytest
import torch

import coherent
from faceinsight.evaluation.settings import EvaluationSettings, FairnessSettings
from faceinsight.method.coherent import CoherentLayer, Noise
from faceinsight.method.losses import masked_bce
from faceinsight.method.variants import COH, LABELS
from faceinsight.model.labels import coherent_layer
from faceinsight.training.loop import _noise
from tests.evaluation.fakes import FakeRules, fake_predictions, small_vocabulary
from tests.model import tiny
from tests.training.conftest import make_job


@pytest.fixture
def changed(tmp_path):
    """The layer that an arm trains with."""
    labels = np.tile(np.array([[1, 0, 1, 0, 1], [0, 0, -1, 1, 0]], dtype=np.int8), (10, 1))

    def layer(arm) -> CoherentLayer:
        job = dataclasses.replace(make_job(tmp_path), variant=COH)
        job = job if arm is None else arm.change(job, 0, tmp_path)
        config = tiny.model(COH).config
        noise = _noise(labels, job)
        config.noise = {"groups": noise.groups, "missed": noise.missed, "invented": noise.invented}
        return coherent_layer(config, job.vocabulary, job.rule_set)

    return layer


def batch():
    draw = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 5, generator=draw, dtype=torch.float64)
    labels = torch.randint(-1, 2, (6, 5), generator=draw)
    labels[:, 4] = torch.where(labels[:, 3] < 0, -1, 1 - labels[:, 3])
    return logits, labels


def test_each_control_changes_one_thing(changed):
    softmax, noise, no_links, no_noise = map(changed, coherent.ARMS)
    whole = changed(None)
    assert (whole.count, no_links.count, softmax.count, noise.count) == (2, 1, 1, 0)
    assert no_links.groups == softmax.groups == whole.groups
    assert (noise.groups, noise.free) == ((), (0, 1, 2, 3, 4))
    assert no_links.noise == whole.noise
    assert noise.noise.missed == whole.noise.missed
    assert set(no_noise.noise.missed) == {1e-4}
    assert no_noise.count == whole.count


def test_a_softmax_within_groups_is_what_it_says(changed):
    softmax, *_ = map(changed, coherent.ARMS)
    logits, labels = batch()
    single = labels.clone()
    single[:, 3:] = -1
    known = labels[:, 3] >= 0
    target = (labels[:, 4] == 1).long()[known]
    of_group = torch.nn.functional.cross_entropy(logits[known, 3:], target, reduction="sum") / 6
    expected = masked_bce(logits, single) + of_group
    assert softmax(logits, labels).item() == pytest.approx(expected.item(), rel=1e-4)


def test_noise_alone_mixes_each_probability_with_its_opposite(changed):
    _, noise, *_ = map(changed, coherent.ARMS)
    logits, labels = batch()
    rate = torch.tensor(noise.noise.missed, dtype=torch.float64)
    p = logits.sigmoid() * (1 - rate) + (1 - logits.sigmoid()) * rate
    terms = -torch.where(labels == 1, p, 1 - p).log()
    expected = torch.where(labels >= 0, terms, 0).sum() / 6
    assert noise(logits, labels).item() == pytest.approx(expected.item())


def test_the_page_has_every_arm_and_its_intervals():
    vocabulary = small_vocabulary()
    sizes = {"one": 60, "two": 60, "three": 60}
    names = [*LABELS, *(arm.name for arm in coherent.ARMS)]
    tables = {
        name: [
            fake_predictions(vocabulary, sizes, seed=7, skill=skill + seed / 10)
            for seed in range(3 if name in LABELS else 2)
        ]
        for name, skill in zip(names, np.linspace(0.5, 1.5, len(names)), strict=True)
    }
    nll = {name: np.full((len(of), 2), [0.4, 0.3]) for name, of in tables.items()}
    page = coherent.render(
        tables, nll, vocabulary, FakeRules(vocabulary), EvaluationSettings(n_resamples=30), "Made."
    )
    text = "\n".join(page)
    assert "3 seeds a variant, 2 a control" in text
    for title in (*LABELS.values(), *(arm.title for arm in coherent.ARMS)):
        lines = [line for line in page if line.startswith(f"| {title} |")]
        assert len(lines) == (1 if title == "+coh" else 2)  # +coh is not less itself
    assert "| three/expression |" in text
    assert "0.4000 ± 0.0000 | 0.3000 ± 0.0000 |" in text


def test_coverage_of_seeds_stands_on_the_page():
    vocabulary = small_vocabulary()
    seeds = [
        fake_predictions(vocabulary, {"one": 600, "two": 600, "three": 60}, seed=seed)
        for seed in (1, 2)
    ]
    for seed, frame in enumerate(seeds):
        for id_ in vocabulary.ids:
            frame[f"s_{id_}"] = frame[f"y_{id_}"].fillna(2).astype("Int8")  # what is true
            # Of the second seed every fifth set holds what is not.
            wrong = (np.arange(len(frame)) % 5 == 0) & (seed == 1) & frame[f"y_{id_}"].notna()
            frame.loc[wrong, f"s_{id_}"] = 1 - frame.loc[wrong, f"y_{id_}"]
        for name in ("years", "age_years", "age_low", "age_high"):
            frame[name] = np.nan
    settings, fairness = EvaluationSettings(n_resamples=30), FairnessSettings(axes={})
    page = coherent.covered(seeds, vocabulary, settings, fairness)
    row = next(line for line in page if line.startswith("| one |"))
    _, _, faces, coverage, lower, *_ = map(str.strip, row.split("|"))
    assert (faces, coverage) == ("600", "90.0 ± 14.1")
    assert 75 < float(lower) < 80
    without = [of.drop(columns=[f"s_{id_}" for id_ in vocabulary.ids]) for of in seeds]
    assert coherent.covered(without, vocabulary, settings, fairness) == []


def test_likelihoods_are_means_over_known_labels():
    vocabulary = small_vocabulary()
    val, test = (
        fake_predictions(vocabulary, {"one": 300, "two": 0, "three": 0}, seed=seed)
        for seed in (1, 2)
    )
    columns = ["p_Hat", "y_Hat"]
    val, test = (of[columns].assign(readout="independent") for of in (val, test))

    def mean(p, y):
        known = y.notna()
        p, y = p[known].to_numpy(dtype=float), y[known].to_numpy(dtype=float)
        return -np.log(np.where(y == 1, p, 1 - p)).mean()

    plain, calibrated = coherent.likelihoods(val, test)
    assert plain == pytest.approx(mean(test["p_Hat"], test["y_Hat"]))
    odds = np.log(val["p_Hat"] / (1 - val["p_Hat"]))
    by_hand = min(
        (mean(1 / (1 + np.exp(-odds / t)), val["y_Hat"]), t) for t in np.geomspace(0.2, 5, 400)
    )[1]
    odds = np.log(test["p_Hat"] / (1 - test["p_Hat"]))
    expected = mean(1 / (1 + np.exp(-odds / by_hand)), test["y_Hat"])
    assert calibrated == pytest.approx(expected, abs=5e-4)  # of the grid
    # What a coherent model was not taught has no probability, and is not counted.
    untaught = {"p_calm": np.nan, "y_calm": 1}
    both = coherent.likelihoods(val, test.assign(readout="coherent", **untaught))
    assert both == pytest.approx((plain, plain))


def test_noise_is_fitted_on_what_training_sees():
    job_labels = np.array([[1, 1, 0, 1, 0]] + [[0, 1, 0, 0, 1]] * 19, dtype=np.int8)

    class Job:
        vocabulary = tiny.vocabulary()
        model = tiny.settings()

    noise = _noise(job_labels, Job)
    assert isinstance(noise, Noise)
    assert noise.missed == pytest.approx((0.005, 0.02, 0.02, 0.005, 0.005))
    assert noise.groups == pytest.approx((0.005,))
