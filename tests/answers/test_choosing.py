import math

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from faceinsight.answers import AnswerParser, Lexicon, questions
from faceinsight.answers.choosing import choose_answer, on_topic, stated, support, unfounded


@pytest.fixture(scope="module")
def lexicon(project_root, vocabulary):
    text = (project_root / "conf/base/answers.yml").read_text(encoding="utf-8")
    return Lexicon.from_config(yaml.safe_load(text)["answers"], vocabulary)


@pytest.fixture(scope="module")
def parser(vocabulary, lexicon):
    return AnswerParser(vocabulary, lexicon)


@pytest.mark.parametrize(
    ("smiles", "chosen"), [(0.9, "She appears to be smiling."), (0.1, "She is not smiling.")]
)
def test_the_answer_that_the_probabilities_bear_out_is_chosen(vocabulary, parser, smiles, chosen):
    candidates = [
        "I cannot tell.",
        "She is not smiling.",
        "She appears to be smiling.",
        "gibberish",
    ]
    probabilities = dict.fromkeys(vocabulary.ids, 0.5) | {"Smiling": smiles, "Male": 0.01}
    assert candidates[choose_answer(candidates, None, probabilities, parser)] == chosen


def test_a_word_means_what_was_asked(vocabulary, lexicon, parser):
    (hat,) = [
        q
        for q in questions(vocabulary, lexicon)
        if q.kind == "yes_no" and q.about == ("Wearing_Hat",)
    ]
    probabilities = dict.fromkeys(vocabulary.ids, 0.5) | {"Wearing_Hat": 0.2}
    assert choose_answer(["Yes.", "No."], hat, probabilities, parser) == 1


def test_of_answers_borne_out_alike_one_to_the_question_is_chosen(vocabulary, lexicon, parser):
    (gender,) = [q for q in questions(vocabulary, lexicon) if set(q.about) == {"Male", "Female"}]
    probabilities = dict.fromkeys(vocabulary.ids, 0.1) | {"Smiling": 0.99, "Male": 0.6}
    candidates = ["Smiling.", "A man.", "A woman."]
    assert choose_answer(candidates, None, probabilities, parser) == 0
    assert choose_answer(candidates, gender, probabilities, parser) == 1
    # Nothing that is not borne out is told instead of what is.
    assert choose_answer(["Smiling.", "A woman."], gender, probabilities, parser) == 0


def test_what_speaks_of_a_question(vocabulary, lexicon):
    (gender,) = [q for q in questions(vocabulary, lexicon) if set(q.about) == {"Male", "Female"}]
    assert on_topic({"Male": False, "Smiling": True}, gender)
    assert not on_topic({"Smiling": True}, gender)
    assert on_topic({"Smiling": True}, None)
    assert not on_topic({}, None)


def test_the_first_of_equals_is_chosen(vocabulary, parser):
    probabilities = dict.fromkeys(vocabulary.ids, 0.7)
    assert choose_answer(["nothing", "at all"], None, probabilities, parser) == 0


def test_what_only_follows_is_not_stated(vocabulary, parser):
    said = parser.parse("He is in his thirties.").labels
    assert len(said) > 5
    kept = stated(said, vocabulary.groups)
    assert all(kept.values())
    assert set(kept) == {id_ for id_, value in said.items() if value}


def test_long_answers_are_not_drowned_by_what_follows_from_short_ones(vocabulary, parser):
    """A wrong age is one wrong statement, however many other ages it rules out."""
    candidates = ["In their thirties.", "Smiling, bald."]
    probabilities = dict.fromkeys(vocabulary.ids, 0.1) | {"Smiling": 0.9}
    assert choose_answer(candidates, None, probabilities, parser) == 1


def test_what_was_never_taught_does_not_count(parser):
    candidates = ["A smiling man.", "A man with a hat."]
    assert choose_answer(candidates, None, {"Smiling": 0.6, "Wearing_Hat": 0.9}, parser) == 1
    assert choose_answer(candidates, None, {"Smiling": 0.6}, parser) == 0


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), st.booleans()), st.data())
def test_support_is_a_share_and_a_mean(labels, data):
    probabilities = {
        id_: data.draw(st.floats(0.001, 0.999, allow_nan=False), label=id_) for id_ in "abcdef"
    }
    share, mean = support(labels, probabilities)
    if not labels:
        assert (share, mean) == (0, -math.inf)
        return
    said = [p if labels[id_] else 1 - p for id_, p in probabilities.items() if id_ in labels]
    assert share == sum(p >= 0.5 for p in said) / len(said)
    assert math.exp(mean * len(said)) == pytest.approx(math.prod(said))


def test_what_was_never_taught_is_unfounded(vocabulary, lexicon, parser):
    taught = vocabulary.annotated_by("celeba")

    def loose(text, known=taught, question=None):
        return unfounded(text, question, known, parser)

    assert loose("A smiling young man.") == []
    assert set(loose("A smiling Asian man in his thirties.")) == {"Asian", "age_30_39"}
    assert loose("He is an angry man.") == ["angry"]
    assert loose("A man, and not angry.") == ["angry"]
    # One of the data sets that say so is known.
    assert loose("He is White.", ("race7_White", "Male")) == []
    (angry,) = [q for q in questions(vocabulary, lexicon) if q.about == ("angry",)]
    assert loose("Yes.", question=angry) == ["angry"]
    assert loose("I cannot tell.", question=angry) == []
