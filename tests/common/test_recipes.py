"""What decides whether work is done anew: a hand-raised number, never the text of the source."""

import inspect
import linecache
import sys
from pathlib import Path

import pytest

import faceinsight
from faceinsight.common.recipes import RECIPES
from tests.common.work_keys import KEYS, key_of, write_inputs


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    write_inputs(folder)
    return folder


@pytest.fixture(scope="module")
def keys(inputs):
    return {kind: key_of(kind, inputs) for kind in KEYS}


def test_every_kind_of_work_has_a_key_of_its_own(keys):
    assert keys.keys() == RECIPES.keys()
    assert len(set(keys.values())) == len(RECIPES)


@pytest.fixture
def opened():
    """Paths of the files that this process opens."""
    paths, watching = [], [True]

    def hear(event, given):
        if watching and event == "open":
            paths.append(str(given[0]))

    sys.addaudithook(hear)
    yield paths
    watching.clear()  # there is no way to remove it


def test_no_key_is_made_of_the_text_of_the_source(inputs, keys, opened):
    package = Path(faceinsight.__file__).parent
    linecache.clearcache()  # what reads source by way of it has to open it
    inspect.getsource(faceinsight)
    assert f"{package}/__init__.py" in opened
    opened.clear()
    linecache.clearcache()
    assert {kind: key_of(kind, inputs) for kind in KEYS} == keys
    assert opened
    assert not [path for path in opened if path.startswith(str(package)) and path.endswith(".py")]


@pytest.mark.parametrize("kind", RECIPES)
def test_a_raised_number_makes_the_work_anew(kind, inputs, keys, monkeypatch):
    monkeypatch.setitem(RECIPES, kind, RECIPES[kind] + 1)
    assert key_of(kind, inputs) != keys[kind]
