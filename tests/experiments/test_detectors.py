"""Detectors are told apart rightly, and boxes are brought into another frame, on boxes made up."""

import numpy as np
import pytest
from PIL import Image

import detectors
from detectors import Picture, apply, fit, matched, pictures_of, render


def boxes(*rows):
    return np.array(rows, dtype=float).reshape(-1, 4)


def test_each_box_is_of_one_face_at_most():
    known = boxes((0, 0, 10, 10), (8, 0, 18, 10), (50, 50, 60, 60))
    found = boxes((1, 1, 9, 9), (2, 0, 12, 10), (80, 80, 90, 90))
    assert matched(found, known).tolist() == [0, -1, -1]  # the second overlaps the first most
    assert matched(boxes(), known).tolist() == [-1, -1, -1]
    assert matched(found, boxes()).tolist() == []


def test_a_frame_is_found_again_though_some_boxes_are_wrong():
    rng = np.random.default_rng(0)
    corner, side = rng.uniform(0, 100, (60, 2)), rng.uniform(20, 60, (60, 1))
    theirs = np.concatenate([corner, corner + side], axis=1)
    numbers = np.array([0.05, -0.1, 0.9, 1.2])
    ours = apply(theirs, numbers)
    left, top, right, bottom = ours[0]
    assert (right - left, bottom - top) == pytest.approx((0.9 * side[0, 0], 1.2 * side[0, 0]))
    assert (left + right) / 2 == pytest.approx(corner[0, 0] + 0.55 * side[0, 0])
    ours[:10] += 500  # matches gone wrong
    np.testing.assert_allclose(fit(theirs, ours), numbers, atol=1e-9)


def test_the_page_counts_what_was_found_and_what_was_not():
    face = (10, 10, 50, 50)
    plain = np.zeros((100, 100, 3), np.uint8)
    pictures = [Picture(plain, boxes(face), "celeba") for _ in range(4)]
    pictures += [Picture(plain, boxes(face, (60, 60, 90, 90)), "expw") for _ in range(2)]
    found = {
        "first": [boxes(face) for _ in pictures],
        "second": [boxes((0, 0, 60, 60), (70, 0, 90, 20)), *[boxes()] * 3, *[boxes(face)] * 2],
    }
    page = "\n".join(render(pictures, found, {"first": 0.05, "second": 0.002}))
    assert "| first | 100.0 | 50.0 | 0.0 | 50 |" in page
    assert "| second | 25.0 | 50.0 | 25.0 | 2 |" in page
    assert "| second | 3 | " in page


def test_a_face_lies_where_it_is_said_to_lie(tmp_path, monkeypatch):
    for folder in detectors.FOLDERS.values():
        (tmp_path / folder).mkdir(parents=True)
        Image.new("RGB", (89, 109), "red").save(tmp_path / folder / "a.jpg")
    monkeypatch.setattr(detectors, "read_expw_boxes", lambda folder: {})
    pictures = pictures_of(tmp_path, 6)
    assert [picture.source for picture in pictures] == [*detectors.FOLDERS] * 2
    for pixels, ((left, top, right, bottom),), _ in pictures:
        assert pixels.shape == (480, 640, 3)
        inside = pixels[int(top) + 2 : int(bottom) - 2, int(left) + 2 : int(right) - 2]
        assert (np.abs(inside.astype(int) - (254, 0, 0)) < 8).all()
