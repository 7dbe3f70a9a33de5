import pytest
import yaml
from pydantic import ValidationError

from faceinsight.method.variants import (
    COH,
    CORR,
    LGC,
    ORG,
    PAPER,
    SEG,
    Variant,
    in_order,
    of_switches,
)


def test_the_configuration_has_the_papers_four_and_the_coherent_one(project_root):
    text = (project_root / "conf/base/parameters.yml").read_text(encoding="utf-8")
    variants = yaml.safe_load(text)["variants"]
    assert [Variant.model_validate(of) for of in variants.values()] == [*PAPER, COH]
    assert all(name == of["name"] for name, of in variants.items())


def test_switches_name_a_variant_of_the_paper_or_none():
    assert of_switches(True, True, False) == CORR
    other = of_switches(False, True, False)
    assert (other.name, other.label, other.correlation) == ("model", "model", True)


def test_reports_call_the_papers_as_it_does_and_others_by_their_name():
    assert [v.label for v in (ORG, SEG, CORR, LGC)] == ["org", "+seg", "+corr", "+lgc"]
    assert LGC.model_copy(update={"name": "mine"}).label == "mine"


def test_rules_are_not_counted_twice():
    with pytest.raises(ValidationError, match="coherent has the rules in it already"):
        Variant.model_validate(LGC.model_dump() | {"loss": "coherent"})
    assert (COH.label, COH.segmentation, COH.correlation) == ("+coh", True, True)


@pytest.mark.parametrize(
    "change", [{"name": "no folder"}, {"loss": "other"}, {"readout": "other"}, {"lift": True}]
)
def test_what_cannot_be_is_refused(change):
    with pytest.raises(ValidationError, match=next(iter(change))):
        Variant.model_validate(LGC.model_dump() | change)


def test_variants_come_as_they_add_up_and_others_last():
    given = {"mine": 1, "lgc": 2, "corr": 3, "org": 4}
    assert list(in_order(given).items()) == [("org", 4), ("corr", 3), ("lgc", 2), ("mine", 1)]
