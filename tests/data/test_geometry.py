"""Photograph and map go through one geometry; nothing of a whole photograph is lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from faceinsight.data.classes import FLIP_CLASSES, MAP_CLASSES, MAP_COLOURS
from faceinsight.data.geometry import (
    Square,
    crop_square,
    cut_map,
    cut_photograph,
    flip,
    inside,
)
from faceinsight.errors import PhotographError

sides = st.integers(1, 90)
edges = st.integers(-60, 150)


def test_a_box_gives_a_square_with_the_stated_margin() -> None:
    square = crop_square(100, 200, (50, 20, 90, 40), margin=0.25)
    assert square == Square(left=40, top=0, side=60)  # 40 wide, 10 on each side; centre (70, 30)


def test_without_a_box_the_whole_photograph_lies_in_the_middle() -> None:
    assert crop_square(100, 60, None) == Square(-20, 0, 100)
    assert crop_square(60, 100, None, margin=2.0) == Square(0, -20, 100)


def test_a_square_is_moved_inside_its_photograph_with_as_much_margin_as_fits() -> None:
    assert crop_square(100, 200, (0, 0, 40, 40), margin=0.25) == Square(left=0, top=0, side=60)
    assert crop_square(100, 200, (150, 50, 200, 98), 0.5) == Square(left=100, top=0, side=100)
    assert crop_square(100, 110, (10, 10, 90, 90), 0.25) == Square(left=0, top=0, side=100)


def test_a_box_that_is_larger_than_its_photograph_is_whole_and_in_the_middle() -> None:
    assert crop_square(100, 60, (5, 0, 55, 80), 0.25) == Square(left=-10, top=0, side=80)
    assert crop_square(100, 60, (5, 0, 45, 50), 0.25) == Square(left=0, top=0, side=60)


@settings(max_examples=50, deadline=None)
@given(
    height=sides,
    width=sides,
    box=st.tuples(edges, edges, edges, edges),
    margin=st.floats(0, 4),
)
def test_a_square_holds_what_its_photograph_has_of_the_box(
    height: int, width: int, box: tuple[int, int, int, int], margin: float
) -> None:
    try:
        square = crop_square(height, width, box, margin)
    except PhotographError:
        return
    left, top, right, bottom = box
    longer = max(right - left, bottom - top)
    assert longer <= square.side <= longer * (1 + 2 * margin) + 1e-6
    for start, (first, stop, length) in (
        (square.left, (left, right, width)),
        (square.top, (top, bottom, height)),
    ):
        assert start <= max(first, 0) + 1e-6
        assert start + square.side >= min(stop, length) - 1e-6
        if square.side <= length:  # no black
            assert -1e-6 <= start <= length - square.side + 1e-6


@pytest.mark.parametrize(
    "box", [(5, 5, 5, 9), (9, 5, 5, 9), (100, 0, 120, 9), (-9, 0, 0, 9), (0, -9, 9, 0)]
)
def test_boxes_without_any_of_the_photograph_are_refused(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(PhotographError, match="100 x 50") as refused:
        crop_square(50, 100, box)
    assert refused.value.reason == "box"


def test_a_square_that_needs_no_resize_is_the_very_pixels() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    crop = cut_photograph(pixels, Square(4, 3, 10), 10)
    assert (crop == pixels[3:13, 4:14]).all()
    assert (cut_map(pixels[..., 0], Square(4, 3, 10), 10) == pixels[3:13, 4:14, 0]).all()


def test_what_leaves_the_photograph_is_black() -> None:
    pixels = np.full((20, 30, 3), 200, dtype=np.uint8)
    crop = cut_photograph(pixels, Square(-5, 10, 20), 20)
    assert (crop[:10, 5:] == 200).all()
    assert (crop[10:] == 0).all()
    assert (crop[:, :5] == 0).all()


def test_photographs_are_antialiased() -> None:
    """A fine chequerboard shrinks to its mean, not to one of its colours."""
    board = np.indices((64, 64)).sum(axis=0) % 2 * 255
    crop = cut_photograph(np.repeat(board[..., None], 3, 2).astype(np.uint8), Square(0, 0, 64), 16)
    assert np.abs(crop.astype(int) - 127).max() <= 4


def test_a_senseless_box_costs_nothing() -> None:
    square = crop_square(50, 60, (-(2**30), -(2**30), 2**30, 2**30))
    assert cut_photograph(np.zeros((50, 60, 3), np.uint8), square, 32).shape == (32, 32, 3)


@settings(max_examples=25, deadline=None)
@given(height=sides, width=sides, box=st.tuples(edges, edges, edges, edges), whole=st.booleans())
def test_maps_agree_with_nearest_neighbours_taken_one_by_one(
    height: int, width: int, box: tuple[int, int, int, int], whole: bool
) -> None:
    """Frame pixel p looks at the photograph at left + (p + 1/2) side / S, or is 0 outside."""
    label_map = np.random.default_rng(height * 91 + width).integers(1, 19, (height, width))
    try:
        square = crop_square(height, width, None if whole else box)
    except PhotographError:
        return
    size = 32
    crop = cut_map(label_map.astype(np.uint8), square, size)
    rows, columns = inside(height, width, square, size)
    x = square.left + (np.arange(size) + 0.5) * square.side / size
    y = square.top + (np.arange(size) + 0.5) * square.side / size
    near = np.zeros((size, size), dtype=bool)
    for dx, dy in [(-1e-4, -1e-4), (1e-4, -1e-4), (-1e-4, 1e-4), (1e-4, 1e-4)]:
        column = np.clip(np.floor(x + dx), 0, width - 1).astype(int)
        row = np.clip(np.floor(y + dy), 0, height - 1).astype(int)
        near |= crop == label_map[row][:, column]
    within = np.zeros((size, size), dtype=bool)
    within[rows, columns] = True
    assert near[within].all()
    assert (crop[~within] == 0).all()
    # At most the one pixel that the photograph's edge cuts through is given up on each side.
    assert rows.start <= np.ceil(max(0, -square.top) * size / square.side)
    truly = ((y > 0) & (y < height)).sum()
    assert truly - 2 <= rows.stop - rows.start <= truly + 1


@settings(max_examples=20, deadline=None)
@given(
    data=st.data(),
    height=st.integers(16, 80),
    width=st.integers(16, 80),
    mirrored=st.booleans(),
)
def test_a_map_painted_on_the_photograph_stays_aligned(
    data: st.DataObject, height: int, width: int, mirrored: bool
) -> None:
    """Paint the map's classes as colours: after cut and flip, map and photograph still agree."""
    left, top = data.draw(st.integers(-8, width - 8)), data.draw(st.integers(-8, height - 8))
    box = (left, top, left + data.draw(st.integers(9, 60)), top + data.draw(st.integers(9, 60)))
    blocks = np.random.default_rng(height * 81 + width).integers(0, 2, (4, 4)).astype(np.uint8)
    image = Image.fromarray(blocks * 13).resize((width, height), Image.Resampling.NEAREST)
    label_map = np.asarray(image)  # background and hair, which no mirror swaps
    photograph = np.repeat((label_map > 0)[..., None] * np.uint8(255), 3, axis=2)
    square = crop_square(height, width, data.draw(st.sampled_from([None, box])))
    crop, cut = cut_photograph(photograph, square, 64), cut_map(label_map, square, 64)
    if mirrored:
        crop, mirror = flip(crop, cut)
        assert mirror is not None
        cut = mirror
    # Away from the blocks' edges, where antialiasing mixes them, both say the same.
    clear = (crop[..., 0] < 10) | (crop[..., 0] > 245)
    assert ((crop[..., 0] > 127) == (cut > 0))[clear].all()
    assert clear.any()


