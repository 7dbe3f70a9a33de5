"""Every face is scored, in the geometry of training, and what cannot be is listed."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import faceinsight.inference.cropper
from faceinsight import FaceInsight, PhotoSettings, to_frame
from faceinsight.data.geometry import crop_square, cut_map, cut_photograph
from faceinsight.data.parsing.detector import PyfacerDetector
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.errors import ParameterError, WeightsError
from faceinsight.inference.cropper import Cropper
from faceinsight.inference.table import for_spreadsheet, require_faces
from faceinsight.method.variants import COH, ORG
from faceinsight.model.calibration import Calibration
from faceinsight.model.modeling import FaceInsightModel
from tests.data.parsing.fakes_detector import BLUE, RED, ColourNetwork
from tests.inference.conftest import WHOLE, save_model
from tests.label_tables import save_map, save_photograph
from tests.model import tiny

P = [f"p_{id_}" for id_ in tiny.IDS]
D = [f"d_{id_}" for id_ in tiny.IDS]


def score(model: Path, photos: Path, settings: PhotoSettings = WHOLE, **options):
    loaded = FaceInsight.from_pretrained(model, settings)
    return loaded.analyze_folder(photos, progress=False, **options)


def expected(model: Path, *crops: np.ndarray, maps: list[np.ndarray] | None = None) -> np.ndarray:
    loaded = FaceInsightModel.from_pretrained(model)
    with torch.inference_mode():
        logits = loaded(
            torch.from_numpy(np.stack(crops)),
            None if maps is None else torch.from_numpy(np.stack(maps)),
        ).logits
    return logits.sigmoid().numpy()


def crop(pixels: np.ndarray, box=None, margin: float = 0.25) -> np.ndarray:
    height, width = pixels.shape[:2]
    return cut_photograph(pixels, crop_square(height, width, box, margin), tiny.SIZE)


def test_what_a_calibrated_model_cannot_tell_is_in_the_table(photos, tmp_path):
    save_model(tmp_path / "model", variant=COH.model_copy(update={"segmentation": False}))
    config = json.loads((tmp_path / "model/config.json").read_text())
    # Never sure of a gender, nor of a smile where it says that there is one; always of Bald.
    sets = {"present": {"Smiling": 0.0, "Bald": 0.0}, "absent": {"Smiling": 1.0, "Bald": 0.0}}
    config["calibration"] = asdict(Calibration([1.0, 1.0, 1.0], 0.9, {"gender": 1.0}, **sets))
    (tmp_path / "model/config.json").write_text(json.dumps(config))
    faces = score(tmp_path / "model", photos, work=tmp_path / "work").faces
    again = score(tmp_path / "model", photos, work=tmp_path / "work").faces
    pd.testing.assert_frame_equal(faces, again)
    smiling = faces["d_Smiling"] == 1
    assert (faces["uncertain"] == np.where(smiling, "gender; Smiling", "gender")).all()
    assert faces[["age_years", "age_low", "age_high"]].isna().all(axis=None)
    shown = FaceInsight.from_pretrained(tmp_path / "model", WHOLE).analyze(
        sorted(photos.glob("*.png"))
    )
    assert to_frame(shown)["uncertain"].tolist() == faces["uncertain"].iloc[: len(shown)].tolist()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for i in range(7):
        save_photograph(tmp_path / "photos", f"{'in/' if i % 2 else ''}{i}.png", seed=i)
    return tmp_path / "photos"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the photographs that are read."""
    names: list[str] = []
    read = faceinsight.inference.cropper.read_photograph

    def spy(photo: Path, name: str, max_pixels: float) -> np.ndarray:
        names.append(name)
        return read(photo, name, max_pixels)

    monkeypatch.setattr(faceinsight.inference.cropper, "read_photograph", spy)
    return names


