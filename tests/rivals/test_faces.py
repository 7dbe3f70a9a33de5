"""Which faces, and what of the photograph a rival sees."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from faceinsight.data.geometry import Square, crop_square, cut_photograph
from faceinsight.data.store import StoredCrops
from faceinsight.errors import PhotographError
from faceinsight.rivals.faces import Face, cut_square, face_keys, faces_of, jpeg, truth_of
from tests.rivals.making import write_crops, write_photographs


@pytest.fixture
def face(tmp_path):
    write_photographs(tmp_path, ["a.png"])
    return Face("expw", "a.png", 0, (5, 10, 15, 30), tmp_path, 0.25, 1e6)


def test_without_a_box_it_is_the_whole_photograph_untouched(face):
    pixels = np.asarray(Image.open(face.raw / "a.png"))
    np.testing.assert_array_equal(replace(face, box=None).picture(), pixels)


def test_with_a_box_it_is_the_crops_square_at_full_resolution(face):
    pixels = np.asarray(Image.open(face.raw / "a.png"))
    square = crop_square(40, 30, face.box, 0.25)
    assert (square.left, square.top, square.side) == (0, 5, 30)
    np.testing.assert_array_equal(face.picture(), pixels[5:35, 0:30])
    # The black margin of what is larger than its photograph is left out.
    wide = replace(face, box=(-5, 10, 31, 30))
    np.testing.assert_array_equal(wide.picture(), pixels[2:38])


def test_it_shows_what_the_models_frame_shows():
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    square = Square(8, 16, 32)
    np.testing.assert_array_equal(cut_square(pixels, square), cut_photograph(pixels, square, 32))


def test_a_larger_picture_is_reduced(face):
    whole = replace(face, box=None)
    assert whole.picture(20).shape == (20, 15, 3)
    assert whole.picture(40).shape == (40, 30, 3)


def test_a_photograph_that_is_gone_is_an_error_of_its_own(face):
    (face.raw / "a.png").unlink()
    with pytest.raises(PhotographError):
        face.picture()


def test_jpeg_is_near_the_picture():
    picture = np.zeros((30, 40, 3), np.uint8)
    picture[:, 20:, 0] = 255
    fine = np.asarray(Image.open(BytesIO(jpeg(picture, 95)))).astype(int)
    coarse = np.asarray(Image.open(BytesIO(jpeg(picture, 5)))).astype(int)
    assert np.abs(fine - picture).mean() < 2 < np.abs(coarse - picture).mean()


def test_faces_are_those_of_the_split_in_their_order(crops):
    faces = faces_of(crops, "test")
    named = [(face.dataset, face.photograph) for face in faces]
    assert named == [
        ("fairface", "1.png"),
        ("fairface", "2.png"),
        ("fairface", "3.png"),
        ("celeba", "000001.png"),
    ]
    assert [face.photograph for face in faces_of(crops, "val")] == ["4.png", "000002.png"]
    assert faces_of({}, "test") == []


def test_truth_is_in_the_same_order(crops, vocabulary):
    truth = truth_of(crops, "test", vocabulary)
    named = [(face.dataset, face.photograph, face.face) for face in faces_of(crops, "test")]
    rows = zip(truth["dataset"], truth["photograph"], truth["face"], strict=True)
    assert list(rows) == named
    for dataset, folder in crops.items():
        examples = StoredCrops.open(folder).examples
        examples = examples[examples["split"] == "test"]
        of = truth[truth["dataset"] == dataset]
        for id_ in vocabulary.ids:
            if id_ in examples:
                assert of[f"y_{id_}"].tolist() == examples[id_].tolist()
            else:
                assert of[f"y_{id_}"].isna().all()


def test_without_faces_truth_has_columns_and_no_row(vocabulary):
    truth = truth_of({}, "test", vocabulary)
    assert len(truth) == 0
    assert {"dataset", "y_Bald"} <= set(truth)


def test_another_picture_box_or_margin_is_another_face(face, tmp_path):
    one = face_keys([face])[0]
    assert face_keys([face, face]) == [one, one]
    others = [
        replace(face, box=None),
        replace(face, margin=0.0),
        replace(face, face=1),
        replace(face, dataset="celeba"),
    ]
    assert len({one, *face_keys(others)}) == 5
    write_photographs(tmp_path, ["a.png"], seed=1)
    assert face_keys([face]) != [one]


def test_where_the_data_set_lies_makes_no_difference(face, tmp_path):
    moved = tmp_path / "moved"
    write_photographs(moved, ["a.png"])
    assert face_keys([replace(face, raw=moved)]) == face_keys([face])


def test_a_face_keeps_its_own_box(tmp_path):
    import pandas as pd

    write_photographs(tmp_path / "raw", ["a.png"])
    table = pd.DataFrame(
        {
            "photograph": ["a.png", "a.png"],
            "face": np.array([0, 1], np.int16),
            "split": ["test", "test"],
            "left": pd.array([0, 15], "Int32"),
            "top": pd.array([0, 20], "Int32"),
            "right": pd.array([10, 25], "Int32"),
            "bottom": pd.array([10, 30], "Int32"),
        }
    )
    folder = write_crops(tmp_path / "crops", "expw", tmp_path / "raw", table)
    faces = faces_of({"expw": folder}, "test")
    assert [face.box for face in faces] == [(0, 0, 10, 10), (15, 20, 25, 30)]
    assert not np.array_equal(faces[0].picture(), faces[1].picture())
