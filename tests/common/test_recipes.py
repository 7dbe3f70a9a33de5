"""What decides whether work is done anew."""

import pytest

from faceinsight.common.recipes import RECIPES, recipe
from faceinsight.common.work import digest


@pytest.mark.parametrize("kind", RECIPES)
def test_a_raised_number_is_another_key(kind, monkeypatch):
    before = digest(recipe(kind))
    assert digest(recipe(kind)) == before
    monkeypatch.setitem(RECIPES, kind, RECIPES[kind] + 1)
    assert digest(recipe(kind)) != before


def test_kinds_have_keys_of_their_own():
    assert len({digest(recipe(kind)) for kind in RECIPES}) == len(RECIPES)
