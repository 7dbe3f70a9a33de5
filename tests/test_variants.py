import pytest
import yaml

from faceinsight.variants import LABELS, label_of

SWITCHES = ["segmentation", "correlation", "logic"]


def test_labels_follow_the_switches_of_the_configuration(project_root):
    text = (project_root / "conf/base/parameters.yml").read_text(encoding="utf-8")
    variants = yaml.safe_load(text)["variants"]
    assert set(variants) == set(LABELS)
    for name, of in variants.items():
        assert label_of(**{switch: of[switch] for switch in SWITCHES}) == LABELS[name]


@pytest.mark.parametrize("switches", [(False, True, False), (False, False, True)])
def test_another_combination_is_none_of_the_four(switches):
    assert label_of(*switches) == "model"
