"""Asking: every question once, replies kept, and answers from probabilities."""

import json

import pytest

from faceinsight.rivals.facexbench.asking import Prompted, ask
from faceinsight.rivals.facexbench.by_probability import ByProbability
from faceinsight.rivals.facexbench.questions import FaceXBenchError, read_folder
from faceinsight.rivals.facexbench.scoring import score


class Clerk:
    """Answers B, and remembers what it was asked; may give up after some questions."""

    def __init__(self, patience=100):
        self.asked, self.patience = [], patience

    def answer(self, images, question, options):
        if len(self.asked) >= self.patience:
            raise ConnectionError("the server is gone")
        self.asked.append((len(images), question, tuple(options)))
        return "B"


def test_all_questions_are_asked_and_kept_in_the_published_layout(benchmark_folder, tmp_path):
    clerk = Clerk()
    answered = ask(benchmark_folder, clerk, tmp_path / "results")
    assert [n for n, *_ in clerk.asked] == [1, 1, 3, 1]
    assert clerk.asked[3][1] == "There are two tools.\nWhich one is it?\nAnswer with a letter."
    kept = json.loads((tmp_path / "results/ages.json").read_text(encoding="utf-8"))
    given = json.loads((benchmark_folder / "ages.json").read_text(encoding="utf-8"))
    for question in kept["questions"].values():
        assert question.pop("prediction") == "B"
    assert kept == given
    assert score(read_folder(tmp_path / "results", benchmark_folder)) == score(answered)
    assert score(answered)["overall"]["right"] == 2


def test_what_was_answered_is_not_asked_again(benchmark_folder, tmp_path):
    results = tmp_path / "results"
    first = Clerk(patience=1)
    with pytest.raises(ConnectionError):
        ask(benchmark_folder, first, results)
    second = Clerk()
    answered = ask(benchmark_folder, second, results)
    assert len(first.asked) + len(second.asked) == len(answered) == 4
    third = Clerk(patience=0)
    assert ask(benchmark_folder, third, results) == answered


def test_results_of_other_questions_are_not_gone_on_with(benchmark_folder, tmp_path):
    ask(benchmark_folder, Clerk(), tmp_path / "results")
    path = benchmark_folder / "ages.json"
    path.write_text(path.read_text(encoding="utf-8").replace("20-29", "21-29"), encoding="utf-8")
    with pytest.raises(FaceXBenchError, match="replies to other questions"):
        ask(benchmark_folder, Clerk(), tmp_path / "results")


def test_a_missing_picture_is_named(benchmark_folder, tmp_path):
    (benchmark_folder / "images/made/2.png").unlink()
    with pytest.raises(FaceXBenchError, match=r"question 2: the picture .*2\.png is missing"):
        ask(benchmark_folder, Clerk(), tmp_path / "results")


def test_a_model_that_takes_one_text_gets_the_published_prompt(benchmark_folder, tmp_path):
    prompts = []

    def generate(images, prompt):
        prompts.append(prompt)
        return "A"

    ask(benchmark_folder, Prompted(generate), tmp_path / "results", describe_task=True)
    expected = [q.prompt(describe_task=True) for q in read_folder(benchmark_folder)]
    assert prompts == expected


@pytest.fixture
def by_probability(vocabulary):
    p = dict.fromkeys(vocabulary.ids, 0.1)
    p |= {"age_20_29": 0.6, "age_0_2": 0.3, "age_3_9": 0.4, "angry": 0.9, "Bangs": 0.8}
    p |= {"race5_Asian": 0.8, "race7_White": 0.7, "Female": 0.6, "Male": 0.2, "Bald": 0.01}
    return ByProbability(lambda image: p, vocabulary)


@pytest.mark.parametrize(
    ("question", "options", "letter"),
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
def test_answers_from_probabilities(by_probability, question, options, letter):
    assert by_probability.answer(["a.png"], question, options) == letter
    assert by_probability.answer(["a.png", "b.png"], question, options) == ""
