"""Explanations: a model that looks at one region is found to look there, by exact amounts."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from faceinsight import Explanation, FaceInsight, PhotographError
from faceinsight.data.classes import MAP_CLASSES
from faceinsight.errors import ParameterError
from faceinsight.inference.cropper import Crops
from faceinsight.inference.explanation import explain_crops, region_shares
from faceinsight.inference.regions import ERASURES, REGION_OF, REGIONS, erase, erase_each
from faceinsight.model.labels import coherent_layer, log_odds
from tests.inference.conftest import WHOLE, save_model
from tests.label_tables import save_map, save_photograph
from tests.model import tiny

CLASS = {name: number for number, name in enumerate(MAP_CLASSES)}
MOUTH, INSIDE = np.s_[20:26, 8:24], np.s_[21:25, 9:23]


def drawn_map() -> np.ndarray:
    """Skin, with hair on top, two eyes and a mouth."""
    label_map = np.full((tiny.SIZE, tiny.SIZE), CLASS["skin"], np.uint8)
    label_map[:5] = CLASS["hair"]
    label_map[10:13, 6:10], label_map[10:13, 22:26] = CLASS["left_eye"], CLASS["right_eye"]
    label_map[MOUTH] = CLASS["upper_lip"]
    return label_map


def drawn_face() -> np.ndarray:
    pixels = np.full((tiny.SIZE, tiny.SIZE, 3), 100, np.uint8)
    pixels[:5] = 30
    pixels[INSIDE] = pixels[MOUTH] = (200, 20, 20)
    return pixels


class Looking:
    """Reads Smiling from the red inside the mouth, Bald from hair in the map, Male from nothing."""

    vocabulary, device, ruleset, coherent = tiny.vocabulary(), torch.device("cpu"), None, None

    def __init__(self, **changes: Any) -> None:
        of = {"readout": "independent", "learnt": [], "segmentation": True, "calibration": None}
        self.config = SimpleNamespace(**of | changes)
        self.asked: list[int] = []

    def __call__(self, photographs: torch.Tensor, maps: torch.Tensor) -> Any:
        self.asked.append(len(photographs))
        z = torch.zeros(len(photographs), len(tiny.IDS))
        z[:, tiny.IDS.index("Smiling")] = photographs[:, *INSIDE, 0].float().mean((1, 2)) / 10 - 15
        hair = (maps == CLASS["hair"]).float().sum((1, 2))
        z[:, tiny.IDS.index("Bald")] = -hair / 40
        return SimpleNamespace(logits=z)


def crops(*pixels: np.ndarray) -> Crops:
    return Crops.of_arrays(np.stack(pixels), np.stack([drawn_map()] * len(pixels)))


def shares_of(explanation: Explanation) -> dict[str, float]:
    return {region.region: region.share for region in explanation.regions}


def test_each_class_of_a_map_is_in_one_region():
    assert sorted(name for of in REGIONS.values() for name in of) == sorted(MAP_CLASSES)
    for number, of in enumerate(REGIONS.values()):
        assert {int(REGION_OF[CLASS[name]]) for name in of} == {number}


def test_a_model_that_looks_at_one_region_is_found_to_do_so_by_the_exact_amount():
    model = FaceInsight(Looking(), WHOLE)
    asked = ["Smiling", "Bald", "Male"]
    ((smiling, bald, male),) = explain_crops(model, crops(drawn_face()), asked)
    assert smiling.characteristic == "Smiling"
    assert smiling.regions[0].region == "mouth"
    assert smiling.regions[0].area == pytest.approx(6 * 16 / 32**2)
    # 200 / 10 with the mouth; 100 / 10 with the skin's colour in its place.
    assert shares_of(smiling) == pytest.approx({"mouth": 10, "eyes": 0, "skin": 0, "hair": 0})
    assert shares_of(bald) == pytest.approx({"hair": -160 / 40, "eyes": 0, "skin": 0, "mouth": 0})
    assert bald.regions[0].region == "hair"
    assert set(shares_of(male).values()) == {0.0}
    assert smiling.probability == pytest.approx(1 / (1 + np.exp(-5)))


def test_several_faces_and_characteristics_give_what_each_gives_alone_in_as_few_passes():
    dark = drawn_face() // 2
    network = Looking()
    model = FaceInsight(network, WHOLE.model_copy(update={"batch_size": 64}))
    z, shares = region_shares(model, crops(drawn_face(), dark))
    assert network.asked == [2 + 2 * 4]  # two faces of four regions in one forward pass
    for row, pixels in enumerate((drawn_face(), dark)):
        alone = region_shares(FaceInsight(Looking(), WHOLE), crops(pixels))
        np.testing.assert_array_equal(alone[0][0], z[row])
        np.testing.assert_array_equal(alone[1][0], shares[row])
    absent = [number for number in range(len(REGIONS)) if number not in REGION_OF[drawn_map()]]
    assert np.isnan(shares[:, absent]).all()
    assert not np.isnan(np.delete(shares, absent, axis=1)).any()


def test_a_region_is_gone_from_photograph_and_map():
    rng = np.random.default_rng(0)
    pixels, label_map = rng.integers(0, 256, (32, 32, 3)).astype(np.uint8), drawn_map()
    mouth = list(REGIONS).index("mouth")
    filled, classes = erase(pixels, label_map, [mouth], "fill")
    around = np.s_[19:27, 7:25]  # a pixel more on each side, but for the corners
    kept = np.ones((32, 32), bool)
    kept[around] = False
    kept[[19, 19, 26, 26], [7, 24, 7, 24]] = True
    skin = (label_map == CLASS["skin"]) & kept
    np.testing.assert_array_equal(filled[kept], pixels[kept])
    expected = pixels[skin].astype(float).mean(axis=0).round()
    np.testing.assert_array_equal(filled[MOUTH], np.broadcast_to(expected, (6, 16, 3)))
    assert (classes[MOUTH] == CLASS["skin"]).all()
    np.testing.assert_array_equal(classes[kept], label_map[kept])
    blurred, _ = erase(pixels, label_map, [mouth], "blur")
    whole = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(3.2)))
    np.testing.assert_array_equal(blurred[MOUTH], whole[MOUTH])
    copies = erase_each(pixels, label_map, "fill")
    assert [list(REGIONS)[number] for number in copies.regions] == ["eyes", "mouth", "skin", "hair"]
    np.testing.assert_array_equal(copies.pixels[1], filled)


@pytest.mark.parametrize("how", ERASURES)
@pytest.mark.parametrize("name", ["background", "skin", "necklace"])
def test_a_region_that_is_the_whole_crop_can_be_erased(how, name):
    pixels = np.random.default_rng(1).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    label_map = np.full((32, 32), CLASS[name], np.uint8)
    erased, _ = erase(pixels, label_map, list(range(len(REGIONS))), how)
    assert erased.std() < 0.5 * pixels.std()


def test_a_coherent_model_is_explained_by_the_marginals_that_it_hands_out():
    ruleset, vocabulary = tiny.ruleset(), tiny.vocabulary()
    config = SimpleNamespace(readout="coherent", learnt=[], noise=None, calibration=None)
    layer = coherent_layer(config, vocabulary, ruleset)
    network = SimpleNamespace(config=config, coherent=layer)
    z = np.array([[1.0, 0.5, -2.0, 3.0, 1.0], [400.0, 0.0, 0.0, 0.0, 0.0]], np.float32)
    found = log_odds(network, z)
    # Bald and Bangs exclude each other, and of Male and Female one holds.
    odds_of_bald = 1.0 - np.log1p(np.exp(0.5))
    np.testing.assert_allclose(found[0], [odds_of_bald, 0.5 - np.log1p(np.e), -2, 2, -2], atol=1e-9)
    assert found[1, 0] == pytest.approx(np.log(1e12), abs=1e-3)
    network.config.readout = "independent"
    np.testing.assert_array_equal(log_odds(network, z), z)


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    save_photograph(tmp_path, "a.png", size=(32, 32))
    save_map(tmp_path, "maps/a.png", drawn_map())
    return tmp_path / "a.png"


def test_a_trained_model_explains_what_it_says(lgc, photograph):
    model = FaceInsight.from_pretrained(lgc, WHOLE)
    (face,) = model.analyze(photograph)
    one = model.explain(photograph, "smiling")
    two, same = model.explain(photograph, ["Bald", "Smiling"])
    assert one == same
    assert (two.characteristic, one.word) == ("Bald", "smiling")
    assert one.probability == pytest.approx(face.probabilities["Smiling"], abs=1e-6)
    assert (one.photograph, one.number, one.bbox) == (str(photograph), 1, (0, 0, 32, 32))
    sizes = [abs(region.share) for region in one.regions]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(region.area for region in one.regions) == pytest.approx(1)
    # The same by hand: what is scored of a face whose mouth is erased.
    seen = model.prepare(photograph)
    erased = erase(seen.pixels[0], seen.maps[0], [list(REGIONS).index("mouth")], "fill")
    z = model.score(seen) - model.score(Crops.of_arrays(*(part[None] for part in erased)))
    assert shares_of(one)["mouth"] == pytest.approx(float(z[0, 2]), abs=1e-5)
    assert model.explain(photograph, "Smiling", method="blur").method == "blur"


def test_a_model_without_maps_is_explained_by_those_of_its_training(tmp_path, photograph):
    from faceinsight.method.variants import ORG

    folder = save_model(tmp_path / "org", {"maps": "provided"}, variant=ORG)
    model = FaceInsight.from_pretrained(folder, WHOLE)
    assert {r.region for r in model.explain(photograph, "Bald").regions} == {
        *("eyes", "mouth", "skin", "hair")
    }
    (photograph.parent / "maps/a.png").unlink()
    assert len(model.analyze(photograph)) == 1
    with pytest.raises(PhotographError, match="no box whose areas could stand for them"):
        model.explain(photograph, "Bald")


@pytest.mark.parametrize(
    ("asked", "options", "said"),
    [
        ("Smilling", {}, "knows no 'Smilling'; did you mean Smiling"),
        ("xyz", {}, "knows no 'xyz': FaceInsight.vocabulary has all"),
        ("Smiling", {"method": "cut"}, "no 'cut'; there are fill, blur"),
        ("Smiling", {"face": 2}, "there is no face 2 in a.png; there is 1 face"),
    ],
)
def test_what_cannot_be_explained_is_told_in_a_sentence(lgc, photograph, asked, options, said):
    model = FaceInsight.from_pretrained(lgc, WHOLE)
    with pytest.raises(ParameterError, match=said):
        model.explain(photograph, asked, **options)


def test_what_is_sensitive_or_was_not_taught_is_not_explained(photograph):
    network = Looking(learnt=["Bald", "Smiling"])
    model = FaceInsight(network, WHOLE)
    network.vocabulary = tiny.vocabulary()
    network.vocabulary.sensitive = ("Bald",)
    with pytest.raises(ParameterError, match="Bald is sensitive, and explained only to whoever"):
        model.explain(photograph, "Bald")
    with pytest.raises(ParameterError, match="taught nothing of Male"):
        model.explain(photograph, "Male", sensitive=True)
    assert network.asked == []


def test_an_explanation_shows_itself():
    model = FaceInsight(Looking(), WHOLE)
    ((smiling, bald),) = explain_crops(model, crops(drawn_face()), ["Smiling", "Bald"])
    assert repr(smiling).startswith("Explanation(Smiling 99%: mouth +10.00, ")
    told = json.loads(json.dumps(smiling.to_dict()))
    assert told["regions"][0] == {"region": "mouth", "share": 10.0, "area": 0.09375}
    assert told["bbox"] == [0, 0, 32, 32]
    frame = smiling.to_frame()
    assert list(frame) == [
        *("characteristic", "probability", "region", "share", "area", "regions_from")
    ]
    assert set(frame["regions_from"]) == {told["regions_from"]} == {"provided"}
    assert smiling.by_areas is None
    assert frame["region"].tolist() == [region.region for region in smiling.regions]
    for explanation, at in ((smiling, (184, 276)), (bald, (260, 40))):
        picture = explanation.picture(size=384)
        assert picture.width > 384 <= picture.height
        face = explanation.crop[at[1] // 12, at[0] // 12].astype(int)
        shown = np.asarray(picture)[at[1] - 12 : at[1] + 12, at[0] - 12 : at[0] + 12].mean((0, 1))
        if explanation is smiling:  # bluer than it was, for the mouth speaks for it
            assert shown[2] > face[2] + 40
        else:
            assert shown[0] > face[0] + 40
    # Orange is hatched: colour is not all that tells them apart.
    hatched = np.asarray(bald.picture(384))[20:50, 200:300].astype(int)
    assert hatched[..., 0].std() > 20
    assert smiling._repr_png_().startswith(b"\x89PNG")
