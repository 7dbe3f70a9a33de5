"""pyfacer's own detector and parser on real photographs, with a model that reads maps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from faceinsight import FaceInsight, PhotoSettings
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.segmentation import segment
from faceinsight.errors import ParameterError
from faceinsight.inference.cropper import Crops
from faceinsight.inference.settings import PredictionSettings
from faceinsight.inference.split_scores import predict
from tests.inference.conftest import save_model
from tests.label_tables import label_table
from tests.model import tiny

BOX = ["left", "top", "right", "bottom"]
P = [f"p_{id_}" for id_ in tiny.IDS]


@pytest.fixture(scope="module")
def weights(shared: Path) -> dict[str, Path]:
    return {
        "detector_weights": shared / "weights/retinaface_mobilenet0.25.pth",
        "parser_weights": shared / "weights/face_parsing_small.celebm.jit.pt",
    }


@pytest.fixture(scope="module")
def crops(weights: dict[str, Path]) -> SegmentationSettings:
    return SegmentationSettings(size=tiny.SIZE, margin=0.1, context=1.4, view=200, **weights)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, crops: SegmentationSettings) -> Path:
    return save_model(tmp_path_factory.mktemp("parsed"), crops.of_crops())


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    """Links to two photographs with several faces each, and to a crop of one."""
    folder = tmp_path_factory.mktemp("photos")
    rows = [row.split()[0] for row in (shared / "data/expw/label.lst").read_text().splitlines()]
    root = shared / "data/expw/image"
    several = [n for n in dict.fromkeys(rows) if rows.count(n) > 1 and (root / n).is_file()][:2]
    for name in several:
        (folder / name).symlink_to(root / name)
    (folder / "crops").mkdir()
    crop = sorted((shared / "data/utkface/UTKFace").iterdir())[600]
    (folder / "crops" / crop.name).symlink_to(crop)
    (folder / "grey.png").parent.mkdir(exist_ok=True)
    Image.new("RGB", (300, 200), "grey").save(folder / "grey.png")
    return folder


@pytest.fixture(scope="module")
def scores(model: Path, photos: Path, weights: dict[str, Path]) -> tuple[pd.DataFrame, ...]:
    settings = PhotoSettings(device="cpu", batch_size=4, workers=1, **weights)
    return FaceInsight.from_pretrained(model, settings).analyze_folder(photos, progress=False)


def test_several_faces_a_photograph_and_none_of_a_wall(scores: tuple[pd.DataFrame, ...]) -> None:
    faces, skipped = scores
    counts = faces.groupby("photograph").size()
    assert (counts[~counts.index.str.startswith("crops")] > 1).all()
    assert (counts[counts.index.str.startswith("crops")] == 1).all()
    assert len(counts) == 3
    assert skipped[["photograph", "reason"]].to_numpy().tolist() == [["grey.png", "no face found"]]
    assert (faces["score"] > 0.8).all()
    assert set(faces["map_from"]) <= {"detected", "crop"}
    for _, of_one in faces.groupby("photograph"):
        assert of_one["face"].tolist() == list(range(1, len(of_one) + 1))
        assert of_one["left"].is_monotonic_increasing


def test_the_same_box_gives_what_evaluation_gives(
    scores: tuple[pd.DataFrame, ...],
    model: Path,
    photos: Path,
    crops: SegmentationSettings,
    tmp_path: Path,
) -> None:
    """Cut, parsed and scored by the pipelines of training, the faces have the same scores."""
    faces, _ = scores
    boxes = [tuple(int(v) for v in row) for row in faces[BOX].to_numpy()]
    labels = {id_: [None] * len(faces) for id_ in tiny.IDS}
    names = faces["photograph"].tolist()
    copies = tmp_path / "raw"
    for name in set(names):
        (copies / name).parent.mkdir(parents=True, exist_ok=True)
        (copies / name).write_bytes((photos / name).read_bytes())
    table = label_table(names, boxes, ["test"] * len(faces), **labels)
    folder = segment("celeba", table, copies, tmp_path / "work", crops, progress=False)
    loaded = FaceInsight.from_pretrained(model, device="cpu")
    evaluated = predict(loaded, {"celeba": folder}, PredictionSettings())
    assert evaluated["photograph"].tolist() == names
    assert np.allclose(evaluated[P], faces[P], atol=1e-5)


@pytest.mark.parametrize("turn", range(2, 9))
def test_a_turned_photograph_is_seen_upright(
    scores: tuple[pd.DataFrame, ...],
    model: Path,
    photos: Path,
    weights: dict[str, Path],
    tmp_path: Path,
    turn: int,
) -> None:
    """Stored in each of EXIF's orientations, a photograph has the same faces at the same places."""
    faces, _ = scores
    name = faces["photograph"].iloc[0]
    with Image.open(photos / name) as image:
        stored = image.transpose(_STORED[turn])
    exif = Image.Exif()
    exif[0x0112] = turn
    stored.save(tmp_path / "turned.png", exif=exif)
    settings = PhotoSettings(device="cpu", workers=1, **weights)
    loaded = FaceInsight.from_pretrained(model, settings)
    turned, _ = loaded.analyze_folder(tmp_path, progress=False)
    straight = faces[faces["photograph"] == name].reset_index(drop=True)
    columns = [*BOX, "score", *P]
    pd.testing.assert_frame_equal(turned[columns], straight[columns], atol=1e-4)


_STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def test_a_model_of_map_files_may_have_them_parsed(
    photos: Path, weights: dict[str, Path], tmp_path: Path
) -> None:
    model = save_model(tmp_path / "model", {"maps": "provided"})
    settings = PhotoSettings(maps="parsed", faces="whole", device="cpu", **weights)
    loaded = FaceInsight.from_pretrained(model, settings)
    faces, _ = loaded.analyze_folder(photos / "crops", progress=False)
    assert faces["map_from"].tolist() == ["detected"]
    assert faces["score"].isna().all()


def test_threads_find_what_one_finds(model: Path, photos: Path, weights: dict[str, Path]) -> None:
    files = [path for path in sorted(photos.rglob("*")) if path.is_file()]
    loaded = FaceInsight.from_pretrained(model, device="cpu", **weights)
    with ThreadPoolExecutor(4) as pool:  # before anything is loaded
        together = list(pool.map(loaded.prepare, files * 3))
    for file, crops in zip(files * 3, together, strict=True):
        alone = loaded.prepare(file)
        assert np.array_equal(crops.boxes, alone.boxes)
        assert np.array_equal(crops.maps, alone.maps)


def test_a_limit_counts_for_photographs_that_were_scored_without_it(
    model: Path, photos: Path, weights: dict[str, Path], tmp_path: Path
) -> None:
    loaded = FaceInsight.from_pretrained(model, device="cpu", **weights)
    every = loaded.analyze_folder(photos, work=tmp_path / "work", progress=False).faces
    limited = FaceInsight.from_pretrained(model, device="cpu", most_faces=1, **weights)
    found = limited.analyze_folder(photos, work=tmp_path / "work", progress=False)
    several = every.groupby("photograph").filter(lambda faces: len(faces) > 1)["photograph"]
    refused = found.skipped.query("reason == 'too many faces'")["photograph"]
    assert len(refused)
    assert {*refused} == {*several}
    assert not {*refused} & {*found.faces["photograph"]}


def test_a_call_may_look_for_other_faces_than_the_settings_say(
    model: Path, photos: Path, weights: dict[str, Path]
) -> None:
    files = [path for path in sorted(photos.iterdir()) if path.is_file()]
    loaded = FaceInsight.from_pretrained(model, device="cpu", most_faces=1, **weights)
    found, whole, either = (
        loaded.prepare(files, faces=faces) for faces in ("detect", "whole", "detect_or_whole")
    )
    assert whole.photographs.tolist() == [0, 1, 2]
    assert np.isnan(whole.scores).all()
    assert {error.reason for error in found.errors.values()} == {"too many faces"}
    several = [place for place, file in enumerate(files) if file.name != "grey.png"]
    assert [*found.errors] == several
    assert len(found) == 0
    assert either.photographs.tolist() == [files.index(photos / "grey.png")]
    joined = Crops.joined([either, whole, found])
    assert joined.photographs.tolist() == [*either.photographs, 3, 4, 5]
    assert [*joined.errors] == [*several, *(place + 6 for place in several)]
    assert np.array_equal(joined.maps, np.concatenate([either.maps, whole.maps]))
    undetecting = FaceInsight.from_pretrained(model, device="cpu", faces="whole", **weights)
    with pytest.raises(ParameterError, match="faces: there is no detector"):
        undetecting.prepare(files, faces="detect")