def test_whole_photographs_in_order_of_their_names(org: Path, photos: Path) -> None:
    faces, skipped = score(org, photos)
    names = ["0.png", "2.png", "4.png", "6.png", "in/1.png", "in/3.png", "in/5.png"]
    assert faces["photograph"].tolist() == names
    assert len(skipped) == 0
    assert (faces["face"] == 1).all()
    assert faces[["left", "top", "right", "bottom"]].drop_duplicates().to_numpy().tolist() == [
        [0, 0, 60, 40]
    ]
    assert faces["score"].isna().all()
    assert set(faces["map_from"]) == {"none"}
    crops = [crop(np.asarray(Image.open(photos / name))) for name in names]
    assert np.allclose(faces[P], expected(org, *crops), atol=1e-6)
    assert not tiny.ruleset().violated(faces[D].to_numpy(dtype=bool)).any()
    assert set(faces["face_from"]) == {"photograph"}
    assert list(faces.columns[10:]) == P + D


def test_what_cannot_be_scored_is_listed_and_the_rest_go_on(org: Path, photos: Path) -> None:
    whole = (photos / "0.png").read_bytes()
    (photos / "a_cut.png").write_bytes(whole[:-100])
    (photos / "b_text.jpg").write_text("no image")
    (photos / "c_empty.jpg").touch()
    (photos / "d_image.txt").write_bytes(whole)
    Image.new("RGB", (200, 200)).save(photos / "e_large.png")
    (photos / "f_gone.jpg").symlink_to("nowhere.jpg")
    settings = WHOLE.model_copy(update={"max_pixels": 10_000})
    faces, skipped = score(org, photos, settings)
    assert dict(zip(skipped["photograph"], skipped["reason"], strict=True)) == {
        "a_cut.png": "truncated",
        "b_text.jpg": "not an image",
        "c_empty.jpg": "empty",
        "e_large.png": "too large",
        "f_gone.jpg": "missing",
    }
    assert len(faces) == 8
    assert "d_image.txt" in set(faces["photograph"])
    for name, message in zip(skipped["photograph"], skipped["message"], strict=True):
        assert name in message
        assert message.endswith(".")


def test_if_nothing_can_be_scored_it_is_said_why(org: Path, tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / f"{i}.txt").write_text("no image")
    (tmp_path / "x.jpg").touch()
    scores = score(org, tmp_path)
    assert len(scores.faces) == 0
    assert set(P + D) <= set(scores.faces)
    with pytest.raises(ParameterError, match=r"\(3 not an image, 1 empty\); the first: .*0\.txt"):
        require_faces(scores, tmp_path)


def test_boxes_are_of_the_photograph_as_it_is_meant_to_be_seen(org: Path, tmp_path: Path) -> None:
    pixels = save_photograph(tmp_path / "straight", "x.png", size=(60, 40))
    turned = Image.fromarray(np.rot90(pixels).copy())
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    (tmp_path / "turned").mkdir()
    turned.save(tmp_path / "turned/x.png", exif=exif)
    one, other = (score(org, tmp_path / name).faces for name in ("straight", "turned"))
    pd.testing.assert_frame_equal(one, other)


def test_names_in_any_language_and_none(org: Path, tmp_path: Path) -> None:
    save_photograph(tmp_path, "größe 脸, «x».png")
    (tmp_path / os.fsdecode(b"bad\xff.png")).write_bytes(
        (tmp_path / "größe 脸, «x».png").read_bytes()
    )
    faces, skipped = score(org, tmp_path)
    assert len(skipped) == 0
    assert faces["photograph"].tolist()[1] == "größe 脸, «x».png"
    assert len(set(faces["photograph"])) == 2


@pytest.mark.parametrize("changes", [{"batch_size": 1}, {"batch_size": 100}, {"workers": 1}])
def test_batches_and_threads_change_nothing(org: Path, photos: Path, changes: dict) -> None:
    (photos / "1_text.png").write_text("no image")
    one, other = score(org, photos), score(org, photos, WHOLE.model_copy(update=changes))
    pd.testing.assert_frame_equal(one.faces, other.faces, atol=1e-6)
    pd.testing.assert_frame_equal(one.skipped, other.skipped)


