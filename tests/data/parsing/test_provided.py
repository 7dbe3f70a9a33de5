"""Map files are read as class numbers, or refused with their name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceinsight.data.parsing.provided import load_map, map_path
from faceinsight.errors import PhotographError

CLASSES = (np.arange(12 * 10) % 19).reshape(10, 12).astype(np.uint8)


def test_a_map_stands_at_its_photographs_path() -> None:
    assert map_path("maps", "img_align_celeba/000001.jpg") == "maps/img_align_celeba/000001.png"
    assert map_path("maps", "UTKFace/25_0.jpg.chip.jpg") == "maps/UTKFace/25_0.jpg.chip.png"


@pytest.mark.parametrize("mode", ["L", "P"])
def test_grey_and_palette_files_give_their_numbers(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(CLASSES)
    if mode == "P":
        image.putpalette(range(57))
    image.save(tmp_path / "m.png")
    assert (load_map(tmp_path, "m.png", (10, 12)) == CLASSES).all()


@pytest.mark.parametrize("fault", ["rgb", "size", "class", "jpeg", "truncated", "one bit"])
def test_other_files_are_refused(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "m.png"
    Image.fromarray(CLASSES).save(path)
    if fault == "rgb":
        Image.fromarray(CLASSES).convert("RGB").save(path)
    elif fault == "size":
        Image.fromarray(CLASSES.T.copy()).save(path)
    elif fault == "class":
        Image.fromarray(CLASSES + 1).save(path)
    elif fault == "jpeg":
        Image.fromarray(CLASSES).save(path, format="JPEG")
    elif fault == "truncated":
        path.write_bytes(path.read_bytes()[:60])
    else:
        Image.fromarray(CLASSES > 3).save(path)
    with pytest.raises(PhotographError, match=r"m\.png") as refused:
        load_map(tmp_path, "m.png", (10, 12))
    assert refused.value.reason == "bad map"


@pytest.mark.parametrize("relative", ["none.png", "../m.png", "folder"])
def test_a_missing_map_says_what_to_do(tmp_path: Path, relative: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(PhotographError, match=r"segmentation\.maps") as refused:
        load_map(tmp_path, relative, (10, 12))
    assert refused.value.reason == "no map"
