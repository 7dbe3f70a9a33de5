"""Questions about faces in photographs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from faceinsight import FaceInsight, PhotoSettings
from faceinsight.answers.recognition import UNTELLABLE
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.errors import ParameterError, PhotographError
from faceinsight.inference.answer import PhotoAnswer
from faceinsight.method.variants import ORG
from tests.inference.conftest import WHOLE
from tests.label_tables import save_photograph
from tests.model import talking, tiny

BOXES = [((0, 0, 10, 10), 0.9), ((12, 0, 40, 30), 0.8), ((45, 0, 60, 10), 0.7)]
SAYING = torch.tensor([2.0, -3.0, 1.0, 4.0, -4.0])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("talking")
    made = talking.model(variant=ORG)
    made.config.crops = SegmentationSettings(maps="none", size=tiny.SIZE).of_crops()
    made.save_pretrained(folder)
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    save_photograph(tmp_path, "face.png", seed=1)
    return tmp_path / "face.png"


@pytest.fixture
def detected(monkeypatch: pytest.MonkeyPatch) -> PhotoSettings:
    """Settings with which three faces are found, the middle one the largest."""

    class Detector:
        key, batch, face_from, around = "fake", 1, "retinaface", 1.0

        def __init__(self, *_: object) -> None: ...

        def find(self, photographs: list) -> list:
            return [BOXES for _ in photographs]

    monkeypatch.setattr("faceinsight.data.parsing.detector.PyfacerDetector", Detector)
    return WHOLE.model_copy(update={"faces": "detect"})


def ask(model: Path, file: Path, question: str | None = None, **options) -> PhotoAnswer:
    settings = options.pop("settings", WHOLE)
    loaded = FaceInsight.from_pretrained(model, settings)
    return loaded.ask(file, question, max_new_tokens=8, **options)


def test_labels_are_those_that_scoring_gives_and_no_answer_contradicts_them(model, file):
    answer = ask(model, file)
    faces, _ = FaceInsight.from_pretrained(model, WHOLE).analyze_folder(file.parent, progress=False)
    assert answer.labels == {id_: bool(faces[f"d_{id_}"][0]) for id_ in tiny.IDS}
    assert answer.contradictions == ()
    assert (answer.way, answer.reason) == ("template", "")
    assert answer.asked == "Describe this face."
    assert (answer.face, answer.faces, answer.box) == (1, 1, (0, 0, 60, 40))
    assert answer.said.items() <= answer.labels.items()


def test_a_direct_answers_contradictions_are_told(model, file, monkeypatch):
    talking.let_answer(monkeypatch, SAYING, lambda *_: "A bald woman with bangs.")
    answer = ask(model, file, way="direct")
    assert (answer.way, answer.text) == ("direct", "A bald woman with bangs.")
    # That the man is denied only follows from the woman.
    assert answer.contradictions == ("Bangs", "Female")
    assert answer.said["Bald"] is True
    assert answer.labels["Male"] is True


def test_a_direct_answer_to_another_question_is_told(model, file, monkeypatch):
    talking.let_answer(monkeypatch, SAYING, lambda *_: "A man.")
    beside = "they say nothing of what was asked"
    assert ask(model, file, "Is this person bald?", way="direct").reason == beside
    assert ask(model, file, "Is this a woman?", way="direct").reason == ""
    assert ask(model, file, way="direct").reason == ""


def test_a_direct_answer_is_the_language_models(model, file):
    answer = ask(model, file, way="direct")
    assert (answer.reason == "") == bool(answer.said)


def test_the_question_decides_what_is_told(model, file):
    answer = ask(model, file, "Is this man bald?")
    assert answer.asked == "Does this person appear to be bald?"
    assert set(answer.said) == {"Bald"}


def test_what_no_face_tells_is_declined_beside_what_is_answered(model, file):
    alone = ask(model, file, "Is this man bald?")
    both = ask(model, file, "Is this man bald, and what is his name?")
    assert both.text == f"{alone.text} {UNTELLABLE}"
    assert (both.way, both.asked) == (alone.way, alone.asked)
    assert ask(model, file, "What is his name?").text == UNTELLABLE


def test_each_part_of_a_question_is_answered_or_named(model, file):
    smiling, bald = (ask(model, file, f"Is he {word}?") for word in ("smiling", "bald"))
    both = ask(model, file, "Is he smiling, is he bald, and is he tired?")
    assert both.text == f"{smiling.text} {bald.text} I do not understand “is he tired”."
    assert both.said.keys() == {"Smiling", "Bald"}


def test_the_largest_face_or_the_one_that_is_named(model, file, detected):
    largest = ask(model, file, settings=detected)
    assert (largest.face, largest.faces, largest.box) == (2, 3, BOXES[1][0])
    last = ask(model, file, settings=detected, face=3)
    assert (last.face, last.box) == (3, BOXES[2][0])
    with pytest.raises(ParameterError, match=r"no face 4 in face.png; there are 3 faces"):
        ask(model, file, settings=detected, face=4)


def test_no_face_is_told(model, file, detected, monkeypatch):
    monkeypatch.setattr("tests.inference.test_answer.BOXES", [])
    with pytest.raises(PhotographError, match=r"no face was found in .*face\.png"):
        ask(model, file, settings=detected)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "missing"), (b"", "empty"), (b"no image", "not an image"), ("cut", "truncated")],
)
def test_a_file_that_cannot_be_used_is_told(model, file, content, reason, tmp_path):
    bad = tmp_path / "bad.png"
    if content is not None:
        bad.write_bytes(file.read_bytes()[:-50] if content == "cut" else content)
    with pytest.raises(PhotographError, match=r"bad\.png") as error:
        ask(model, bad)
    assert error.value.reason == reason


def test_rotated_photographs_are_seen_upright(model, file, tmp_path):
    turned = tmp_path / "turned.png"
    with Image.open(file) as picture:
        exif = picture.getexif()
        exif[0x0112] = 6  # to be turned by 90 degrees
        picture.save(turned, exif=exif)
    assert ask(model, turned).box == (0, 0, 40, 60)


def test_a_model_without_words_lists_its_labels(file, org):
    answer = ask(org, file)
    present = [id_.lower() for id_, value in answer.labels.items() if value]
    assert answer.text == (", ".join(present) or "none of the characteristics")


def test_a_way_that_is_none_is_told(file, org):
    with pytest.raises(ParameterError, match="no 'loud' answer"):
        ask(org, file, way="loud")


def test_no_direct_answer_is_invented_by_a_model_that_was_not_taught_any(file, tmp_path):
    made = talking.model(variant=ORG, answer_weight=0)
    made.config.crops = SegmentationSettings(maps="none", size=tiny.SIZE).of_crops()
    made.save_pretrained(tmp_path / "model")
    with pytest.raises(ParameterError, match="was not taught to answer from pictures"):
        ask(tmp_path / "model", file, way="direct")
    assert ask(tmp_path / "model", file).way == "template"
