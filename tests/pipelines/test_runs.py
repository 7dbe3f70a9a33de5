"""What is trained, as the configuration says it."""

import pytest
import yaml

from faceinsight.errors import ParameterError
from faceinsight.pipelines.runs import Runs


@pytest.fixture
def parameters(project_root):
    text = (project_root / "conf/base/parameters.yml").read_text(encoding="utf-8")
    rival = {"rival": "llava_1_5_7b", "scored_by": "text"}
    return yaml.safe_load(text) | {"variant": "lgc", "training": {"seed": 0}} | rival


def test_by_default_each_of_the_papers_variants_and_the_coherent_one_once(parameters):
    assert Runs.of(parameters) == Runs()
    assert Runs().names == ("org", "seg", "corr", "lgc", "coh")


def test_a_variant_of_ones_own_comes_last_and_each_seed_is_a_run(parameters):
    mine = {"name": "mine", "segmentation": False, "correlation": True, "logic": True}
    parameters |= {"variants": {"mine": mine} | parameters["variants"], "variant": "mine"}
    runs = Runs.of(parameters | {"seeds": 3, "training": {"seed": 5}})
    assert runs.variants == ("org", "seg", "corr", "lgc", "coh", "mine")
    assert runs.of_variant("mine") == {"mine": 5, "mine.s6": 6, "mine.s7": 7}
    assert len(runs.names) == 18


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"variant": None}, "none is named; there are coh, corr, lgc, org, seg"),
        ({"variant": "sgg"}, "did you mean 'seg'"),
        ({"variants": {"lgc": {"name": "other"}}}, "variants.lgc.name: call it lgc"),
        ({"variants": {"lgc": {"name": "lgc"}, "expw": {"name": "expw"}}}, "a data set has that"),
        ({"seeds": 0}, "seeds: 0 is no number"),
        ({"seeds": "two"}, "seeds: 'two' is no number"),
        ({"seeds": True}, "seeds: True is no number"),
        ({"training": None}, "training: expected several values by name"),
        ({"variants": "lgc"}, "variants: expected several values by name"),
        ({"variants": {"lgc": "abc"}}, "variants.lgc.name: call it lgc"),
    ],
    ids=str,
)
def test_what_cannot_be_is_a_sentence(parameters, given, said):
    with pytest.raises(ParameterError, match=said):
        Runs.of(parameters | given)
