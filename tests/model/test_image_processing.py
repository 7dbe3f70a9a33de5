"""The crops and maps that a model is given are those that it was trained with, to the pixel."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.segmentation import segment
from faceinsight.data.store import StoredCrops
from faceinsight.errors import ParameterError, PhotographError
from faceinsight.model import FaceInsightConfig, FaceInsightImageProcessor, image_processing
from tests.data.parsing.fakes import BrightnessParser
from tests.label_tables import label_table, save_map, save_photograph

SIZE = 24
NAMES = ["a.png", "b.png", "c.png"]
BOXES = [(5, 6, 30, 38), None, (-4, -9, 20, 21)]


@pytest.fixture
def raw(tmp_path):
    rng = np.random.default_rng(0)
    for i, name in enumerate(NAMES):
        pixels = save_photograph(tmp_path / "raw", name, seed=i, size=(40 + 9 * i, 40))
        save_map(tmp_path / "raw", f"maps/{name}", rng.integers(0, 19, pixels.shape[:2]))
    return tmp_path / "raw"


def trained_with(raw, **changes):
    """Crops and maps as training reads them, and the processor of a model trained with them."""
    settings = SegmentationSettings(size=SIZE, margin=0.4, view=64, context=1.8, **changes)
    table = label_table(NAMES, BOXES)
    parser = BrightnessParser() if settings.maps == "parsed" else None
    folder = segment("celeba", table, raw, raw.parent, settings, parser=parser, progress=False)
    stored, rows = StoredCrops.open(folder), np.arange(len(NAMES))
    config = FaceInsightConfig(
        crops=stored.header["settings"], image_size=SIZE, segmentation=settings.maps != "none"
    )
    processor = FaceInsightImageProcessor.of_model(config)
    return stored.photographs(rows), stored.maps(rows), processor


def pictures(raw):
    return [Image.open(raw / name) for name in NAMES]


def test_with_maps_that_are_given(raw, tmp_path):
    photographs, maps, processor = trained_with(raw, maps="provided")
    given = [np.asarray(Image.open(raw / "maps" / name)) for name in NAMES]
    processor.save_pretrained(tmp_path)
    again = FaceInsightImageProcessor.from_pretrained(tmp_path)
    made = again(pictures(raw), BOXES, given, return_tensors="pt")
    assert made["photographs"].dtype == torch.uint8
    np.testing.assert_array_equal(made["photographs"], photographs)
    np.testing.assert_array_equal(made["maps"], maps)
    assert maps.std() > 1
    one = processor(np.asarray(pictures(raw)[2]), BOXES[2], given[2])
    np.testing.assert_array_equal(one["photographs"], photographs[2:])
    np.testing.assert_array_equal(one["maps"], maps[2:])


def test_with_maps_that_a_parser_makes(raw, monkeypatch):
    photographs, maps, processor = trained_with(raw, maps="parsed")
    monkeypatch.setattr(image_processing, "pyfacer_parser", lambda _: BrightnessParser())
    made = processor(pictures(raw), boxes=BOXES, return_tensors="np")
    np.testing.assert_array_equal(made["photographs"], photographs)
    np.testing.assert_array_equal(made["maps"], maps)
    assert maps.std() > 1


def test_without_maps(raw):
    photographs, _, processor = trained_with(raw, maps="none")
    made = processor(pictures(raw), boxes=BOXES)
    assert made.keys() == {"photographs"}
    np.testing.assert_array_equal(made["photographs"], photographs)


def test_what_is_of_this_machine_is_not_saved(tmp_path):
    processor = FaceInsightImageProcessor(parser_weights="/somewhere", device="cuda", margin=0.1)
    processor.save_pretrained(tmp_path)
    saved = json.loads((tmp_path / "preprocessor_config.json").read_text())
    assert saved["margin"] == 0.1
    assert saved.keys().isdisjoint({"parser_weights", "detector_weights", "device", "batch_size"})
    again = FaceInsightImageProcessor.from_pretrained(tmp_path, parser_weights="/elsewhere")
    assert again.parser_weights == "/elsewhere"


def test_faults_are_named():
    picture = np.zeros((9, 9, 3), np.uint8)
    with pytest.raises(ParameterError, match="`crops` is empty"):
        FaceInsightImageProcessor.of_model(FaceInsightConfig())
    with pytest.raises(ParameterError, match="segmentation_maps: the model was trained"):
        FaceInsightImageProcessor(maps="provided")(picture)
    with pytest.raises(ParameterError, match="boxes: there are 1 for 2"):
        FaceInsightImageProcessor()([picture, picture], boxes=[None])
    with pytest.raises(ParameterError, match="uint8"):
        FaceInsightImageProcessor()(picture.astype(float))
    with pytest.raises(PhotographError, match="no part inside"):
        FaceInsightImageProcessor()(picture, boxes=(20, 20, 30, 30))
