"""What nodes may see: the training part, and nothing of the test part."""

import numpy as np
import pandas as pd
import pytest

from faceinsight.method.characteristics import VocabularyConfig
from faceinsight.method.prior import PriorSettings
from faceinsight.method.rules.compiler import compile_rules
from faceinsight.pipelines.evaluation.nodes import measure_prevalence
from faceinsight.pipelines.priors.nodes import build_prior
from faceinsight.pipelines.rules.nodes import count_rule_violations
from faceinsight.reports.settings import ReportingSettings


@pytest.fixture
def examples(vocabulary):
    rng = np.random.default_rng(0)
    ids = vocabulary.annotated_by("celeba")
    table = pd.DataFrame(rng.integers(0, 2, (300, len(ids))), columns=list(ids)).astype("Int8")
    return table.assign(split=np.where(np.arange(300) < 200, "train", "test"))


def spoilt(examples):
    """The same training part; every label of the test part turned over."""
    other = examples.copy()
    labels = [c for c in other if c != "split"]
    other.loc[other["split"] == "test", labels] = 1 - other.loc[other["split"] == "test", labels]
    return other


def test_the_prior_sees_the_training_part_alone(vocabulary, examples):
    settings = PriorSettings(tau=0.4, omega=0.8)
    one = build_prior(vocabulary, settings, celeba=examples)
    other = build_prior(vocabulary, settings, celeba=spoilt(examples))
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name])
    everything = build_prior(vocabulary, settings, celeba=examples.assign(split="train"))
    assert not np.array_equal(one["pairs"], everything["pairs"])


def test_prevalence_is_the_training_parts(vocabulary, examples):
    shares = measure_prevalence(vocabulary, celeba=examples)["celeba"]
    assert shares == measure_prevalence(vocabulary, celeba=spoilt(examples))["celeba"]
    training = examples[examples["split"] == "train"]
    assert shares["Bald"] == pytest.approx(training["Bald"].mean())
    assert shares["happy"] is None


def test_rules_are_counted_on_training_labels(vocabulary, examples, project_root):
    import yaml

    config = yaml.safe_load((project_root / "conf/base/rules.yml").read_text())["rules"]
    text = (project_root / "conf/base/characteristics.yml").read_text()
    written = VocabularyConfig.model_validate(yaml.safe_load(text)["vocabulary"])
    rules = compile_rules(config, vocabulary, written)
    one = count_rule_violations(rules, vocabulary, celeba=examples)
    other = count_rule_violations(rules, vocabulary, celeba=spoilt(examples))
    pd.testing.assert_frame_equal(one, other)
    assert one["broken"].sum() > 0


def test_people_are_shown_only_if_asked_for():
    assert ReportingSettings().show_photographs is None
