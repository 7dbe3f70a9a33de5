"""The drawn examples of the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceinsight import FaceInsight
from faceinsight.data.classes import MAP_CLASSES
from faceinsight.serving.examples import Example, ExampleInsight, draw_examples
from tests.inference.conftest import WHOLE, save_model


@pytest.fixture(scope="module")
def examples() -> tuple[Example, ...]:
    return draw_examples()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("lgc"), {"maps": "provided"})


def test_three_pictures_the_same_each_time(examples: tuple[Example, ...]) -> None:
    assert [len(example.boxes) for example in examples] == [1, 1, 2]
    assert [example.file for example in draw_examples()] == [example.file for example in examples]


def test_their_maps_and_boxes_fit_them(examples: tuple[Example, ...]) -> None:
    skin = MAP_CLASSES.index("skin")
    for example in examples:
        assert example.pixels.shape[:2] == example.label_map.shape
        for box in filter(None, example.boxes):
            left, top, right, bottom = box
            assert (example.label_map[top:bottom, left:right] == skin).mean() > 0.3


def test_they_are_read_as_their_files_are(
    examples: tuple[Example, ...], saved: Path, tmp_path: Path
) -> None:
    """Beside the same pictures and maps in files, which the model reads by its own way."""
    (tmp_path / "maps/photos").mkdir(parents=True)
    (tmp_path / "photos").mkdir()
    model = FaceInsight.from_pretrained(saved, WHOLE)
    shown = ExampleInsight(model, examples)
    for number, example in enumerate(examples[:2]):
        file = tmp_path / f"photos/{number}.jpg"
        file.write_bytes(example.file)
        Image.fromarray(example.label_map).save(tmp_path / f"maps/photos/{number}.png")
        (expected,) = model.analyze(file)
        crops = shown.prepare(example.file)
        (face,) = shown.read(shown.score(crops), crops)
        assert face.probabilities == pytest.approx(expected.probabilities, abs=1e-6)
        assert face.bbox == expected.bbox


def test_faces_are_found_where_they_were_drawn(examples: tuple[Example, ...], saved: Path) -> None:
    """Whatever the model does with photographs: here it has a detector, and needs none."""
    model = FaceInsight.from_pretrained(saved, WHOLE)
    crops = ExampleInsight(model, examples).prepare(examples[2].file)
    assert [tuple(box) for box in crops.boxes.tolist()] == list(examples[2].boxes)
    assert np.isnan(crops.scores).all()
    assert crops.drawn == (True,)
    answer = ExampleInsight(model, examples).ask(examples[2].file, face=2)
    assert answer.box == examples[2].boxes[1]
