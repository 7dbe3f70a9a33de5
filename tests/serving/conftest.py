"""A server around a tiny model with random weights, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from PIL import Image
from starlette.testclient import TestClient

from faceinsight import FaceInsight
from faceinsight.method.variants import ORG
from faceinsight.serving.app import create_app
from faceinsight.serving.settings import ServerSettings
from tests.inference.conftest import WHOLE, save_model

LIMITS = {"most_bytes": 400_000, "most_pixels": 1_000_000, "most_photographs": 4}


def photograph(seed: int = 0, kind: str = "PNG", **options: Any) -> bytes:
    """A file of coloured noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    return encoded(Image.fromarray(pixels), kind, **options)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def client_of(app: FastAPI, **options: Any) -> TestClient:
    """A client that is told of errors as one elsewhere would be."""
    options = {"base_url": "http://localhost", "raise_server_exceptions": False} | options
    return TestClient(app, **options)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> FaceInsight:
    """A model that reads no maps and takes each photograph as one face."""
    folder: Path = save_model(tmp_path_factory.mktemp("served"), variant=ORG)
    return FaceInsight.from_pretrained(folder, WHOLE)


@pytest.fixture(scope="session")
def served(model: FaceInsight) -> Iterator[TestClient]:
    app = create_app(model, ServerSettings.model_validate(LIMITS))
    app.state.engine.ready.result(60)
    with client_of(app) as client:
        yield client
