"""Fixtures that several test modules share."""

import gc
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings

from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.settings import words_of
from faceinsight.data.parsing import weights
from faceinsight.method.characteristics import Vocabulary
from tests.data.parsing import fakes_dlib

if "PYTEST_XDIST_WORKER" in os.environ:  # each process has a core, and torch would take them all
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parents[1]

# A test that asks for more examples says so.
settings.register_profile("suite", max_examples=30, deadline=None)
settings.load_profile("suite")


_LONGEST = ("pipelines", "training", "rivals", "model")


def pytest_collection_finish() -> None:
    """Everything is imported and stays: no collection of garbage needs to look through it."""
    gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()  # or it would be taken for leaked


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that processes end together."""
    place = {name: i for i, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: place.get(item.path.parent.name, len(place)))


@pytest.fixture(scope="session")
def project_root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photographs and weights beside the checkout; skips where it is absent."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        if os.environ.get("FACEINSIGHT_REQUIRE_SHARED"):
            pytest.fail("FACEINSIGHT_REQUIRE_SHARED is set, and there is no ../shared")
        pytest.skip(
            "needs the folder of real photographs and weights, ../shared, which is not here"
        )
    return folder


@pytest.fixture(autouse=True)
def _detector_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faces are found as with pyfacer's weights on the machine, whether they are there or not."""
    monkeypatch.setattr(weights, "is_at_hand", lambda detector, path: True)


@pytest.fixture
def without_weights(_detector_at_hand: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there right after installation; what is blue is a face."""
    monkeypatch.setattr(weights, "is_at_hand", lambda network, path: False)
    monkeypatch.setitem(sys.modules, "dlib", fakes_dlib.module())


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """The project's own vocabulary, from its configuration."""
    text = (ROOT / "conf/base/characteristics.yml").read_text(encoding="utf-8")
    return Vocabulary.from_config(yaml.safe_load(text)["vocabulary"])


@pytest.fixture(scope="session")
def answers_config() -> dict[str, Any]:
    """The project's own words, as Kedro puts them together."""
    config = yaml.safe_load((ROOT / "conf/base/characteristics.yml").read_text(encoding="utf-8"))
    words = words_of(config["vocabulary"]["characteristics"])
    return config["answers"] | {"characteristics": words}


@pytest.fixture(scope="session")
def lexicon(answers_config: dict[str, Any], vocabulary: Vocabulary) -> Lexicon:
    return Lexicon.from_config(answers_config, vocabulary)


@pytest.fixture(scope="session")
def parser(lexicon: Lexicon) -> AnswerParser:
    """Reads with the project's own lexicon."""
    return AnswerParser(lexicon)
