"""On which region characteristics hang, over many faces: a model that looks at one is found out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from faceinsight import FaceInsight
from faceinsight.data.store import CropWriter
from faceinsight.errors import ParameterError
from faceinsight.evaluation.regions import (
    _by_characteristic,
    measure_regions,
    region_parts,
    told_apart,
)
from faceinsight.evaluation.settings import RegionsSettings
from faceinsight.inference.regions import REGIONS
from faceinsight.method.characteristics import Characteristic, Vocabulary
from tests.inference.conftest import WHOLE
from tests.inference.test_explanation import MOUTH, Looking, drawn_face, drawn_map
from tests.model import tiny

ONE = Vocabulary([Characteristic("Bald", "a bald face", {})], {}, {})
R = {name: number for number, name in enumerate(REGIONS)}


def test_what_is_the_same_for_all_faces_falls_out():
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 2, (60, 3))
    shares = np.full((60, len(REGIONS), 3), np.nan)
    shares[:, R["skin"]] = 7.0  # nobody has seen a face without skin
    shares[:, R["mouth"]] = np.where(labels == 1, 2.0, 0.5)
    shares[:30, R["hat"]] = 1.0
    parts = region_parts(shares, labels)
    np.testing.assert_allclose(parts[R["skin"]], 0, atol=1e-12)
    np.testing.assert_allclose(parts[R["mouth"]], 1.5)
    for column in range(3):
        of = labels[:, column]
        hats = [(of[:30] == value).sum() / (of == value).sum() for value in (1, 0)]
        assert parts[R["hat"], column] == pytest.approx(hats[0] - hats[1])
    assert np.isnan(region_parts(shares, np.zeros((60, 3)))).all()


def test_a_gap_is_sure_from_two_standard_errors_on():
    labels = np.array([1, 1, 1, 1, 0, 0, 0, 0, -1])
    odds = np.array([1.0, 3, 1, 3, -1, 1, -1, 1, 900])
    gap, sure = told_apart(odds, labels)  # each mean has a standard error of a half
    assert (gap, sure) == (2.0, True)
    assert told_apart(odds * [1, 1, 1, 1, 2, 2, 2, 2, 1], labels) == (2.0, False)


def crops_folder(folder: Path, maps: bool = True) -> Path:
    """24 test faces, of which every second one smiles, with a red mouth; the others' is as skin."""
    folder = folder / "crops"
    smiles, male = np.arange(24) % 2, np.arange(24) // 12
    faces = np.stack([drawn_face()] * 24)
    faces[smiles == 0, *MOUTH] = 100
    examples = pd.DataFrame(
        {
            "photograph": [f"{number}.jpg" for number in range(24)],
            "face": np.zeros(24, np.int16),
            "split": "test",
            "Smiling": smiles,
            "Bald": male,
            "Male": male,
            "Female": 1 - male,
        }
    )
    nowhere = pd.array([None] * 24, dtype="Int32")
    boxes = dict.fromkeys(("left", "top", "right", "bottom"), nowhere)
    writer = CropWriter(
        folder, dataset="celeba", size=32, raw=folder, margin=0.25, max_pixels=1e6, maps=maps
    )
    writer.add({"photographs": faces, "maps": np.stack([drawn_map()] * 24)})
    places = np.stack([np.zeros(24, int), np.arange(24)], axis=1)
    writer.finish(examples.assign(**boxes), places, {})
    return folder


def measured(folder: Path, model: Looking | None = None, **settings):
    asked = FaceInsight(model or Looking(), WHOLE)
    return measure_regions(asked, {"celeba": folder}, RegionsSettings(**settings), "test")


def test_a_model_that_looks_at_the_mouth_is_found_to_and_told_where_that_is_not_expected(tmp_path):
    folder = crops_folder(tmp_path)
    found = measured(folder, expected={"Smiling": ["eyes"], "gender": ["skin"]})
    assert found["faces"] == 24
    smiling = found["characteristics"]["Smiling"]
    assert (smiling["present"], smiling["absent"]) == (12, 12)
    # 200 / 10 less 100 / 10, and none of it is left where a mouth has the colour of skin.
    assert smiling["gap"] == pytest.approx(10)
    assert next(iter(smiling["parts"].items())) == ("mouth", pytest.approx(10))
    assert smiling["parts"]["hair"] == pytest.approx(0)
    assert (smiling["sure"], smiling["expected"], smiling["elsewhere"]) == (True, ["eyes"], True)
    as_expected = measured(folder, expected={"Smiling": ["mouth"]})["characteristics"]["Smiling"]
    assert not as_expected["elsewhere"]
    male = found["characteristics"]["Male"]  # of which the model says nothing
    assert (male["sure"], male["expected"], male["elsewhere"]) == (False, ["skin"], False)


def test_a_first_region_leads_for_sure_or_nothing_is_said():
    rng = np.random.default_rng(3)
    labels = np.zeros((40, 1), int)
    labels[:20] = 1
    shares = np.full((40, len(REGIONS), 1), np.nan)
    shares[:, [R["hair"], R["skin"]]] = rng.normal(0, 1, (40, 2, 1))
    shares[:20, R["hair"]] += 5
    shares[:20, R["skin"]] += 1
    odds = np.where(labels == 1, 4.0, -4.0) + rng.normal(0, 0.1, (40, 1))

    def elsewhere(skin: float) -> bool:
        moved = shares.copy()
        moved[:20, R["skin"]] += skin
        found = _by_characteristic(odds, moved, labels, ONE, {"Bald": ["skin"]}, 5)
        assert next(iter(found["Bald"]["parts"])) == "hair"
        return found["Bald"]["elsewhere"]

    assert elsewhere(0)
    assert not elsewhere(3.5)  # half a nat behind, of which the standard error is 0.4


def test_few_faces_and_few_of_a_kind_say_nothing(tmp_path):
    folder = crops_folder(tmp_path)
    assert measured(folder, faces=0) == {}
    assert measured(folder, minimum=13)["characteristics"] == {}
    assert measured(crops_folder(tmp_path / "plain", maps=False)) == {}
    taught = measured(folder, Looking(learnt=["Bald", "Smiling"]))["characteristics"]
    assert "Male" not in taught
    with pytest.raises(ParameterError, match=r"regions.expected.Bald: there is no region 'beard'"):
        measured(folder, expected={"Bald": ["beard"]})


def test_expectations_of_other_vocabularies_are_left_out():
    settings = RegionsSettings(expected={"gender": ["skin"], "Goatee": ["skin"], "Bald": ["hair"]})
    found = settings.by_characteristic(tiny.vocabulary())
    assert found == {"Male": ["skin"], "Female": ["skin"], "Bald": ["hair"]}
