"""Fixtures that several test modules share."""

import os
from pathlib import Path

import pytest
import yaml

from faceinsight.characteristics import Vocabulary

ROOT = Path(__file__).parents[1]


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


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """The project's own vocabulary, from its configuration."""
    text = (ROOT / "conf/base/characteristics.yml").read_text(encoding="utf-8")
    return Vocabulary.from_config(yaml.safe_load(text)["vocabulary"])
