import pytest
import yaml

from faceinsight.method.variants import LABELS, in_order, label_of

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


def test_variants_come_as_they_add_up_and_others_last():
    given = {"mine": 1, "lgc": 2, "corr": 3, "org": 4}
    assert list(in_order(given).items()) == [("org", 4), ("corr", 3), ("lgc", 2), ("mine", 1)]
