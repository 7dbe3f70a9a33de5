"""`transformers.pipeline` gives what `FaceInsight` gives, ready for JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from transformers import pipeline

from faceinsight import FaceInsight
from faceinsight.errors import PhotographError
from faceinsight.inference.hf_pipeline import TASK, FaceAnalysisPipeline


def photograph(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (40 + seed, 50, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def analyze(org: Path) -> Any:
    return pipeline(TASK, model=str(org), device="cpu", faces="whole", batch_size=2)


@pytest.fixture(scope="module")
def model(org: Path) -> FaceInsight:
    return FaceInsight.from_pretrained(org, device="cpu", faces="whole", batch_size=2)


@pytest.mark.parametrize("sensitive", [False, True])
def test_one_photograph(analyze: Any, model: FaceInsight, tmp_path: Path, sensitive: bool) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(photograph(0)).save(path)
    faces = analyze(str(path), sensitive=sensitive)
    expected = model.analyze(str(path), sensitive=sensitive)
    assert isinstance(analyze, FaceAnalysisPipeline)
    assert faces == [face.to_dict() for face in expected]
    assert json.loads(json.dumps(faces)) == faces


def test_many_photographs(analyze: Any, model: FaceInsight) -> None:
    photos = [photograph(seed) for seed in range(3)]
    expected = [[face.to_dict() for face in faces] for faces in model.analyze(photos)]
    assert len(expected) == 3
    assert analyze(photos) == expected
    assert list(analyze(photo for photo in photos)) == expected


def test_a_photograph_that_cannot_be_used(analyze: Any) -> None:
    broken = b"no picture"
    with pytest.raises(PhotographError):
        analyze(broken)
    good, bad = analyze([photograph(0), broken])
    assert good[0]["bbox"]
    assert bad.keys() == {"reason", "error"}
    assert bad["reason"] == "not an image"
