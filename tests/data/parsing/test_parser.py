"""pyfacer's own detector and parser on real photographs: the right classes in the right places."""

from __future__ import annotations

from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image

from faceinsight.data.classes import MAP_CLASSES
from faceinsight.data.geometry import crop_square, cut_map
from faceinsight.data.parsing.detector import PyfacerDetector
from faceinsight.data.parsing.parser import CLASS_OF_LABEL, PyfacerParser, choose_faces
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.segmentation import segment
from faceinsight.data.store import StoredCrops
from faceinsight.errors import WeightsError
from tests.label_tables import label_table

WHOLE = (0.0, 1.0)
LEFT_EYE, RIGHT_EYE, HAT = (MAP_CLASSES.index(n) for n in ("left_eye", "right_eye", "hat"))


def weights(shared: Path) -> dict[str, Path]:
    return {
        "detector_weights": shared / "weights/retinaface_mobilenet0.25.pth",
        "parser_weights": shared / "weights/face_parsing_small.celebm.jit.pt",
    }


def looking_for_faces(settings: SegmentationSettings) -> PyfacerParser:
    return PyfacerParser(settings, PyfacerDetector(settings))


@pytest.fixture(scope="module")
def parser(shared: Path) -> PyfacerParser:
    return looking_for_faces(SegmentationSettings(**weights(shared)))


@pytest.fixture(scope="module")
def pairs(shared: Path) -> tuple[np.ndarray, np.ndarray]:
    """Two photographs [2, 256, 256, 3] with true maps [2, 256, 256]."""
    files = sorted((shared / "data/celebamask/images").glob("*.jpg"))[20:22]
    masks = [shared / f"data/celebamask/masks/{path.stem}.png" for path in files]
    return tuple(np.stack([np.asarray(Image.open(p)) for p in some]) for some in (files, masks))


def nowhere(n: int) -> np.ndarray:
    return np.full((n, 4), np.nan, dtype=np.float32)


def test_maps_agree_with_true_ones(
    parser: PyfacerParser, pairs: tuple[np.ndarray, np.ndarray]
) -> None:
    photographs, truth = pairs
    maps, detected = parser(photographs, nowhere(2), WHOLE, 256)
    assert detected.all()
    assert maps.dtype == np.uint8
    assert (maps == truth).mean() > 0.85
    for label_map, true_map in zip(maps, truth, strict=True):
        for eye in (LEFT_EYE, RIGHT_EYE):
            if (true_map == eye).any() and (label_map == eye).any():
                found, true = (np.argwhere(m == eye).mean(axis=0) for m in (label_map, true_map))
                assert np.abs(found - true).max() < 10


def test_the_crop_is_a_window_of_the_view(
    parser: PyfacerParser, pairs: tuple[np.ndarray, np.ndarray]
) -> None:
    """The same pixels of the view have the same classes, whichever window is asked for."""
    photographs = pairs[0][:1]
    whole, _ = parser(photographs, nowhere(1), WHOLE, 256)
    middle, _ = parser(photographs, nowhere(1), (0.25, 0.5), 128)
    assert (middle == whole[:, 64:192, 64:192]).all()


def test_of_several_faces_the_labels_box_or_the_largest_is_parsed(
    parser: PyfacerParser, pairs: tuple[np.ndarray, np.ndarray]
) -> None:
    photographs, _ = pairs
    view = np.zeros((256, 256, 3), dtype=np.uint8)
    small = [np.asarray(Image.fromarray(p).resize((s, s))) for p, s in zip(photographs, (96, 144))]  # noqa: B905
    view[80:176, :96], view[56:200, 112:] = small
    boxes = np.stack([nowhere(1)[0], [16, 96, 80, 168], [136, 80, 232, 190]]).astype(np.float32)
    maps, detected = parser(np.stack([view] * 3), boxes, WHOLE, 256)
    assert detected.all()
    eyes = [np.argwhere(np.isin(m, [LEFT_EYE, RIGHT_EYE, 2]))[:, 1].mean() for m in maps]
    assert eyes[1] < 96
    assert eyes[0] > 112
    assert eyes[2] > 112


def test_no_face_black_and_white_are_parsed_as_they_are(parser: PyfacerParser) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    views = np.stack([np.zeros_like(noise), np.full_like(noise, 255), noise])
    maps, detected = parser(views, nowhere(3), WHOLE, 64)
    assert maps.shape == (3, 64, 64)
    assert not detected.any()
    one, _ = parser(views[:1], nowhere(1), WHOLE, 64)
    assert (one[0] == maps[0]).all()


def test_on_tight_crops_the_upper_edge_is_no_hat(parser: PyfacerParser, shared: Path) -> None:
    """What lies beyond the view is its edge repeated; with black there, hats cover the top."""
    files = sorted((shared / "data/utkface/UTKFace").glob("2*.jpg"))[40:400:90]
    views = [np.asarray(Image.open(p).convert("RGB").resize((256, 256))) for p in files]
    maps, detected = parser(np.stack(views), nowhere(len(views)), WHOLE, 64)
    assert detected.mean() > 0.9
    assert (maps[:, :8] == HAT).mean() < 0.1


