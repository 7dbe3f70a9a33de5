"""Whatever the language model writes, a grounded answer contradicts no label."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import questions
from faceinsight.model.grounded import answer_from_labels, put_question, whole_sentences
from tests.model import talking, tiny

LEXICON = talking.lexicon()
PARSER = AnswerParser(LEXICON)
QUESTIONS = questions(LEXICON)
LABELS = {"Bald": True, "Bangs": False, "Smiling": True, "Male": True, "Female": False}
BALD = next(q for q in QUESTIONS if q.about == ("Bald",))

WORDS = ["yes", "no", "not", "a", "bald", "man", "woman", "bangs", "smiling", "has", "is", ".", ","]


@pytest.fixture(scope="module")
def model():
    return talking.model(pretrained=True)


def ground(model, question=BALD, **options):
    text = question.text if question else "Anything else?"
    return answer_from_labels(model, LABELS, text, question, LEXICON, PARSER, **options)


def test_words_that_hold_are_the_language_models(model, monkeypatch):
    calls = talking.let_ground(monkeypatch, "Yes, he is bald. And he")
    answer = ground(model, max_new_tokens=9)
    assert (answer.text, answer.way, answer.reason) == ("Yes, he is bald.", "grounded", "")
    (call,) = calls
    assert call["max_new_tokens"] == 9
    assert call["prompt"] == f"What is known of a face: Looks: bald. {BALD.text}"


def test_of_what_is_not_known_nothing_is_said(model, monkeypatch):
    known = {"Male": True, "Female": False}

    def answer(*written):
        talking.let_ground(monkeypatch, *written)
        return answer_from_labels(model, known, BALD.text, BALD, LEXICON, PARSER)

    refusal = "I cannot tell."
    assert (answer(refusal).text, answer(refusal).way) == (refusal, "grounded")
    for guess in ("Yes, he is bald.", "No.", "A bald man."):
        told = answer(guess, guess)
        assert (told.text, told.way, told.reason) == (refusal, "template", "speaks of bald")
    # Beside what is known, too.
    talking.let_ground(monkeypatch, "A bald man.", "A man.")
    assert answer_from_labels(model, known, "Who?", None, LEXICON, PARSER).text == "A man."


def test_of_an_unknown_question_everything_is_told(model, monkeypatch):
    calls = talking.let_ground(monkeypatch, "A bald man.")
    assert ground(model, None).way == "grounded"
    assert calls[0]["prompt"].endswith("Absent: bangs. Anything else?")


@pytest.mark.parametrize("given", [{}, {"do_sample": True, "temperature": 2.0, "top_p": 0.9}])
def test_what_does_not_hold_is_written_once_more_in_another_way(model, monkeypatch, given):
    calls = talking.let_ground(monkeypatch, "No, he has bangs.", "He is bald.")
    assert ground(model, **given).text == "He is bald."
    assert [bool(call.get("do_sample")) for call in calls] == [bool(given), not given]
    assert ("top_p" in calls[1]) is False


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("No.", "contradicts bald"),
        ("A bald woman.", "contradicts female"),
        ("", "says nothing of what was asked"),
        ("bla bla <> bla", "says nothing of what was asked"),
        ("He is smiling.", "says nothing of what was asked"),
    ],
)
def test_what_never_holds_is_left_to_the_template(model, monkeypatch, written, reason):
    calls = talking.let_ground(monkeypatch, written)
    answer = ground(model)
    assert (answer.way, answer.reason) == ("template", reason)
    assert len(calls) == 2
    assert PARSER.parse(answer.text, BALD).labels["Bald"] is True


@given(
    text=st.lists(st.sampled_from(WORDS)).map(" ".join),
    number=st.integers(0, len(QUESTIONS)),
)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_words_get_past(model, monkeypatch, text, number):
    talking.let_ground(monkeypatch, text)
    question = QUESTIONS[number] if number < len(QUESTIONS) else None
    assert PARSER.contradicted(ground(model, question).text, LABELS, question) == ()


def test_a_language_model_that_is_not_pretrained_is_not_asked(monkeypatch):
    calls = talking.let_ground(monkeypatch, "Yes, he is bald.")
    answer = ground(talking.model())
    assert (answer.way, answer.reason, calls) == ("template", "", [])
    assert PARSER.parse(answer.text, BALD).labels["Bald"] is True


def test_the_same_is_written_again_and_the_callers_random_state_stays(model):
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    answers = {ground(model, max_new_tokens=4).text for _ in range(2)}
    assert len(answers) == 1
    assert torch.equal(before, torch.random.get_rng_state())


def test_words_that_a_tokenizer_does_not_know_are_put_in_known_ones(model):
    assert put_question(model, "Hairless?", BALD, LEXICON) == BALD.text
    assert put_question(model, "Hairless?", None, LEXICON) == LEXICON.settings.description
    known = tiny.settings().prompts.query
    assert put_question(model, known, None, LEXICON) == known


def test_a_sentence_that_was_cut_off_is_left_out():
    assert whole_sentences("He is bald. He has no") == "He is bald."
    assert whole_sentences("Bald") == "Bald"