def test_maps_that_lie_beside_go_through_the_photographs_geometry(
    lgc: Path, org: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    pixels, maps = [], []
    for i in range(3):
        pixels.append(save_photograph(tmp_path / "faces", f"{i}.png", seed=i))
        maps.append(rng.integers(0, 19, (40, 60), dtype=np.uint8))
        save_map(tmp_path / "maps/faces", f"{i}.png", maps[-1])
    save_photograph(tmp_path / "faces", "without.png")
    faces, skipped = score(lgc, tmp_path / "faces")
    assert faces["photograph"].tolist() == ["0.png", "1.png", "2.png"]
    assert set(faces["map_from"]) == {"provided"}
    assert skipped["reason"].tolist() == ["no map"]
    square = crop_square(40, 60, None)
    cut = [cut_map(m, square, tiny.SIZE) for m in maps]
    assert np.allclose(faces[P], expected(lgc, *map(crop, pixels), maps=cut), atol=1e-6)
    assert score(lgc, tmp_path).faces["photograph"].tolist() == [f"faces/{i}.png" for i in range(3)]
    assert len(score(org, tmp_path).faces) == 4


def test_a_model_of_map_files_says_what_to_do_where_there_are_none(
    lgc: Path, photos: Path, opened: list[str]
) -> None:
    with pytest.raises(ParameterError, match=r"variant=org.*predict\.maps=parsed") as error:
        score(lgc, photos)
    assert "\n" not in str(error.value)
    assert opened == []


def test_a_model_that_does_not_say_how_its_faces_were_cut(photos: Path, tmp_path: Path) -> None:
    model = tiny.model(variant=ORG)
    model.save_pretrained(tmp_path / "model")
    assert len(score(tmp_path / "model", photos).faces) == 7
    with pytest.raises(WeightsError, match=r"config\.json does not say how"):
        score(tmp_path / "model", photos, PhotoSettings(device="cpu"))


def test_weights_that_are_named_must_be_there(org: Path, photos: Path) -> None:
    settings = PhotoSettings(detector_weights=photos / "none.pth", device="cpu")
    with pytest.raises(WeightsError, match=r"^detector_weights: .*none\.pth"):
        score(org, photos, settings)


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> ColourNetwork:
    network = ColourNetwork()
    monkeypatch.setattr(PyfacerDetector, "_load", lambda self: network)
    return network


@pytest.fixture
def grey(tmp_path: Path) -> Path:
    """Photographs without a face."""
    (tmp_path / "grey").mkdir()
    for i in range(3):
        Image.new("RGB", (60, 40), (100 + i,) * 3).save(tmp_path / f"grey/{i}.png")
    return tmp_path / "grey"


def test_every_face_of_every_photograph(tmp_path: Path, grey: Path, colours: ColourNetwork) -> None:
    model = save_model(tmp_path / "model", {"margin": 0.1}, variant=ORG)
    both = np.full((300, 400, 3), 128, dtype=np.uint8)
    both[40:100, 250:330], both[100:220, 20:110] = RED, BLUE
    Image.fromarray(both).save(grey / "both.png")
    faces, skipped = score(model, grey, PhotoSettings(device="cpu", batch_size=3))
    assert faces["photograph"].tolist() == ["both.png"] * 2
    assert faces["face"].tolist() == [1, 2]
    assert faces["score"].tolist() == pytest.approx([0.9, 0.95])
    boxes = faces[["left", "top", "right", "bottom"]].to_numpy().tolist()
    assert np.abs(np.array(boxes) - [[20, 100, 110, 220], [250, 40, 330, 100]]).max() <= 2
    crops = [crop(both, tuple(box), margin=0.1) for box in boxes]
    assert np.allclose(faces[P], expected(model, *crops), atol=1e-6)
    assert set(skipped["reason"]) == {"no face found"}
    assert len(skipped) == 3


def test_without_a_face_the_whole_photograph_if_that_is_asked_for(
    org: Path, grey: Path, colours: ColourNetwork
) -> None:
    red = np.full((50, 50, 3), 128, dtype=np.uint8)
    red[10:40, 10:40] = RED
    Image.fromarray(red).save(grey / "red.png")
    settings = PhotoSettings(faces="detect_or_whole", device="cpu")
    faces, skipped = score(org, grey, settings)
    assert len(skipped) == 0
    assert len(faces) == 4
    assert faces["score"].isna().sum() == 3
    whole = score(org, grey).faces.set_index("photograph")
    found = faces[faces["score"].isna()].set_index("photograph")
    assert np.allclose(found[P], whole.loc[found.index, P], atol=1e-6)


def test_a_second_start_reads_only_what_is_new_or_changed(
    org: Path, photos: Path, tmp_path: Path, opened: list[str]
) -> None:
    (photos / "text.txt").write_text("no image")
    (photos / "gone.jpg").symlink_to("nowhere.jpg")
    first = score(org, photos, work=tmp_path / "work")
    assert len(opened) == 9
    opened.clear()
    again = score(org, photos, work=tmp_path / "work")
    assert opened == ["gone.jpg"]  # no content, so nothing to know it by
    pd.testing.assert_frame_equal(first.faces, again.faces)
    pd.testing.assert_frame_equal(first.skipped, again.skipped)
    opened.clear()
    save_photograph(photos, "0.png", seed=50)
    save_photograph(photos, "in/8.png", seed=8)
    (photos / "2.png").unlink()
    (photos / "gone.jpg").unlink()
    changed = score(org, photos, work=tmp_path / "work").faces
    assert sorted(opened) == ["0.png", "in/8.png"]
    pd.testing.assert_frame_equal(changed, score(org, photos).faces, atol=1e-6)


def test_what_decides_the_result_starts_anew(
    org: Path, lgc: Path, photos: Path, tmp_path: Path, opened: list[str]
) -> None:
    score(org, photos, work=tmp_path)
    for changes, read in (
        ({"batch_size": 2, "workers": 1, "pictures": True}, 0),
        ({"max_pixels": 100}, 7),
        ({"most_faces": 3}, 7),
    ):
        opened.clear()
        score(org, photos, WHOLE.model_copy(update=changes), work=tmp_path)
        assert len(opened) == read, changes
    opened.clear()
    other = save_model(tmp_path / "model", variant=ORG, text_encoder={"width": 8})
    score(other, photos, work=tmp_path)
    assert len(opened) == 7


def test_a_stopped_start_keeps_what_it_has_scored(
    org: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[str]
) -> None:
    forward = FaceInsightModel.forward
    calls = 0

    def stopping(self: FaceInsightModel, *args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return forward(self, *args, **kwargs)

    monkeypatch.setattr(FaceInsightModel, "forward", stopping)
    with pytest.raises(KeyboardInterrupt):
        score(org, photos, work=tmp_path / "work")
    monkeypatch.setattr(FaceInsightModel, "forward", forward)
    opened.clear()
    faces, _ = score(org, photos, work=tmp_path / "work")
    assert len(opened) == 1  # two batches of three were scored
    pd.testing.assert_frame_equal(faces, score(org, photos).faces, atol=1e-6)


@pytest.mark.parametrize("faces", ["whole", "detect"])
def test_only_a_few_photographs_are_in_memory(
    tmp_path: Path, faces: str, colours: ColourNetwork
) -> None:
    for i in range(40):
        save_photograph(tmp_path, f"{i:02d}.png", seed=i)
    taken: list[str] = []

    def names():
        for i in range(40):
            taken.append(f"{i:02d}.png")
            yield tmp_path / taken[-1]

    settings = PhotoSettings(faces=faces, workers=2, batch_size=1, device="cpu")
    crops = SegmentationSettings(maps="none", size=16, device="cpu")
    given = 0
    for batch in Cropper(crops, settings).batches(names()):
        given += len(batch.names)
        assert len(taken) - given <= 8
    assert given == 40


def test_no_name_is_a_formula_in_a_spreadsheet(org: Path, tmp_path: Path) -> None:
    names = ["=1+1.png", "+a.png", "-a.png", "@a.png", "＝1.png"]
    for name in [*names, "\ta.png", "in/=b.png", "plain.png"]:
        save_photograph(tmp_path / "photos", name)
    faces = score(org, tmp_path / "photos").faces
    sheet = for_spreadsheet(faces)["photograph"]
    assert not sheet.str.match(r"[=+@\t\r＝-]").any()
    kept = [name for name in sheet if (tmp_path / "photos" / name).is_file()]
    assert len(kept) == 7  # a tab is written as an escape
    assert faces["photograph"].str.startswith("=").any()