def test_through_the_whole_of_segmentation(
    shared: Path, tmp_path: Path, pairs: tuple[np.ndarray, np.ndarray]
) -> None:
    files = sorted((shared / "data/celebamask/images").glob("*.jpg"))[20:22]
    table = label_table([p.name for p in files], [None, (64, 64, 192, 192)])
    settings = SegmentationSettings(size=64, batch_size=3, workers=2, **weights(shared))
    folder = segment("celeba", table, files[0].parent, tmp_path, settings, progress=False)
    crops = StoredCrops.open(folder)
    assert crops.header["counts"] == {"detected": 2}
    maps = crops.maps(np.arange(2))
    for i, box in enumerate([None, (64, 64, 192, 192)]):
        expected = cut_map(pairs[1][i], crop_square(256, 256, box), 64)
        assert (maps[i] == expected).mean() > 0.8


def test_aligned_crops_are_parsed_as_they_are_without_a_detector(
    shared: Path, pairs: tuple[np.ndarray, np.ndarray]
) -> None:
    files = weights(shared) | {"detector_weights": Path("none")}
    parser = PyfacerParser(SegmentationSettings(**files), None)
    maps, detected = parser(pairs[0], nowhere(2), WHOLE, 256)
    assert not detected.any()
    assert (maps == pairs[1]).mean() > 0.85


@pytest.mark.parametrize("name", ["parser_weights", "detector_weights"])
def test_weights_that_are_named_must_be_there(shared: Path, name: str) -> None:
    files = weights(shared) | {name: Path("no/such/file.pt")}
    with pytest.raises(WeightsError, match=f"^{name}.*no/such/file.pt"):
        looking_for_faces(SegmentationSettings(**files))


@pytest.mark.parametrize("name", ["parser_weights", "detector_weights"])
def test_weights_must_be_of_the_right_kind(shared: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "wrong.pt").write_bytes(b"these are no weights")
    files = weights(shared) | {name: tmp_path / "wrong.pt"}
    parser = looking_for_faces(SegmentationSettings(**files))
    with pytest.raises(WeightsError, match=f"^{name}.*wrong.pt"):
        parser(np.zeros((1, 64, 64, 3), np.uint8), nowhere(1), WHOLE, 16)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("parser_weights", "face_parsing.farl.celebm.main_ema_181500_jit.pt"),
        ("detector_weights", "mobilenet0.25_Final.pth"),
    ],
)
def test_without_a_network_it_says_what_to_fetch(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, file: str
) -> None:
    def unreachable(url: str, *_: object, **__: object) -> None:
        raise URLError("no network")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    files = {key: path for key, path in weights(shared).items() if key != name}
    parser = looking_for_faces(SegmentationSettings(**files))
    with pytest.raises(WeightsError, match=f"{file}.*--params {name}=FILE") as error:
        parser(np.zeros((1, 64, 64, 3), np.uint8), nowhere(1), WHOLE, 16)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.rglob("*.p*t*"))


def test_every_label_of_pyfacer_has_a_class() -> None:
    from facer.face_parsing.farl import pretrain_settings

    names = {name for setting in pretrain_settings.values() for name in setting["label_names"]}
    assert names == set(CLASS_OF_LABEL)
    assert set(CLASS_OF_LABEL.values()) == set(MAP_CLASSES)


def test_choosing_faces() -> None:
    found = {
        "rects": np.array([[0, 0, 10, 10], [20, 0, 50, 30], [0, 0, 9, 9], [5, 5, 5, 9]]),
        "image_ids": np.array([0, 0, 2, 4]),
    }
    boxes = nowhere(5)
    assert choose_faces(found, boxes) == {0: 1, 2: 2}
    boxes[0] = (1, 1, 12, 12)
    boxes[2] = (100, 100, 110, 110)
    assert choose_faces(found, boxes) == {0: 0}
    nothing = {"rects": np.zeros(0), "image_ids": np.zeros(0)}
    assert choose_faces(nothing, boxes) == {}


class Brightness(torch.nn.Module):
    """Stands in for a trained network: bright is one class, dark is background."""

    def __init__(self, classes: int, bright: int) -> None:
        super().__init__()
        self.classes = classes
        self.bright = bright

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits = torch.full((x.size(0), self.classes, x.size(2), x.size(3)), -9.0)
        logits[:, 0] = 0.5 - x.mean(1)
        logits[:, self.bright] = x.mean(1) - 0.5
        return logits, logits


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
@pytest.mark.parametrize(("name", "classes", "bright"), [("lapa", 11, 10), ("celebm", 19, 14)])
@pytest.mark.parametrize("look", [True, False])
def test_maps_lie_where_their_photograph_does(
    shared: Path,
    tmp_path: Path,
    pairs: tuple[np.ndarray, np.ndarray],
    name: str,
    classes: int,
    bright: int,
    look: bool,
) -> None:
    """Warped there and back, with pyfacer's tanh warp and without: the map is the brightness."""
    path = tmp_path / "brightness.pt"
    torch.jit.script(Brightness(classes, bright)).save(str(path))
    files = weights(shared) | {"parser_weights": path}
    settings = SegmentationSettings(parser=f"farl/{name}/448", **files)
    parser = PyfacerParser(settings, PyfacerDetector(settings) if look else None)
    maps, detected = parser(pairs[0], nowhere(2), (0.25, 0.5), 64)
    assert detected.all() == look
    middle = pairs[0][:, 64:192, 64:192].reshape(2, 64, 2, 64, 2, 3).mean(axis=(2, 4, 5))
    clear = np.abs(middle - 127.5) > 25
    hair = maps == MAP_CLASSES.index("hair")
    assert ((middle > 127.5) == hair)[clear].mean() > 0.98
