"""A model is found where training leaves it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from faceinsight import FaceInsight
from faceinsight.errors import WeightsError
from faceinsight.inference import versions
from faceinsight.inference.versions import newest_model


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


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of a model in a package that is installed and fails if it is imported."""
    package = tmp_path / "site" / versions.PACKAGE
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError")
    monkeypatch.syspath_prepend(package.parent)
    return package / "model"


def test_without_a_name_the_model_of_the_package_is_taken(run: Path, packaged: Path) -> None:
    with pytest.raises(WeightsError, match=r"has none in .* yet: `python experiments/embedded"):
        FaceInsight.from_pretrained()
    shutil.copytree(run / "model/2026-01-02T03.04.05.678Z/model", packaged)
    assert FaceInsight.from_pretrained(device="cpu").source == packaged


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "PACKAGE", "faceinsight_weights_that_nobody_has")
    with pytest.raises(WeightsError, match=r"is not installed: `pip install \./weights`"):
        FaceInsight.from_pretrained()


def test_of_several_variants_one_is_to_be_named(tmp_path: Path) -> None:
    for name in ("lgc", "org"):
        (tmp_path / name / "model").mkdir(parents=True)
        (tmp_path / name / "model/config.json").touch()
    with pytest.raises(WeightsError, match="holds several models: name one, lgc, org"):
        newest_model(tmp_path)
    assert newest_model(tmp_path / "lgc") == tmp_path / "lgc/model"


def test_a_link_to_a_model_that_is_gone_is_told(tmp_path: Path) -> None:
    (tmp_path / "model").symlink_to(tmp_path / "gone")
    with pytest.raises(WeightsError, match="is a link to a model that is gone"):
        newest_model(tmp_path / "model")
