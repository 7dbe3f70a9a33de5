"""The command line around a model: what is typed, what is printed, what it ends with."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from PIL import Image

import faceinsight
from faceinsight import FaceInsight, PhotoSettings, cli
from faceinsight.answers.labels import CAUTION
from faceinsight.common import paths
from faceinsight.common.paths import printable
from faceinsight.data.parsing import weights
from faceinsight.errors import PhotographError, WeightsError
from faceinsight.inference import versions
from faceinsight.inference.answer import PhotoAnswer
from faceinsight.inference.cropper import DLIB_MISSES
from faceinsight.inference.explanation import BY_AREAS, Explanation, RegionShare
from tests.inference.test_areas import Red, blue_face
from tests.reports.test_faces_page import face

ANSWER = PhotoAnswer(
    text="Yes.",
    way="grounded",
    asked="Bald?",
    face=2,
    box=(0, 0, 9, 9),
    faces=3,
    labels={"Bald": True},
    said={"Bald": True},
    contradictions=(),
)

EXPLANATION = Explanation(
    photograph="a.png",
    number=1,
    bbox=(0, 0, 4, 4),
    characteristic="Smiling",
    word="smiling",
    probability=0.934,
    regions=(RegionShare("mouth", 2.314, 0.75), RegionShare("skin", -0.2, 0.25)),
    regions_from="parsed",
    method="fill",
    caution=None,
    crop=np.zeros((4, 4, 3), np.uint8),
    label_map=np.ones((4, 4), np.uint8),
)


@dataclass
class FakeFace:
    name: str
    caution: str | None = None

    def describe(self) -> str:
        return f"the face of {self.name}"

    def doubts(self) -> str | None:
        return None

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name}


@dataclass
class FakeModel:
    """Finds one face in a photograph, none in an empty one, and cannot read a broken one."""

    options: dict[str, Any] = field(default_factory=dict)
    asked: tuple[Any, ...] = ()
    face_from: str = "retinaface"

    @property
    def cropper(self) -> FakeModel:
        return self

    def from_pretrained(self, name: str, **options: Any) -> FakeModel:
        self.options = {"name": name, **options}
        return self

    def stream(self, files: list[Path]) -> Any:
        for file in files:
            if file.stem.startswith("broken"):
                yield PhotographError("truncated", f"{file} is cut off.")
            else:
                yield [] if file.stem == "empty" else [FakeFace(printable(file.stem))]

    def ask(self, *question: Any, **options: Any) -> PhotoAnswer:
        self.asked = (*question, options)
        return ANSWER

    def explain(self, *question: Any, **options: Any) -> Explanation:
        self.asked = (*question, options)
        return EXPLANATION


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeModel:
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "empty.png", "broken.png", "more/b.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (4, 4)).save(name)
    Path("model").mkdir()
    Path("model/config.json").write_text("{}", "utf-8")
    monkeypatch.setenv(cli.MODEL, "model")
    fake = FakeModel()
    monkeypatch.setattr(faceinsight, "FaceInsight", fake, raising=False)

    def table(faces: list[FakeFace]) -> pd.DataFrame:
        return pd.DataFrame({"photograph": [face.name for face in faces]})

    monkeypatch.setattr(faceinsight, "to_frame", table, raising=False)
    return fake


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli.cli, list(arguments))


def test_faces_are_told_in_words(model):
    done = call("analyze", "a.png", "empty.png")
    assert done.exit_code == 0
    told = "a.png: 1 face\n  1. the face of a\nempty.png: no faces\n"
    assert done.stdout == told


@pytest.mark.parametrize("option", [None, "--json", "--csv=faces.csv"])
def test_that_another_detector_may_find_more_is_told_once_where_none_is_found(model, option):
    options = [option] if option else []
    Path("more/empty.png").touch()

    def told(*photos: str) -> int:
        return call("analyze", *photos, *options).stderr.count(f"{DLIB_MISSES}.\n")

    assert told("a.png", "empty.png") == 0
    model.face_from = "dlib"
    assert told("a.png") == 0
    assert told("a.png", "empty.png", "more") == 1


def test_json_is_one_list_and_what_cannot_be_read_has_its_place(model):
    done = call("analyze", "--json", "a.png", "broken.png", "empty.png")
    assert done.exit_code == 1
    assert json.loads(done.stdout) == [
        {"photograph": "a.png", "faces": [{"name": "a"}]},
        {
            "photograph": "broken.png",
            "error": {"reason": "truncated", "message": "broken.png is cut off."},
        },
        {"photograph": "empty.png", "faces": []},
    ]
    assert "broken.png is cut off." in done.stderr


def test_a_folder_is_entered_and_a_table_written(model):
    done = call("analyze", "more", "a.png", "--csv", "faces.csv")
    assert done.exit_code == 0, done.output
    assert Path("faces.csv").read_text() == "photograph\nb\na\n"
    assert done.stdout == ""


def test_a_table_is_whole_or_absent(model, monkeypatch):
    def fails(files: list[Path]) -> Any:
        yield [FakeFace("a")]
        raise WeightsError("the parser's weights are missing")

    monkeypatch.setattr(model, "stream", fails)
    done = call("analyze", "a.png", "empty.png", "--csv", "faces.csv")
    assert done.exit_code == 1
    assert done.stderr.endswith("Error: the parser's weights are missing.\n")
    assert sorted(path.name for path in Path().glob("*.csv")) == []


def test_options_reach_the_model(model):
    Path("d.pth").touch()
    done = call(
        "analyze",
        "a.png",
        "--faces=whole",
        "--device=cpu",
        "--sensitive",
        "--detector-weights=d.pth",
    )
    assert done.exit_code == 0, done.output
    assert model.options == {
        "name": "model",
        "faces": "whole",
        "device": "cpu",
        "sensitive": True,
        "detector_weights": Path("d.pth"),
        "parser_weights": None,
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["analyze"], "Missing argument 'PHOTOS...'"),
        (["analyze", "nowhere.png"], "nowhere.png is not there: name a photograph"),
        (["analyze", "a.png", "--model=none"], "--model: there is no folder "),
        (["analyze", "a.png", "--model=/a/b"], "--model: there is no folder /a/b"),
        (["analyze", "a.png", "--parser-weights=w"], "--parser-weights: there is no file w"),
        (["analyze", "a.png", "--csv=no/t.csv"], "to write into"),
        (["analyze", "a.png", "--csv=."], "is a folder"),
        (["analyze", "a.png", "--csv=t.csv", "--json"], "--json and --csv"),
        (["analyze", "a.png", "--out=there"], "--out and --column are of a cluster"),
        (["analyze", "more", "--cluster=here", "--out=there"], "expected auto, local or ray://"),
        (["analyze", "more", "--cluster=auto"], "--out: name a folder"),
        (["analyze", "more", "--cluster=auto", "--out=o", "--json"], "--json, --csv, --html and"),
        (["analyze", "more", "a.png", "--cluster=auto", "--out=o"], "takes one folder"),
        (["analyze", "a.png", "--faces=some"], "'some' is not one of"),
        (["ask", "more"], "is no file, but a folder"),
        (["ask", "a.png", "--face=0"], "0 is not in the range"),
        (["explain", "a.png"], "Missing argument 'CHARACTERISTIC'"),
        (["explain", "a.png", "Bald", "--picture=b.txt"], "b.txt ends neither in .png nor in .jpg"),
        (["explain", "a.png", "Bald", "--picture=no/b.png"], "to write into"),
        (["anlyze"], "No such command 'anlyze'"),
    ],
)
def test_what_cannot_be_meant_is_told_in_a_sentence(model, arguments, said):
    done = call(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert model.options == {}


def test_without_a_model_it_is_said_where_one_comes_from(model, monkeypatch, tmp_path):
    monkeypatch.delenv(cli.MODEL)
    monkeypatch.setattr(versions, "PACKAGE", "weights_that_are_not_installed")
    done = call("analyze", "a.png")
    assert done.exit_code == 2
    assert "--model: no model is named, and the package" in done.stderr
    Path("data/06_models/lgc/model").mkdir(parents=True)
    assert "holds no saved model" in call("analyze", "a.png").stderr
    assert model.options == {}
    Path("model/config.json").rename("data/06_models/lgc/model/config.json")
    assert call("analyze", "a.png").exit_code == 0
    assert model.options["name"] == "data/06_models/lgc/model"
    package = tmp_path / "site/a_package_of_weights"
    (package / "model").mkdir(parents=True)
    (package / "model/config.json").touch()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.setattr(versions, "PACKAGE", package.name)
    assert call("analyze", "a.png").exit_code == 0
    assert model.options["name"] == str(package / "model")


def test_an_answer_goes_to_standard_output_and_what_it_is_to_standard_error(model):
    done = call("ask", "a.png", "No hair?", "--face=2")
    assert done.exit_code == 0, done.output
    assert done.stdout == "Yes.\n"
    assert done.stderr.startswith("Grounded: ")
    assert model.asked == (Path("a.png"), "No hair?", {"face": 2, "way": "grounded"})


def test_a_page_holds_all_faces_and_nothing_is_printed(model, monkeypatch):
    def found(files: list[Path]) -> Any:
        for file in files:
            error = PhotographError("truncated", f"{file} is cut off.")
            yield error if file.stem == "broken" else [face(photograph=str(file))]

    monkeypatch.setattr(model, "stream", found)
    done = call("analyze", "more", "a.png", "broken.png", "--html=faces.html")
    assert (done.exit_code, done.stdout) == (1, "")
    page = Path("faces.html").read_text("utf-8")
    assert page.count("data:image/jpeg") == 2
    assert "<title>faces</title>" in page
    assert "broken.png is cut off." in page
    assert call("analyze", "a.png", "--html=no/faces.html").exit_code == 2


def test_an_explanation_is_a_table_a_picture_or_json(model):
    done = call("explain", "a.png", "Smiling", "--face=1", "--picture=b.jpg")
    assert done.exit_code == 0, done.output
    assert done.stdout == "smiling: 93%\n  mouth        +2.31\n  skin         -0.20\n"
    assert model.asked == (Path("a.png"), "Smiling", {"face": 1})
    assert Image.open("b.jpg").format == "JPEG"
    told = json.loads(call("explain", "a.png", "Smiling", "--json").stdout)
    assert told["regions"][1] == {"region": "skin", "share": -0.2, "area": 0.25}
    assert told["regions_from"] == "parsed"


def test_an_explanation_by_areas_of_the_box_says_so(without_weights, tmp_path, monkeypatch):
    looking = FaceInsight(Red(), PhotoSettings(device="cpu"))
    monkeypatch.setattr(FaceInsight, "from_pretrained", lambda *name, **options: looking)
    Image.fromarray(blue_face(patch=(0.5, 0.76))).save(tmp_path / "a.png")
    (tmp_path / "config.json").write_text("{}", "utf-8")
    monkeypatch.setenv(cli.MODEL, str(tmp_path))
    done = call("explain", str(tmp_path / "a.png"), "Smiling")
    assert done.exit_code == 0, done.output
    first, *_, last = done.stdout.splitlines()[1:]
    found = re.fullmatch(r"  mouth +\+(\d\d\.\d\d)", first)
    assert found is not None
    assert float(found[1]) > 15
    assert "  hair and forehead   +0.00\n" in done.stdout
    assert last == BY_AREAS


@pytest.mark.parametrize(
    ("answer", "question", "said"),
    [
        (ANSWER, "Bald?", "Grounded: "),
        (ANSWER, None, "face 2 of 3"),
        (ANSWER, "No hair?", 'asked as "Bald?"'),
        (
            replace(ANSWER, way="direct", contradictions=("Wearing_Hat", "age_20_29")),
            None,
            "its labels say otherwise of: wearing hat, 20 to 29 years old",
        ),
        (replace(ANSWER, way="direct", reason="not sure"), None, "; not sure;"),
        (replace(ANSWER, way="template"), None, "Written from the labels"),
    ],
)
def test_one_line_says_how_an_answer_came_about(answer, question, said):
    line = cli.remarks(answer, question)
    assert said in line
    assert line.endswith(CAUTION)
    assert "\n" not in line
    assert ("asked as" in line) == (question == "No hair?")


def test_the_command_line_loads_nothing_heavy():
    heavy = {"torch", "pandas", "kedro", "numpy", "transformers"}
    code = f"import sys, faceinsight.cli; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "set()"


def test_a_caution_is_read_before_what_it_concerns(model, monkeypatch):
    monkeypatch.setattr(model, "stream", lambda files: [[FakeFace("a", "Means nothing.")]])
    told = call("analyze", "a.png").stdout.splitlines()
    assert told == ["a.png: 1 face", "  Means nothing.", "  1. the face of a"]
    monkeypatch.setattr(model, "ask", lambda *_, **__: replace(ANSWER, caution="Means nothing."))
    assert call("ask", "a.png").stdout == "Yes.\nMeans nothing.\n"
    done = call("ask", "a.png", "Bald?", "--json")
    assert json.loads(done.stdout) == {
        **{"text": "Yes.", "way": "grounded", "asked": "Bald?", "reason": ""},
        **{"face": 2, "box": [0, 0, 9, 9], "faces": 3, "contradictions": []},
        **{"labels": {"Bald": True}, "said": {"Bald": True}, "caution": "Means nothing."},
    }
    assert done.stderr == ""


def test_photographs_of_one_name_have_a_picture_each(model, monkeypatch):
    for name in ("other/a.png", "A.png", "a.jpg", "a.png.gif"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    drawn = []
    monkeypatch.setattr(
        "faceinsight.inference.pictures.draw_photograph",
        lambda file, faces, target: drawn.append(target.name.casefold()),
    )
    names = ["a.png", "other/a.png", "A.png", "a.jpg", "a.png.gif"]
    done = call("analyze", *names, "--pictures=drawn")
    assert done.exit_code == 0, done.output
    assert drawn[0] == "a.jpg"
    assert len(set(drawn)) == len(names)


def test_no_name_of_a_file_is_a_formula_or_breaks_what_is_printed(model):
    names = ["=1+1.png", "@a.png", "two\nlines.png", os.fsdecode(b"\xff.png")]
    for name in names:
        Path(name).touch()
    done = call("analyze", *names, "--csv=faces.csv")
    assert done.exit_code == 0, done.output
    written = pd.read_csv("faces.csv")["photograph"].tolist()
    assert [name[0] for name in written[:2]] == [".", "."]
    done = call("analyze", *names)
    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == 2 * len(names)
    assert json.loads(call("analyze", *names, "--json").stdout)[3]["photograph"] == r"\udcff.png"


def test_weights_are_fetched_and_their_files_named(monkeypatch):
    monkeypatch.setattr(
        weights, "fetch_weights", lambda: [Path("/cache/a.pth"), Path("/cache/b.pt")]
    )
    assert call("download").stdout == "/cache/a.pth\n/cache/b.pt\n"

    def unreachable() -> list[Path]:
        raise WeightsError("a.pth could not be fetched (no network).")

    monkeypatch.setattr(weights, "fetch_weights", unreachable)
    done = call("download")
    assert (done.exit_code, done.stderr) == (1, "Error: a.pth could not be fetched (no network).\n")


@pytest.mark.parametrize("command", [["analyze"], ["ask"], ["explain", "Smiling"]])
def test_output_that_finds_no_room_is_one_sentence(model, command, monkeypatch):
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sys.stdout, "write", full)
    monkeypatch.setattr(paths, "_last_written", [])
    first, *rest = command
    with pytest.raises(click.ClickException, match="No space left on device where the output"):
        cli.cli.main([first, "a.png", *rest], standalone_mode=False)
