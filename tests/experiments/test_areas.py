"""What the page on areas of the box counts, on faces whose maps are known by construction."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import areas
from areas import Face
from faceinsight import FaceInsight
from faceinsight.data.classes import MAP_CLASSES
from faceinsight.inference.areas import AREAS
from faceinsight.inference.regions import REGIONS
from tests.inference.conftest import WHOLE
from tests.inference.test_explanation import INSIDE, Looking, drawn_face, drawn_map

CLASS = {name: number for number, name in enumerate(MAP_CLASSES)}


def faces_with(areas_map: np.ndarray) -> list[Face]:
    return [Face(drawn_face(), drawn_map(), areas_map)] * 4


def test_each_region_of_a_map_has_an_area():
    assert set(areas.AREA_OF) == set(REGIONS)
    drawn = {CLASS[name] for name, _ in AREAS} | {CLASS["background"]}
    numbers = {list(REGIONS).index(name) for of in areas.AREA_OF.values() for name in of}
    from faceinsight.inference.regions import REGION_OF

    assert numbers == {int(REGION_OF[number]) for number in drawn}


def test_pixels_are_counted_by_class_and_area():
    by_box = np.full((32, 32), CLASS["skin"], np.uint8)
    by_box[:, :16] = CLASS["mouth"]
    counts = areas.covered(faces_with(by_box))
    assert counts.sum() == 4 * 32 * 32
    mouth, skin = list(REGIONS).index("mouth"), list(REGIONS).index("skin")
    assert counts[CLASS["upper_lip"], [mouth, skin]].tolist() == [4 * 6 * 8, 4 * 6 * 8]
    assert counts[CLASS["hair"], [mouth, skin]].tolist() == [4 * 5 * 16] * 2


@pytest.mark.parametrize(("area", "share"), [("mouth", 1.0), ("nose", 0.0)])
def test_an_area_agrees_where_it_stands_for_the_first_region(area, share):
    """A model that reads Smiling from the red of the mouth."""

    class Smiling(Looking):
        def __call__(self, photographs: torch.Tensor, maps: torch.Tensor | None = None):
            scored = super().__call__(photographs, torch.zeros_like(photographs[..., 0]))
            scored.logits[:, [id_ != "Smiling" for id_ in self.vocabulary.ids]] = -9
            return scored

    by_box = np.full((32, 32), CLASS["skin"], np.uint8)
    by_box[INSIDE] = CLASS[area]
    model = FaceInsight(Smiling(segmentation=False), WHOLE)
    agreed = areas.agreement(model, faces_with(by_box))
    assert agreed["areas of the box"] == (share, 4)
    assert agreed["the true map, blurred in place of filled"] == (1.0, 4)
    page = "\n".join(areas.render(5, 4, areas.covered(faces_with(by_box)), agreed))
    assert f"| areas of the box | {share:.0%} | 4 |" in page
