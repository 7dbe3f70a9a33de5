"""What decides whether work is done anew: a hand-raised number, never the text of the source."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import faceinsight
from faceinsight.common.recipes import RECIPES
from tests.common.work_keys import KEYS, key_of, write_inputs

PROJECT = Path(__file__).parents[2]


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


def test_a_comment_changed_anywhere_leaves_every_key_as_it_was(inputs, keys, tmp_path):
    package = tmp_path / "faceinsight"
    shutil.copytree(Path(faceinsight.__file__).parent, package)
    for file in package.rglob("*.py"):
        with file.open("a", encoding="utf-8") as source:
            source.write("\n# A comment that was not there.\n")
    done = subprocess.run(
        [sys.executable, "-m", "tests.common.work_keys", str(inputs)],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(PROJECT)])},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["package"] == str(package / "__init__.py")
    assert told["keys"] == keys


@pytest.mark.parametrize("kind", RECIPES)
def test_a_raised_number_makes_the_work_anew(kind, inputs, keys, monkeypatch):
    monkeypatch.setitem(RECIPES, kind, RECIPES[kind] + 1)
    assert key_of(kind, inputs) != keys[kind]