def test_flip_swaps_left_and_right_and_undoes_itself() -> None:
    rng = np.random.default_rng(0)
    photographs = rng.integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    maps = rng.integers(0, 19, (3, 8, 8), dtype=np.uint8)
    mirrored, mirrored_maps = flip(photographs, maps)
    assert mirrored_maps is not None
    assert (mirrored[0, 2, 1] == photographs[0, 2, 6]).all()
    for before, after in zip(maps[:, :, 7].ravel(), mirrored_maps[:, :, 0].ravel(), strict=True):
        swapped = MAP_CLASSES[before]
        if swapped.startswith(("left_", "right_")):
            side, part = swapped.split("_")
            swapped = {"left": "right", "right": "left"}[side] + "_" + part
        assert MAP_CLASSES[after] == swapped
    again, again_maps = flip(mirrored, mirrored_maps)
    assert (again == photographs).all()
    assert (again_maps == maps).all()
    assert flip(photographs, None)[1] is None


def test_classes_are_celebamask_hqs() -> None:
    assert len(MAP_CLASSES) == len(set(MAP_CLASSES)) == 19
    assert MAP_CLASSES.index("hair") == 13
    assert MAP_COLOURS.shape == (19, 3)
    assert len(np.unique(MAP_COLOURS, axis=0)) == 19
    assert (FLIP_CLASSES[FLIP_CLASSES] == np.arange(19)).all()
    assert (np.arange(19) != FLIP_CLASSES).sum() == 6
