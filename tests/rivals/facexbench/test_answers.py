"""Answers from probabilities: every question once, replies kept, and which option is chosen."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from faceinsight.rivals.facexbench.answers import Chooser, answer_questions, probabilities_of
from faceinsight.rivals.facexbench.questions import (
    FaceXBenchError,
    Question,
    files_in,
    read_file,
)
from faceinsight.rivals.facexbench.scoring import score


class Model:
    """Has probabilities for every picture, and remembers which; may give up after some."""

    def __init__(self, vocabulary, patience=100):
        self.seen, self.patience = [], patience
        self.p = dict.fromkeys(vocabulary.ids, 0.1)
        self.p |= {"age_20_29": 0.6, "age_0_2": 0.3, "age_3_9": 0.4, "angry": 0.9, "Bangs": 0.8}
        self.p |= {"race5_Asian": 0.8, "race7_White": 0.7, "Female": 0.6, "Male": 0.2}
        self.p |= {"Bald": 0.01}

    def __call__(self, picture):
        if len(self.seen) >= self.patience:
            raise ConnectionError("the model is gone")
        self.seen.append(picture.name)
        return self.p


@pytest.fixture
def answer(benchmark_folder, tmp_path, vocabulary):
    results = tmp_path / "results"
    return lambda model: answer_questions(benchmark_folder, results, model, vocabulary)


def test_all_questions_are_answered_and_kept_in_the_published_layout(
    answer, benchmark_folder, tmp_path, vocabulary
):
    model = Model(vocabulary)
    answered = answer(model)
    assert model.seen == ["1.png", "2.png"]
    assert [question.reply for question in answered] == ["A", "A", "", ""]
    kept = json.loads((tmp_path / "results/ages.json").read_text(encoding="utf-8"))
    given = json.loads((benchmark_folder / "ages.json").read_text(encoding="utf-8"))
    assert [question.pop("prediction") for question in kept["questions"].values()] == ["A", "A"]
    assert kept == given
    again = [q for path in files_in(tmp_path / "results") for q in read_file(path)]
    assert score(again) == score(answered)


def test_what_was_answered_is_not_asked_again(answer, vocabulary):
    first = Model(vocabulary, patience=1)
    with pytest.raises(ConnectionError):
        answer(first)
    second = Model(vocabulary)
    answered = answer(second)
    assert (first.seen, second.seen) == (["1.png"], ["2.png"])
    assert answer(Model(vocabulary, patience=0)) == answered


def test_results_of_other_questions_are_not_gone_on_with(answer, benchmark_folder, vocabulary):
    answer(Model(vocabulary))
    path = benchmark_folder / "ages.json"
    path.write_text(path.read_text(encoding="utf-8").replace("20-29", "21-29"), encoding="utf-8")
    with pytest.raises(FaceXBenchError, match="replies to other questions"):
        answer(Model(vocabulary))


def test_a_missing_picture_is_named(answer, benchmark_folder, vocabulary):
    (benchmark_folder / "images/made/2.png").unlink()
    with pytest.raises(FaceXBenchError, match=r"question 2: the picture .*2\.png is missing"):
        answer(Model(vocabulary))


def question(text, options, pictures=1):
    images = (Path("a.png"),) * pictures
    return Question(images=images, text=text, options=tuple(options), answer="A")


@pytest.mark.parametrize(
    ("text", "options", "letter"),
    [
        ("How old?", ["20-29", "0-9", "50-60", "more than 70"], "B"),  # 0.3 + 0.4
        ("How old?", ["20-29", "3-9", "50-60", "30-39"], "A"),
        ("How old?", ["40-49", "50-60", "None of the above", "30-39"], "C"),
        ("Which gender?", ["Both", "Male", "None of the above", "Female"], "D"),
        ("Which expression?", ["Happy", "Anger", "Sad", "Fear"], "B"),
        ("Which race?", ["White", "Black", "Asian", "Others"], "C"),
        ("Which race?", ["White", "East Asian", "Other", "Indian"], "A"),
        ("Which of the following attributes is NOT present in the image?", ["Bangs", "Bald"], "B"),
        (
            "Identify which of the following attributes is present in the image.",
            ["Bald", "Bangs"],
            "B",
        ),
        ("Which attribute is the most prominent in the image?", ["Bald", "Bangs"], ""),
        ("Who is it?", ["Jane Doe", "John Doe"], ""),
    ],
)
def test_the_most_probable_option_is_chosen(vocabulary, text, options, letter):
    choose = Chooser(Model(vocabulary), vocabulary)
    assert choose(question(text, options)) == letter
    assert choose(question(text, options, pictures=2)) == ""


@pytest.mark.parametrize("p", [{}, {"Male": 0.9}])
def test_without_a_face_or_a_taught_characteristic_there_is_no_answer(vocabulary, p):
    choose = Chooser(lambda picture: p, vocabulary)
    assert choose(question("Which gender?", ["Male", "Female"])) == ""
    assert choose(question("Which is NOT present?", ["Bald", "Bangs"])) == ""


def test_of_several_faces_the_surest_is_asked_about():
    faces = [
        SimpleNamespace(confidence=0.5, probabilities={"Bald": 0.1}),
        SimpleNamespace(confidence=0.9, probabilities={"Bald": 0.7}),
    ]
    model = SimpleNamespace(analyze=lambda picture, sensitive: faces if sensitive else [])
    assert probabilities_of(model)("a.png") == {"Bald": 0.7}
    faces.clear()
    assert probabilities_of(model)("a.png") == {}
