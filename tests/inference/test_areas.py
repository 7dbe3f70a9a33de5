"""Areas of a face's box: where they lie, and that a model which looks at one is found to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from faceinsight import FaceInsight, PhotographError, PhotoSettings
from faceinsight.data.classes import MAP_CLASSES
from faceinsight.data.crops import FaceCrop, cut_face
from faceinsight.data.parsing import weights
from faceinsight.data.parsing.detector import DlibDetector, detector_views
from faceinsight.data.parsing.provided import load_map
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.photographs import MAX_PIXELS, load_photograph
from faceinsight.inference.areas import give_areas
from faceinsight.inference.cropper import crop_settings
from faceinsight.inference.explanation import BY_AREAS
from faceinsight.inference.regions import REGIONS
from faceinsight.method.variants import ORG
from tests.data.parsing.fakes_detector import BLUE
from tests.inference.conftest import save_model
from tests.inference.test_explanation import Looking, drawn_map, shares_of
from tests.label_tables import save_map, save_photograph
from tests.model import tiny

SIZE = 64
CROPS = SegmentationSettings(maps="none", size=SIZE, margin=0.1)
AREAS = {
    *("eyes and brows", "nose", "mouth", "cheeks", "hair and forehead", "chin and neck"),
    "around the head",
}


class Red(Looking):
    """Reads Smiling from how red the reddest part of its first crop is."""

    def __init__(self) -> None:
        super().__init__(segmentation=False, image_size=SIZE, crops=CROPS.of_crops())
        self.where: torch.Tensor | None = None

    def __call__(self, photographs: torch.Tensor, maps: torch.Tensor | None = None) -> Any:
        red = photographs[..., 0].float()
        if self.where is None:
            self.where = red[0] > 190
        z = torch.zeros(len(photographs), len(tiny.IDS))
        z[:, tiny.IDS.index("Smiling")] = (red * self.where).sum((1, 2)) / self.where.sum() / 10
        return SimpleNamespace(logits=z)


def blue_face(**red: tuple[float, float]) -> np.ndarray:
    """A photograph with one face, red at some places of its box, in parts of it."""
    pixels = np.full((300, 400, 3), 128, dtype=np.uint8)
    pixels[60:220, 100:260] = BLUE
    # dlib's box of the blue in RetinaFace's frame, see `detector._RETINAFACE_FRAME`.
    left, top, width, height = 106.4, 34.4, 147.2, 192.0
    for across, down in red.values():
        x, y = round(left + across * width), round(top + down * height)
        pixels[y - 8 : y + 8, x - 10 : x + 10] = (200, 0, 0)
    return pixels


def test_what_is_looked_at_is_found_by_areas_of_the_box(without_weights):
    places = {"mouth": (0.5, 0.76), "nose": (0.5, 0.5), "eyes and brows": (0.26, 0.34)}
    for area, place in places.items():
        model = FaceInsight(Red(), PhotoSettings(device="cpu"))
        explanation = model.explain(blue_face(patch=place), "Smiling")
        shares = shares_of(explanation)
        assert set(shares) == AREAS
        assert explanation.regions[0].region == area
        red = explanation.crop[..., 0][explanation.crop[..., 0] > 190]
        assert len(red) >= 4
        # Hardly any of it is in the blue of the cheeks, and the grey beside, that takes its place.
        assert shares.pop(area) == pytest.approx(red.mean() / 10, rel=0.05)
        assert max(map(abs, shares.values())) < 0.01
        assert sum(region.area for region in explanation.regions) == pytest.approx(1)


def test_it_is_said_that_regions_are_areas_of_the_box(without_weights):
    model = FaceInsight(Red(), PhotoSettings(device="cpu"))
    explanation = model.explain(blue_face(patch=(0.5, 0.76)), "Smiling")
    assert explanation.regions_from == "box"
    assert explanation.by_areas == BY_AREAS
    assert explanation.to_dict()["regions_from"] == "box"
    assert set(explanation.to_frame()["regions_from"]) == {"box"}
    picture = explanation.picture(384)
    at = np.argwhere(explanation.crop[..., 0] > 190).mean(axis=0).round().astype(int)
    (top, left), side = at * 6, 6  # of a pixel of the crop in the picture
    shown = np.asarray(picture)[top : top + side, left : left + side].mean((0, 1))
    assert shown[0] < 90 < shown[2]  # blue speaks for it, over red


def test_a_face_without_a_box_is_refused_in_a_sentence(org, tmp_path, without_weights):
    save_photograph(tmp_path, "a.png")
    model = FaceInsight.from_pretrained(org, faces="whole", device="cpu")
    with pytest.raises(PhotographError, match=r"a\.png .* no box .*faces=detect") as error:
        model.explain(tmp_path / "a.png", "Smiling")
    assert error.value.reason == "no box"


def test_a_map_file_is_taken_where_there_is_one(tmp_path, without_weights):
    folder = save_model(tmp_path / "org", {"maps": "provided"}, variant=ORG)
    model = FaceInsight.from_pretrained(folder, device="cpu")
    pixels = blue_face()
    Image.fromarray(pixels).save(tmp_path / "a.png")
    save_map(tmp_path, "maps/a.png", np.resize(drawn_map(), pixels.shape[:2]))
    explanation = model.explain(tmp_path / "a.png", "Bald")
    assert explanation.regions_from == "provided"
    assert {region.region for region in explanation.regions} <= set(REGIONS)
    (tmp_path / "maps/a.png").unlink()
    assert model.explain(tmp_path / "a.png", "Bald").regions_from == "box"


@pytest.mark.parametrize(
    ("made", "asked", "at_hand", "maps"),
    [
        ("none", "as_trained", False, "none"),
        ("none", "as_trained", True, "parsed"),
        ("none", "parsed", False, "parsed"),
        ("parsed", "as_trained", False, "none"),
        ("parsed", "as_trained", True, "parsed"),
        ("provided", "as_trained", True, "provided"),
    ],
)
def test_a_parser_is_taken_where_nothing_has_to_be_fetched(
    made, asked, at_hand, maps, org, lgc, monkeypatch
):
    monkeypatch.setattr(weights, "is_at_hand", lambda network, path: at_hand)
    settings = PhotoSettings(maps=asked)
    for folder, expected in ((org, maps), (lgc, "parsed" if asked == "parsed" else made)):
        config = FaceInsight.from_pretrained(folder, device="cpu").network.config
        config.crops |= {"maps": made}
        assert crop_settings(config, settings, "cpu", mapped=True).maps == expected


def test_eyes_nose_and_mouth_of_photographs_lie_in_their_areas(shared):
    pytest.importorskip("dlib")
    root, inside = shared / "data/celebamask", dict.fromkeys(("eye", "nose", "lip"), (0, 0))
    for file in sorted((root / "images").iterdir())[1:8:2]:
        pixels = load_photograph(file.parent, file.name, max_pixels=MAX_PIXELS)
        (((box, _),),) = DlibDetector().find([detector_views(pixels, 256)])
        true, by_box = FaceCrop(1, box), FaceCrop(1, box)
        label_map = load_map(root / "masks", f"{file.stem}.png", pixels.shape[:2])
        cut_face(true, pixels, label_map, CROPS)
        give_areas([by_box], file.name, pixels.shape[:2], CROPS)
        for part, names in {
            "eye": ("left_eye", "right_eye"),
            "nose": ("nose",),
            "lip": ("upper_lip", "lower_lip"),
        }.items():
            for name in names:  # left and right as well
                area = name if part != "lip" else "mouth"
                of = true.label_map == MAP_CLASSES.index(name)
                there = by_box.label_map[of] == MAP_CLASSES.index(area)
                inside[part] = inside[part][0] + int(there.sum()), inside[part][1] + int(of.sum())
    for part, (there, of_all) in inside.items():
        assert of_all > 0
        assert there > 0.7 * of_all, part


def test_areas_are_of_the_box_however_the_crop_lies():
    """A box that is wide, or leaves the photograph, has the same areas in it."""
    squares = {
        (10, 20, 110, 120): (0, 10, 120),
        (-30, 40, 30, 130): (0, 31, 108),  # moved inside the photograph
        (0, 0, 200, 50): (0, -25, 200),  # wider than the photograph is high
    }
    for box, (first, highest, side) in squares.items():
        face = FaceCrop(1, box)
        give_areas([face], "a.png", (150, 220), CROPS)
        left, top, right, bottom = box
        for name, across, down in (("nose", 0.5, 0.5), ("left_eye", 0.74, 0.34)):
            x = (left + across * (right - left) - first) / side
            y = (top + down * (bottom - top) - highest) / side
            assert face.label_map[int(y * SIZE), int(x * SIZE)] == MAP_CLASSES.index(name)
        assert face.map_from == "box"
