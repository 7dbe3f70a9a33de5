"""Fixtures that several test modules share."""

import os
from pathlib import Path

import pytest
import yaml

from faceinsight.characteristics import Vocabulary

if "PYTEST_XDIST_WORKER" in os.environ:  # each process has a core, and torch would take them all
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parents[1]


_LONGEST = ("pipelines", "baselines", "finetuning", "training")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one file share its fixtures, and so a process; those of pipelines share one run.

    What takes longest comes first, so that processes end together.
    """
    items.sort(key=lambda item: item.path.parent.name not in _LONGEST)
    for item in items:
        folder, file = item.path.parent, item.path
        group = folder if folder.name == "pipelines" else file
        item.add_marker(pytest.mark.xdist_group(str(group.relative_to(ROOT))))


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
