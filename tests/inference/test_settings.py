"""What is advised about a photograph without a face can be followed."""

import re

import pytest

from faceinsight.inference.settings import MOST_SIDE, PhotoSettings
from faceinsight.inference.table import no_face


@pytest.mark.parametrize("side", [64, 640, 2560, 4096, 5000, MOST_SIDE])
def test_the_detector_side_that_is_advised_is_allowed(side: int) -> None:
    said = no_face("a.jpg", PhotoSettings(detector_side=side), "retinaface")
    advised = re.search(r"detector_side=(\d+) finds", said)
    assert bool(advised) == (side < MOST_SIDE)
    if advised:
        assert PhotoSettings(detector_side=int(advised[1])).detector_side > side
    assert "faces=detect_or_whole takes such a photograph whole" in said
