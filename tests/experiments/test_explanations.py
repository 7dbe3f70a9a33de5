"""The page on explanations, of a model that looks at one region."""

import numpy as np

import explanations
from explanations import Found
from faceinsight import FaceInsight
from faceinsight.inference.explanation import region_shares
from faceinsight.inference.regions import ERASURES, REGIONS
from tests.inference.conftest import WHOLE
from tests.inference.test_explanation import Looking, crops, drawn_face
from tests.model import tiny


def test_what_is_drawn_in_a_region_is_of_the_vocabulary_and_in_one_region(vocabulary):
    listed = [id_ for ids in explanations.SEEN_IN.values() for id_ in ids]
    assert len(listed) == len(set(listed))
    assert set(listed) <= set(vocabulary.ids)
    assert set(explanations.SEEN_IN) <= set(REGIONS)


def test_a_curve_falls_at_once_in_the_order_of_shares_and_later_in_a_random_one():
    model = FaceInsight(Looking(learnt=["Smiling"]), WHOLE)
    faces = crops(*[drawn_face()] * 40)
    z, shares = region_shares(model, faces)
    z[:, [id_ != "Smiling" for id_ in tiny.IDS]] = -9.0  # nothing else is answered
    curves = explanations.deletions(model, faces, z, {"fill": shares})
    assert set(curves) == {(order, how) for order in ("fill", "random") for how in ERASURES}
    by_share, random = curves["fill", "fill"], curves["random", "fill"]
    assert len(by_share) == explanations.ERASED + 1
    high, low = 1 / (1 + np.exp(-5)), 1 / (1 + np.exp(5))
    np.testing.assert_allclose(by_share[:2], [high, low], atol=1e-5)
    assert random[0] == by_share[0]
    # The mouth is the first of four regions in about a quarter of the faces.
    assert low + 0.5 * (high - low) < random[1] < low + 0.95 * (high - low)
    assert random[4] < high / 3


def test_where_tells_the_first_region_of_all_faces_and_of_single_ones(monkeypatch):
    monkeypatch.setattr(explanations, "REGION_OF_ONE", {"Smiling": "mouth", "Bald": "hair"})
    red, plain = drawn_face(), drawn_face()
    plain[20:26, 8:24] = 100
    model = FaceInsight(Looking(), WHOLE)
    z, shares = region_shares(model, crops(*[red, plain] * 8))
    labels = np.full((16, 5), -1)
    labels[:, 2] = [1, 0] * 8
    labels[:3, 0] = [1, 0, 0]  # too few to count
    found = explanations.where(model, z, shares, labels)
    assert found == Found({"Smiling": "mouth"}, ("Smiling",), ("Smiling",), 1.0, 8)


def test_the_page_counts_what_is_right(monkeypatch):
    first = {"Smiling": "mouth", "Big_Nose": "skin", "Wavy_Hair": "hair", "Big_Lips": "nose"}
    of = Found(first, ("Smiling", "Big_Nose"), ("Smiling",), 0.625, 1234)
    curve = np.array([0.9, 0.5, 0.4, 0.3, 0.2, 0.1])
    curves = {
        ("lgc", split, order, how): curve
        for split in ("val", "test")
        for order in (*ERASURES, "random")
        for how in ERASURES
    }
    lines = explanations.render(["lgc"], {("lgc", "fill"): of}, curves, {"test": 300, "val": 9})
    (row,) = [line for line in lines if line.startswith("| +lgc | 2 of 4")]
    assert row == "| +lgc | 2 of 4 (50%) | 1 of 2 (50%) | 1 of 1 (100%) | 62% | 1,234 |"
    assert "| +lgc | Big_Nose: skin (nose) |" in lines
    assert "| +lgc | by share | 90 % | 50 % | 40 % | 30 % | 20 % | 10 % |" in lines
    assert "| blur | 30.0 | 30.0 |" in lines
