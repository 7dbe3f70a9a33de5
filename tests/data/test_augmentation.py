import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import rotate

from faceinsight.data.augmentation import AugmentationSettings, _uniform, augment
from faceinsight.data.classes import FLIP_CLASSES

SIZE = 16
STILL = AugmentationSettings(flip=0)


def batch(n=8, seed=0):
    rng = np.random.default_rng(seed)
    maps = rng.integers(0, 19, (n, SIZE, SIZE), dtype=np.uint8)
    photographs = np.repeat(maps[..., None] * 13, 3, axis=3)
    return photographs, maps, rng.integers(0, 2**63, n).astype(np.uint64)


def test_nothing_asked_for_changes_nothing():
    photographs, maps, draws = batch()
    got, got_maps = augment(photographs, maps, draws, STILL)
    assert np.array_equal(got, photographs)
    assert np.array_equal(got_maps, maps)
    assert got is not photographs


def test_flip_mirrors_and_swaps_left_and_right_classes():
    photographs, maps, draws = batch()
    got, got_maps = augment(photographs, maps, draws, AugmentationSettings(flip=1))
    assert np.array_equal(got, photographs[:, :, ::-1])
    assert np.array_equal(got_maps, FLIP_CLASSES[maps[:, :, ::-1]])


@given(st.integers(0, 2**32), st.floats(0, 0.3), st.floats(0, 0.3), st.floats(0, 45))
@settings(max_examples=10, deadline=None)
def test_photograph_and_map_move_together(seed, shift, scale, turn):
    photographs, maps, draws = batch(seed=seed)
    moved, moved_maps = augment(
        *(photographs, maps, draws),
        AugmentationSettings(flip=0, shift=shift, scale=scale, turn=turn),
    )
    assert np.array_equal(moved[..., 0], moved_maps * 13)


def test_an_example_is_augmented_alike_in_any_batch():
    everything = AugmentationSettings(flip=0.5, shift=0.1, scale=0.1, turn=10, light=0.2, grey=0.5)
    photographs, maps, draws = batch()
    whole, whole_maps = augment(photographs, maps, draws, everything)
    for i in range(len(draws)):
        one, one_map = augment(photographs[[i]], maps[[i]], draws[[i]], everything)
        assert np.array_equal(one[0], whole[i])
        assert np.array_equal(one_map[0], whole_maps[i])


def test_light_changes_the_photograph_alone():
    photographs, maps, draws = batch()
    got, got_maps = augment(photographs, maps, draws, AugmentationSettings(flip=0, light=0.3))
    assert np.array_equal(got_maps, maps)
    assert not np.array_equal(got, photographs)


def test_a_turn_is_the_one_that_scipy_makes():
    photographs, _, draws = batch(4)
    turned, _ = augment(photographs, None, draws, AugmentationSettings(flip=0, turn=30))
    degrees = 30 * (1 - 2 * _uniform(draws, 7)[:, 6])
    assert np.abs(degrees).max() > 5
    for got, given_, angle in zip(turned, photographs, degrees, strict=True):
        expected = rotate(given_, angle, reshape=False, order=0, mode="nearest", prefilter=False)
        assert (got == expected).all(axis=-1).mean() > 0.97  # ties of rounding


def test_grey_is_pillows():
    rng = np.random.default_rng(0)
    photographs = rng.integers(0, 256, (3, SIZE, SIZE, 3), dtype=np.uint8)
    draws = rng.integers(0, 2**63, 3).astype(np.uint64)
    grey, _ = augment(photographs, None, draws, AugmentationSettings(flip=0, grey=1))
    for got, given_ in zip(grey, photographs, strict=True):
        expected = np.asarray(Image.fromarray(given_).convert("L"), dtype=int)
        assert np.abs(got.astype(int) - expected[..., None]).max() <= 1


def test_uniform_numbers_are_uniform():
    numbers = _uniform(np.arange(20_000, dtype=np.uint64), 3)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    for column in numbers.T:
        assert np.allclose(np.histogram(column, 10, (0, 1))[0] / 20_000, 0.1, atol=0.01)
    assert np.abs(np.corrcoef(numbers.T) - np.eye(3)).max() < 0.03


def test_maps_are_optional():
    photographs, _, draws = batch()
    got, none = augment(photographs, None, draws, AugmentationSettings(flip=1, shift=0.1))
    assert none is None
    assert got.shape == photographs.shape
