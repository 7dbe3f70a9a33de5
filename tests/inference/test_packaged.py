"""The model that the package brings: small, without race, and right about a known photograph."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from skimage import data

from faceinsight import FaceInsight
from faceinsight.data.parsing import weights

FOLDER = Path(__file__).parents[2] / "weights/src/faceinsight_weights/model"
ASTRONAUT = Path(data.__file__).parent / "astronaut.png"
"""A photograph in the public domain, which scikit-image ships; pyfacer needs that package."""


@pytest.fixture(scope="module")
def model() -> FaceInsight:
    if not (FOLDER / "config.json").is_file():
        pytest.skip("no model has been put into weights/ yet: python experiments/embedded train")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, "is_at_hand", lambda detector, path: False)
        model = FaceInsight.from_pretrained(FOLDER, device="cpu")
        assert model.cropper  # made without weights of pyfacer's
    return model


def test_it_is_small_and_has_no_race(model: FaceInsight) -> None:
    file = FOLDER / "model.safetensors"
    assert file.stat().st_size <= 12_000_000
    kinds = {of.dtype for of in load_file(file).values() if of.is_floating_point() and of.ndim > 1}
    assert kinds == {torch.float16}
    assert set(model.vocabulary.groups) == {"gender", "age", "expression"}
    assert not {"Asian", "White", "Black"} & set(model.vocabulary.ids)


def test_an_astronaut_is_found_with_her_mouth_open_and_no_hat(model: FaceInsight) -> None:
    pytest.importorskip("dlib")
    face = max(model.analyze(ASTRONAUT), key=lambda face: face.confidence or 0)
    left, top, right, bottom = face.bbox
    assert left < 224 < right
    assert top < 120 < bottom
    assert face.face_from == "dlib"
    assert "Mouth_Slightly_Open" in face.present
    assert not {"Eyeglasses", "Wearing_Hat", "Mustache", "Bald"} & set(face.present)


def test_each_part_of_a_question_is_answered(model: FaceInsight) -> None:
    pytest.importorskip("dlib")
    asked = "Is she smiling, what colour is her hair, and what colour are her eyes?"
    told = model.ask(ASTRONAUT, asked)
    assert {"Smiling", "Brown_Hair"} <= told.said.keys()
    # It was taught no colour of eyes.
    assert told.text.endswith("The labels name no colour of: eyes.")
