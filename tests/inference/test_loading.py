"""A model is found where training leaves it, and loaded once a process."""

from __future__ import annotations

import gc
import shutil
from pathlib import Path

import pytest

from faceinsight import FaceInsight
from faceinsight.errors import WeightsError
from faceinsight.inference.loading import loaded, newest_model


@pytest.fixture
def run(org: Path, tmp_path: Path) -> Path:
    """A variant's folder, as the pipeline lays it out, with two versions."""
    for version in ("2026-01-02T03.04.05.678Z", "2025-12-31T23.59.59.999Z"):
        shutil.copytree(org, tmp_path / "lgc/model" / version / "model")
    (tmp_path / "lgc/learning_curve.parquet").mkdir()
    return tmp_path / "lgc"


def test_the_newest_version_is_taken_and_a_version_as_it_is_named(run: Path) -> None:
    newest = run / "model/2026-01-02T03.04.05.678Z/model"
    for path in (run, run / "model", newest.parent, newest):
        assert newest_model(path) == newest
    older = run / "model/2025-12-31T23.59.59.999Z"
    assert newest_model(older) == older / "model"
    assert FaceInsight.from_pretrained(run, device="cpu").source == newest


def test_a_folder_without_a_model_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="holds no saved model") as error:
        FaceInsight.from_pretrained(tmp_path)
    assert "\n" not in str(error.value)
    assert newest_model(tmp_path / "nothing") is None
    with pytest.raises(WeightsError, match="is not there"):
        FaceInsight.from_pretrained(tmp_path / "nothing")


def test_one_load_a_process_until_the_files_change(run: Path) -> None:
    first = loaded(run, device="cpu")
    assert loaded(run / "model", device="cpu") is first
    other = loaded(run, device="cpu", batch_size=5)
    assert other is not first
    assert loaded(run, device="cpu") is first  # somebody still uses it
    del other, first
    loaded(run / "model/2025-12-31T23.59.59.999Z", device="cpu")
    gc.collect()
    again = loaded(run, device="cpu")
    weights = again.source / "model.safetensors"
    weights.write_bytes(weights.read_bytes())
    assert loaded(run, device="cpu") is not again
