"""One small drawing that the tests of this package share; nobody changes it."""

from pathlib import Path

import pytest

from faceinsight.data.drawn.settings import DrawnSettings
from faceinsight.data.drawn.writing import draw_datasets
from faceinsight.method.characteristics import Vocabulary

SETTINGS = DrawnSettings(
    seed=3, faces=dict.fromkeys(("celeba", "maad", "fairface", "utkface", "rafdb"), 20)
    | {"expw": 30}, size=64, label_noise=0.0, two_faces=0.4, outside=0.4,
)  # fmt: skip


@pytest.fixture(scope="session")
def settings() -> DrawnSettings:
    return SETTINGS


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory, vocabulary: Vocabulary) -> Path:
    return draw_datasets(tmp_path_factory.mktemp("raw") / "drawn", SETTINGS, vocabulary)
