import numpy as np
import pytest
from pydantic import ValidationError

from faceinsight.data.drawn.canvas import LABEL
from faceinsight.data.drawn.map_errors import spoil
from faceinsight.data.drawn.settings import MapErrors

NONE = MapErrors(border=0, swapped=0, missed=0, lost=0, confused=0)


@pytest.fixture(scope="module")
def exact() -> np.ndarray:
    """Stripes of all classes."""
    return np.repeat(np.arange(len(LABEL), dtype=np.uint8), 4)[None, :].repeat(60, axis=0)


def test_without_errors_the_map_stays(exact):
    np.testing.assert_array_equal(spoil(exact, NONE, np.random.default_rng(0)), exact)


def test_the_exact_map_is_left_as_it_was(exact):
    before = exact.copy()
    spoil(exact, MapErrors(), np.random.default_rng(0))
    np.testing.assert_array_equal(exact, before)


def test_borders_wander_by_about_the_pixels_asked_for(exact):
    errors = NONE.model_copy(update={"border": 1.0})
    spoilt = spoil(exact, errors, np.random.default_rng(0))
    changed = spoilt != exact
    assert 0.02 < changed.mean() < 0.5
    # Stripes are neighbours in number, and a border moves by a stripe's width at most.
    assert np.abs(spoilt[changed].astype(int) - exact[changed]).max() <= 2


def test_a_swap_exchanges_left_and_right(exact):
    spoilt = spoil(exact, NONE.model_copy(update={"swapped": 1.0}), np.random.default_rng(0))
    changed = np.unique(exact[spoilt != exact])
    assert len(changed) == 2
    one, other = (int(c) for c in changed)
    assert (spoilt[exact == one] == other).all()
    assert (spoilt[exact == other] == one).all()


def test_a_missed_part_becomes_skin(exact):
    spoilt = spoil(exact, NONE.model_copy(update={"missed": 1.0}), np.random.default_rng(0))
    assert (spoilt[spoilt != exact] == LABEL["skin"]).all()
    assert (spoilt != exact).any()


def test_jewellery_is_lost(exact):
    spoilt = spoil(exact, NONE.model_copy(update={"lost": 1.0}), np.random.default_rng(0))
    present = set(np.unique(spoilt))
    assert not present & {LABEL["earring"], LABEL["necklace"]}
    assert len(present) == len(LABEL) - 2


def test_hats_become_hair(exact):
    spoilt = spoil(exact, NONE.model_copy(update={"confused": 1.0}), np.random.default_rng(0))
    assert (spoilt[exact == LABEL["hat"]] == LABEL["hair"]).all()


def test_unknown_errors_are_refused():
    with pytest.raises(ValidationError, match="blur"):
        MapErrors(blur=1)
