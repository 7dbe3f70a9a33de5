"""A model that has seen drawn faces alone says so wherever somebody reads what it says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from faceinsight import FaceInsight, to_frame
from faceinsight.cluster.settings import ClusterSettings
from faceinsight.errors import ParameterError
from faceinsight.inference.caution import DRAWN_ALONE, is_among_drawn, saw_drawn_alone
from faceinsight.inference.settings import PhotoSettings
from faceinsight.pipelines.prediction.nodes import score_photographs
from tests.inference.conftest import WHOLE
from tests.label_tables import save_photograph


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """What the project has drawn, by its manifest."""
    save_photograph(tmp_path / "raw", "celeba/a.png")
    (tmp_path / "raw/manifest.json").write_text('{"generator": "faceinsight.data.drawn"}')
    return tmp_path / "raw"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    save_photograph(tmp_path / "photos", "a.png")
    return tmp_path / "photos"


def trained(org: Path, folder: Path, about: dict[str, Any]) -> Path:
    shutil.copytree(org, folder)
    (folder / "provenance.json").write_text(json.dumps(about), encoding="utf-8")
    return folder


@pytest.fixture
def drawn(org: Path, tmp_path: Path) -> Path:
    """A model that has seen drawn faces alone."""
    return trained(org, tmp_path / "drawn", {"training": {"drawn": True}})


@pytest.mark.parametrize(
    ("about", "said"),
    [({"training": {"drawn": True}}, True), ({"training": {"drawn": False}}, False), ({}, False)],
)
def test_provenance_says_of_a_model_whether_its_faces_were_drawn(tmp_path, about, said) -> None:
    assert not saw_drawn_alone(tmp_path)
    (tmp_path / "provenance.json").write_text(json.dumps(about), encoding="utf-8")
    assert saw_drawn_alone(tmp_path) == said
    assert not saw_drawn_alone(None)


def test_what_is_drawn_is_known_by_where_it_lies(raw: Path, photos: Path, tmp_path: Path) -> None:
    assert is_among_drawn(raw)
    assert is_among_drawn(raw / "celeba/a.png")
    assert not is_among_drawn(photos)
    assert not is_among_drawn(photos / "a.png")
    assert not is_among_drawn(raw / "not there.png")
    assert not is_among_drawn(None)
    (photos / "link.png").symlink_to(raw / "celeba/a.png")
    assert is_among_drawn(photos / "link.png")


def test_faces_tables_and_answers_carry_the_caution(drawn: Path, raw: Path, photos: Path) -> None:
    model = FaceInsight.from_pretrained(drawn, WHOLE)
    file = photos / "a.png"
    array = np.asarray(Image.open(file).convert("RGB"))
    found = model.analyze([file, raw / "celeba/a.png", array, file.read_bytes()])
    told = [DRAWN_ALONE, None, DRAWN_ALONE, DRAWN_ALONE]
    assert [face.caution for (face,) in found] == told
    assert [DRAWN_ALONE in repr(face) for (face,) in found] == [text is not None for text in told]
    assert [face.to_dict()["caution"] for (face,) in found] == told
    assert DRAWN_ALONE in found[0][0]._repr_html_()
    assert to_frame(found)["caution"].fillna("").tolist() == [text or "" for text in told]
    assert model.ask(file).caution == DRAWN_ALONE
    assert model.ask(raw / "celeba/a.png").caution is None
    shutil.copytree(raw / "celeba", raw.parent / "copied")
    assert model.analyze_folder(photos, progress=False).faces["caution"].tolist() == [DRAWN_ALONE]
    assert model.analyze_folder(raw, progress=False).faces["caution"].isna().all()


def test_a_model_of_photographs_has_none(org: Path, photos: Path) -> None:
    model = FaceInsight.from_pretrained(org, WHOLE)
    (face,) = model.analyze(photos / "a.png")
    assert face.caution is None
    assert "caution" in face.to_dict()


def test_predict_refuses_before_anything_is_read_unless_it_shall_go_on(
    drawn: Path, raw: Path, photos: Path, tmp_path: Path
) -> None:
    def predict(folder: Path, **options: Any) -> pd.DataFrame:
        settings = PhotoSettings(faces="whole", device="cpu", **options)
        return score_photographs(
            drawn, str(folder), settings, str(tmp_path / "work"), ClusterSettings()
        )[1]

    with pytest.raises(ParameterError, match=r"drawn faces alone.*predict\.anyway=true"):
        predict(photos)
    assert predict(photos, anyway=True)["caution"].tolist() == [DRAWN_ALONE]
    assert predict(raw / "celeba")["caution"].isna().all()
