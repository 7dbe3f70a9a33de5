"""The models that a page offers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from faceinsight import FaceInsight
from faceinsight.errors import ParameterError
from faceinsight.inference.faceinsight import settings_with
from faceinsight.method.variants import ORG
from faceinsight.serving.models import Models, neighbours
from tests.inference.conftest import WHOLE, save_model


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project's models: `lgc` and `org` in two versions each, and what is none."""
    root = tmp_path_factory.mktemp("06_models")
    save_model(root / "org/model/2026-01-02T00.00.00.000Z/model", variant=ORG)
    save_model(root / "lgc/model/2026-01-02T00.00.00.000Z/model", {"maps": "provided"})
    for variant in ("org", "lgc"):
        older = root / variant / "model/2025-01-02T00.00.00.000Z/model"
        shutil.copytree(root / variant / "model/2026-01-02T00.00.00.000Z/model", older)
    (root / "corr/learning_curve.parquet").mkdir(parents=True)
    (root / "notes.txt").touch()
    return root


def test_the_newest_of_each_variant(root: Path) -> None:
    found = neighbours(root / "lgc/model/2025-01-02T00.00.00.000Z/model")
    assert {name: folder.parent.name for name, folder in found.items()} == {
        "lgc": "2026-01-02T00.00.00.000Z",
        "org": "2026-01-02T00.00.00.000Z",
    }


def test_a_model_from_elsewhere_has_none_beside_it(root: Path, tmp_path: Path) -> None:
    lonely = tmp_path / "somewhere/else/entirely/model"
    lonely.mkdir(parents=True)
    assert neighbours(lonely) == {}
    assert neighbours(None) == {}
    model = FaceInsight.from_pretrained(root / "org", WHOLE)
    assert Models(FaceInsight(model.network, WHOLE)).names == ("served",)


def test_the_served_model_is_first_and_others_are_loaded_once(root: Path) -> None:
    served = FaceInsight.from_pretrained(root / "org", WHOLE)
    models = Models(served)
    assert models.names == ("org", "lgc")
    assert models("org") is served
    other = models("lgc")
    assert other.source == root / "lgc/model/2026-01-02T00.00.00.000Z/model"
    assert other.settings == served.settings
    assert models("lgc") is other
    assert [models.takes_sent(name) for name in models.names] == [True, False]
    parsed = FaceInsight.from_pretrained(root / "org", settings_with(WHOLE, maps="parsed"))
    assert Models(parsed).takes_sent("lgc")
    with pytest.raises(ParameterError, match="no model coh"):
        models("coh")


def test_a_model_that_does_not_say_how_faces_are_cut_takes_none(tmp_path: Path) -> None:
    save_model(tmp_path / "lgc/model/1/model", {"maps": "provided"})
    org = save_model(tmp_path / "org/model/1/model", variant=ORG)
    config = json.loads((org / "config.json").read_text())
    (org / "config.json").write_text(json.dumps(config | {"crops": {}}))
    detects = FaceInsight.from_pretrained(tmp_path / "lgc")
    assert not Models(detects).takes_sent("org")


def test_an_older_version_is_served_as_itself(root: Path) -> None:
    older = root / "org/model/2025-01-02T00.00.00.000Z/model"
    models = Models(FaceInsight.from_pretrained(older, WHOLE))
    assert models.names[0] not in ("org", "lgc")
    assert models(models.names[0]).source == older
