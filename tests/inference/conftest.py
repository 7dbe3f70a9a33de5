"""Tiny models and folders of photographs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.inference.settings import PhotoSettings
from faceinsight.method.variants import ORG
from tests.model import tiny

WHOLE = PhotoSettings(faces="whole", batch_size=3, workers=2, device="cpu")


def save_model(folder: Path, crops: dict[str, Any] | None = None, **changes: Any) -> Path:
    """A model as training saves it, with random weights."""
    model = tiny.model(**changes)
    plain = SegmentationSettings(maps="none", size=tiny.SIZE).of_crops()
    model.config.crops = plain | (crops or {})
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def org(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that reads no maps."""
    folder = tmp_path_factory.mktemp("org")
    return save_model(folder, variant=ORG)


@pytest.fixture(scope="session")
def lgc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was trained with map files."""
    return save_model(tmp_path_factory.mktemp("lgc"), {"maps": "provided"})


@pytest.fixture
def run(org: Path, tmp_path: Path) -> Path:
    """A variant's folder, as the pipeline lays it out, with two versions."""
    for version in ("2026-01-02T03.04.05.678Z", "2025-12-31T23.59.59.999Z"):
        shutil.copytree(org, tmp_path / "lgc/model" / version / "model")
    (tmp_path / "lgc/learning_curve.parquet").mkdir()
    return tmp_path / "lgc"
