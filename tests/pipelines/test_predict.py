"""One's own photographs, scored as a person would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from PIL import Image

from faceinsight.inference.settings import PhotoSettings
from faceinsight.pipelines.prediction import create_pipeline

FACES = "data/tiny/01_raw/drawn/celeba/img_align_celeba"


def newest(catalog, name: str) -> Path:
    return Path(catalog.get(name)._get_load_path())


def test_right_after_a_run_the_drawn_faces_are_scored_as_evaluation_scores_them(
    finished, vocabulary
):
    done = finished.run("--pipelines=predict", variant="seg", photos=FACES)
    assert done.returncode == 0, done.stderr[-3000:]
    catalog = finished.catalog_of("seg")
    faces = catalog.load("photo_scores").set_index("photograph")
    files = sorted(path.name for path in (finished.root / FACES).iterdir())
    assert faces.index.tolist() == files
    assert set(faces["map_from"]) == {"provided"}
    evaluated = catalog.load("seg.predictions").query("dataset == 'celeba'")
    evaluated = evaluated.assign(name=evaluated["photograph"].str.rpartition("/")[2])
    said = [id_ for id_ in vocabulary.ids if id_ not in vocabulary.sensitive]
    columns = [f"{part}_{id_}" for part in "pd" for id_ in said]
    assert list(faces.columns[7:]) == columns
    scored = faces.loc[evaluated["name"], columns].to_numpy(dtype=float)
    assert len(scored) >= 5
    assert np.allclose(scored, evaluated[columns].to_numpy(dtype=float), atol=1e-4)

    sheet = catalog.load("photo_scores_csv")
    assert sheet["photograph"].tolist() == files
    assert list(sheet.columns) == ["photograph", *faces.columns]
    assert np.allclose(sheet["p_Male"], faces["p_Male"].astype(float), atol=1e-4)
    assert len(catalog.load("skipped_photographs")) == 0

    assert f"Scored {len(files)} faces in {len(files)} photographs." in done.stderr
    assert f"{files[0]}, face 1, appears " in done.stderr
    assert str(newest(catalog, "photo_scores_csv")) in done.stderr
    assert "The pictures" not in done.stderr
    assert "Made in" not in done.stderr
    assert catalog.get("annotated_photographs").list_versions() == []


def test_what_cannot_be_used_is_told_and_pictures_are_drawn_if_asked_for(finished, tmp_path):
    faces = sorted((finished.root / FACES).iterdir())
    (tmp_path / "in").mkdir()
    (tmp_path / "in/face.jpg").write_bytes(faces[0].read_bytes())
    (tmp_path / "cut.jpg").write_bytes(faces[1].read_bytes()[:900])
    (tmp_path / "notes.txt").write_text("no image")
    done = finished.run(
        "--pipelines=predict", variant="org", photos=str(tmp_path), **{"predict.pictures": "true"}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    catalog = finished.catalog_of("org")
    assert catalog.load("photo_scores")["photograph"].tolist() == ["in/face.jpg"]
    skipped = catalog.load("skipped_photographs")
    assert dict(zip(skipped["photograph"], skipped["reason"], strict=True)) == {
        "cut.jpg": "truncated",
        "notes.txt": "not an image",
    }
    assert "Skipped 2: 1 truncated, 1 not an image." in done.stderr
    pictures = catalog.load("annotated_photographs")
    assert str(pictures) in done.stderr
    with Image.open(pictures / "in/face.jpg.jpg") as picture:
        assert picture.size[1] >= 720


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "--params photos=FOLDER"),
        ({"photos": "conf"}, "not an image"),
        ({"photos": "conf", "variant": "org"}, "not an image"),
    ],
)
def test_what_is_wrong_is_one_readable_message(finished, params, said):
    done = finished.run("--pipelines=predict", **params)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_trained_model_it_says_how_to_get_one(finished):
    params = f"--params=photos={FACES},variant=corr"
    done = finished.kedro("run", "--env=base", "--pipelines=predict", params)
    assert done.returncode == 1
    assert "06_models/corr/model" in done.stderr
    assert "kedro run --pipelines=train --params variant=corr" in done.stderr


def test_an_older_model_scores_by_its_version(finished):
    at = f"--load-versions=corr.model:{finished.versions('corr.model')[-1]}"
    done = finished.run("--pipelines=predict", at, variant="corr", photos=FACES)
    assert done.returncode == 0, done.stderr[-3000:]


def test_nothing_of_ones_own_photographs_is_previewed(finished):
    catalog = finished.catalog()
    for name in create_pipeline().all_outputs():
        assert catalog.get(name).metadata["kedro-viz"]["preview"] is False


@pytest.mark.parametrize(
    ("env", "faces"), [("base", "whole"), ("small", "detect"), ("paper", "detect")]
)
def test_drawn_faces_are_whole_and_real_ones_are_detected(project_root, env, faces):
    bootstrap_project(project_root)
    given = {"detector_weights": "a.pth", "parser_weights": "b.pt", "max_pixels": 99}
    with KedroSession.create(project_root, env=env, runtime_params=given) as session:
        parameters = session.load_context().params
    settings = PhotoSettings.model_validate(parameters["predict"])
    assert settings.faces == faces
    assert (str(settings.detector_weights), str(settings.parser_weights)) == ("a.pth", "b.pt")
    assert settings.max_pixels == 99
    assert str(parameters["segmentation"].detector_weights) == "a.pth"
    assert parameters["photos"] is None
