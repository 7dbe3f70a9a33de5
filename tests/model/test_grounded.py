"""Whatever the language model writes, a grounded answer contradicts no label."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import Question, questions
from faceinsight.model.grounded import answer_from_labels, first_sentence, put_question
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
    return answer_from_labels(model, LABELS, question, LEXICON, PARSER, **options)


def told(call):
    """The last line of each prompt's question: the facts."""
    return [p.rpartition("Facts: ")[2].partition(" ASSISTANT")[0] for p in call["prompts"]]


def test_words_that_hold_are_the_language_models(model, monkeypatch):
    calls = talking.let_ground(monkeypatch, "Yes, he is bald. And he")
    answer = ground(model, max_new_tokens=9)
    assert (answer.text, answer.way, answer.reason) == ("Yes, he is bald.", "grounded", "")
    assert (answer.facts, answer.attempts) == (("yes, the person appears to be bald",), 1)
    (call,) = calls
    assert call["max_new_tokens"] == 9
    (prompt,) = call["prompts"]
    assert prompt.endswith(f"USER: {BALD.text}\nFacts: {answer.facts[0]} ASSISTANT:")


def test_of_what_is_not_known_nothing_is_said(model, monkeypatch):
    calls = talking.let_ground(monkeypatch, "Yes, he is bald.")
    known = {"Male": True, "Female": False}
    answer = answer_from_labels(model, known, BALD, LEXICON, PARSER)
    assert (answer.text, answer.way, calls) == ("I cannot tell.", "template", [])
    # Beside what is known, too.
    talking.let_ground(monkeypatch, "A bald man.", "A man.")
    assert answer_from_labels(model, known, None, LEXICON, PARSER).text == "A man."


def test_a_description_tells_a_few_facts_a_sentence(model, monkeypatch):
    calls = talking.let_ground(monkeypatch, ["A bald man.", "He is smiling, and has no bangs."])
    answer = ground(model, None)
    assert (answer.text, answer.way) == ("A bald man. He is smiling, and has no bangs.", "grounded")
    assert answer.facts == (
        "The person appears to be a man, bald",
        "He appears to be smiling; to have no bangs",
    )
    assert told(calls[0]) == [*answer.facts]


def test_a_description_goes_without_a_sentence_that_never_holds(model, monkeypatch):
    calls = talking.let_ground(monkeypatch, ["A bald man.", "He has bangs."], "Bangs.")
    answer = ground(model, None)
    assert (answer.text, answer.way) == ("A bald man.", "grounded")
    assert (answer.reason, answer.attempts) == ("contradicts bangs", 2)
    assert set(told(calls[1])) == {answer.facts[1]}


def test_any_other_answer_is_the_templates_where_a_sentence_never_holds(model, monkeypatch):
    topic = Question("What is it like?", tuple(LABELS), "topic")
    talking.let_ground(monkeypatch, ["A bald man.", "He is smiling, and has no bangs."])
    assert ground(model, topic).way == "grounded"
    talking.let_ground(monkeypatch, ["A bald man.", "He has bangs."], "Bangs.")
    answer = ground(model, topic)
    assert (answer.way, answer.reason) == ("template", "contradicts bangs")
    assert "bangs" in answer.text


@pytest.mark.parametrize("given", [{}, {"do_sample": True, "temperature": 2.0, "top_p": 0.9}])
def test_what_does_not_hold_is_written_again_in_several_ways(model, monkeypatch, given):
    ways = ["No.", "A man.", "Yes, the person is bald.", "Yes."]
    calls = talking.let_ground(monkeypatch, "No, he has bangs.", ways)
    answer = ground(model, **given)
    assert (answer.text, answer.reason, answer.attempts) == ("Yes, the person is bald.", "", 2)
    assert [bool(call.get("do_sample")) for call in calls] == [bool(given), True]
    assert len(calls[1]["prompts"]) > len(ways)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("No.", "contradicts bald"),
        ("A bald woman.", "contradicts female"),
        ("", "is no yes or no to what was asked"),
        ("He is bald.", "is no yes or no to what was asked"),
        ("Yes, he is smiling.", "says nothing of bald"),
        ("Yes, he is bald and stands in a park.", "speaks of stands, park"),
        ("Yes, he is bald, and", "breaks off"),
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


def test_what_follows_the_first_sentence_is_left_out():
    assert first_sentence("He is bald. He has no") == "He is bald."
    assert first_sentence(" Bald") == "Bald"
