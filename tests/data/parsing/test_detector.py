"""Every face of a photograph, once, in pixels of the photograph."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import data

from faceinsight.data.geometry import Box
from faceinsight.data.parsing import detector as detectors
from faceinsight.data.parsing import weights
from faceinsight.data.parsing.detector import (
    DlibDetector,
    FaceDetector,
    PyfacerDetector,
    detector_at_hand,
    detector_views,
)
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.photographs import load_photograph
from tests.data.parsing import fakes_dlib
from tests.data.parsing.fakes_detector import BLUE, RED, ColourNetwork

SETTINGS = SegmentationSettings()
ASTRONAUT = Path(data.__file__).parent / "astronaut.png"
"""A photograph in the public domain, which scikit-image ships; pyfacer needs that package."""


def photograph(height: int, width: int, **colours: Box) -> np.ndarray:
    pixels = np.full((height, width, 3), 128, dtype=np.uint8)
    for name, (left, top, right, bottom) in colours.items():
        pixels[top:bottom, left:right] = {"red": RED, "blue": BLUE}[name]
    return pixels


def find(detector: FaceDetector, photographs: list[np.ndarray], far: int = 640) -> list:
    return detector.find([detector_views(pixels, far, detector.around) for pixels in photographs])


@pytest.fixture
def detecting(monkeypatch: pytest.MonkeyPatch) -> Callable[..., PyfacerDetector]:
    def make(network: ColourNetwork) -> PyfacerDetector:
        monkeypatch.setattr(PyfacerDetector, "_load", lambda self: network)
        return PyfacerDetector(SETTINGS)

    return make


def test_boxes_are_the_photographs_own(detecting: Callable[..., PyfacerDetector]) -> None:
    detector = detecting(ColourNetwork())
    wide = photograph(300, 500, blue=(20, 40, 120, 180), red=(330, 100, 430, 250))
    tall = photograph(900, 200, red=(50, 600, 150, 720))
    none = photograph(100, 100)
    found = find(detector, [wide, none, tall])
    assert [len(faces) for faces in found] == [2, 0, 1]
    boxes = [box for faces in found for box, _ in faces]
    expected = [(20, 40, 120, 180), (330, 100, 430, 250), (50, 600, 150, 720)]
    assert np.abs(np.array(boxes) - expected).max() <= 4  # a pixel of the smaller view
    assert [score for _, score in found[0]] == pytest.approx([0.9, 0.95])


def test_what_only_one_of_the_views_shows_is_found_and_what_both_show_is_one(
    detecting: Callable[..., PyfacerDetector],
) -> None:
    network = ColourNetwork(least=30, most=200)
    detector = detecting(network)
    # Views of 256 and 640 show 400 pixels as 256 and 640, and 20 as 13 and 32.
    large = photograph(400, 400, red=(0, 0, 300, 300))
    small = photograph(400, 400, red=(300, 300, 320, 320))
    middle = photograph(400, 400, red=(100, 100, 200, 200))
    found = find(detector, [large, small, middle])
    assert [len(faces) for faces in found] == [1, 1, 1]
    assert network.sides == [256] * 3 + [640] * 3
    assert [len(f) for f in find(detector, [large, small, middle], far=256)] == [1, 0, 1]


def test_more_around_the_photograph_moves_no_box(
    detecting: Callable[..., PyfacerDetector],
) -> None:
    """A smaller view that shows more than the photograph; what fills it is found in its middle."""
    network = ColourNetwork(least=30, most=210)
    detector = detecting(network)
    filling = photograph(400, 300, red=(0, 0, 300, 400))  # 256 pixels high in a view of 256
    assert find(detector, [filling]) == [[]]
    detector.around = 1.6
    network.sides.clear()
    middle = photograph(400, 500, red=(100, 80, 220, 190))
    for pixels, expected in (
        (photograph(400, 300, red=(20, 20, 280, 380)), (20, 20, 280, 380)),
        (middle, (100, 80, 220, 190)),
    ):
        ((box, _),) = find(detector, [pixels])[0]
        assert np.abs(np.array(box) - expected).max() <= 4
    assert network.sides == [256, 640] * 2


def test_boxes_end_with_their_photograph(detecting: Callable[..., PyfacerDetector]) -> None:
    detector = detecting(ColourNetwork())
    ((box, _),) = find(detector, [photograph(100, 300, red=(0, 0, 60, 100))])[0]
    assert box[:2] == (0, 0)
    assert box[3] == 100


@settings(max_examples=8, deadline=None)
@given(height=st.integers(1, 900), width=st.integers(1, 900), data=st.data())
def test_any_photograph_has_boxes_inside_it(height: int, width: int, data: st.DataObject) -> None:
    left = data.draw(st.integers(0, width - 1))
    top = data.draw(st.integers(0, height - 1))
    pixels = photograph(height, width, red=(left, top, width, height))
    detector = PyfacerDetector(SETTINGS)
    detector._network = ColourNetwork(least=1)
    for (l, t, r, b), _ in find(detector, [pixels], far=320)[0]:  # noqa: E741
        assert 0 <= l < r <= width
        assert 0 <= t < b <= height


def test_real_photographs_with_several_faces(shared: Path) -> None:
    """Of the faces that ExpW labels in photographs of several, most are found, at their place."""
    labelled: dict[str, list[list[int]]] = {}
    for row in (shared / "data/expw/label.lst").read_text().splitlines():
        name, _, top, left, right, bottom, *_ = row.split()
        labelled.setdefault(name, []).append([int(left), int(top), int(right), int(bottom)])
    root = shared / "data/expw/image"
    several = [n for n, b in labelled.items() if len(b) > 1 and (root / n).is_file()][:3]
    detector = PyfacerDetector(
        SegmentationSettings(detector_weights=shared / "weights/retinaface_mobilenet0.25.pth")
    )
    found = hit = 0
    for name in several:
        pixels = load_photograph(root, name)
        boxes = [box for box, _ in find(detector, [pixels])[0]]
        assert boxes == sorted(boxes)
        assert len(set(boxes)) == len(boxes)
        for label in labelled[name]:
            found += 1
            hit += any(_overlap(label, box) > 0.4 for box in boxes)
    assert found >= 6
    assert hit / found > 0.7


def test_a_tight_crop_is_one_face(shared: Path) -> None:
    root = shared / "data/utkface/UTKFace"
    names = sorted(path.name for path in root.iterdir())[:4000:1000]
    weights = shared / "weights/retinaface_mobilenet0.25.pth"
    detector = PyfacerDetector(SegmentationSettings(detector_weights=weights))
    found = find(detector, [load_photograph(root, name) for name in names])
    assert sum(len(faces) == 1 for faces in found) >= 3


def _overlap(one: list[int], other: Box) -> float:
    a, b = np.array(one), np.array(other)
    both = np.prod(np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None))
    return float(both / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - both))


def test_another_detector_s_boxes_are_framed_as_retinaface_frames_faces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "dlib", fakes_dlib.module())
    monkeypatch.setattr(detectors, "_RETINAFACE_FRAME", fakes_dlib.FRAME)
    detector = DlibDetector()
    faces, none = find(
        detector, [photograph(400, 400, blue=(100, 100, 200, 200)), photograph(90, 90)]
    )
    assert none == []
    ((box, score),) = faces  # both views show it, and it is one
    assert np.abs(np.array(box) - (120, 70, 200, 190)).max() <= 3
    assert score == pytest.approx(1 - np.exp(-1.5))


def test_pyfacer_s_detector_is_taken_where_its_weights_are_else_dlib_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "dlib", fakes_dlib.module())
    assert isinstance(detector_at_hand(SETTINGS), PyfacerDetector)
    monkeypatch.setattr(weights, "is_at_hand", lambda detector, path: False)
    assert isinstance(detector_at_hand(SETTINGS), DlibDetector)
    monkeypatch.setitem(sys.modules, "dlib", None)
    assert detector_at_hand(SETTINGS) is None


def test_dlib_s_detector_finds_a_face_where_it_is_installed() -> None:
    pytest.importorskip("dlib")
    pixels = np.asarray(Image.open(ASTRONAUT).convert("RGB"))
    (faces,) = find(DlibDetector(), [pixels])
    box, _ = max(faces, key=lambda face: face[1])
    left, top, right, bottom = box
    assert left < 224 < right
    assert top < 120 < bottom
    assert right - left < 160
