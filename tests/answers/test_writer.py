"""Written answers: they speak of what is known, and the parser reads back what they say."""

import pytest

from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import Question, questions
from faceinsight.answers.writer import (
    MOST_WORDS,
    UNKNOWN,
    Answer,
    all_texts,
    worth_telling,
    write_answer,
)
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.rules.compiler import RuleSet
from tests.answers.labels import Labels, consistent

Written = tuple[Question, Labels, Labels, Answer]


@pytest.fixture(scope="module")
def asked(vocabulary: Vocabulary, lexicon: Lexicon) -> tuple[Question, ...]:
    return questions(lexicon)


@pytest.fixture(scope="module")
def written(
    vocabulary: Vocabulary, lexicon: Lexicon, ruleset: RuleSet, asked: tuple[Question, ...]
) -> list[Written]:
    """1,500 answers: half of them descriptions, groups and topics, half yes/no questions."""
    broad = [question for question in asked if question.kind != "yes_no"]
    answers = []
    for seed, (full, known) in enumerate(consistent(vocabulary, ruleset, 1_500, seed=11)):
        question = broad[seed // 2 % len(broad)] if seed % 2 else asked[seed // 2 % len(asked)]
        answers.append((question, full, known, write_answer(question, known, lexicon, seed)))
    return answers


def test_there_is_a_question_for_everything(
    asked: tuple[Question, ...], vocabulary: Vocabulary, lexicon: Lexicon
):
    by_kind: dict[str, list[Question]] = {}
    for question in asked:
        by_kind.setdefault(question.kind, []).append(question)
    assert [q.text for q in by_kind["describe"]] == ["Describe this face."]
    assert {q.about for q in by_kind["group"]} == set(vocabulary.groups.values())
    assert {q.about for q in by_kind["yes_no"]} == {(id_,) for id_ in vocabulary.ids}
    assert len(by_kind["topic"]) == len(lexicon.topics)
    assert len({q.text for q in asked}) == len(asked)


def test_the_parser_reads_back_what_an_answer_says(written: list[Written], parser: AnswerParser):
    for question, _, known, answer in written:
        parsed = parser.parse(answer.text, question)
        told = {id_: parsed.labels.get(id_) for id_ in answer.about}
        assert told == {id_: known[id_] for id_ in answer.about}, (question.text, answer.text)
        wrong = {id_: v for id_, v in parsed.labels.items() if known.get(id_, v) != v}
        assert not wrong, (question.text, answer.text)
        assert not parsed.contradictions, (question.text, answer.text)


def test_what_is_not_known_is_not_said_wrong_either(written: list[Written], parser: AnswerParser):
    for question, full, _, answer in written:
        assert parser.contradicted(answer.text, full, question) == (), (question, answer.text)


def test_speaks_of_something_wherever_something_is_known(written: list[Written]):
    for question, _, known, answer in written:
        assert set(answer.about) <= set(known)
        assert len(set(answer.about)) == len(answer.about)
        assert (answer.text == UNKNOWN) == (not answer.about)
        asked_and_present = [id_ for id_ in question.about if known.get(id_)]
        assert answer.about or not asked_and_present, (question.text, known)


def test_descriptions_are_short_and_name_present_and_absent(written: list[Written]):
    for question, full, known, answer in written:
        assert len(answer.text.split()) <= MOST_WORDS
        if question.kind == "describe" and known == full:
            assert {known[id_] for id_ in answer.about} == {True, False}


def test_a_yes_no_question_is_answered_by_its_own_label(written: list[Written]):
    for question, _, known, answer in written:
        if question.kind == "yes_no" and question.about[0] in known:
            assert question.about[0] in answer.about
            assert answer.text.startswith("Yes" if known[question.about[0]] else "No")


def test_every_characteristic_is_spoken_of_in_descriptions(
    vocabulary: Vocabulary, lexicon: Lexicon, ruleset: RuleSet, asked: tuple[Question, ...]
):
    spoken = set()
    for seed, (full, _) in enumerate(consistent(vocabulary, ruleset, 1_500, seed=5)):
        spoken |= set(write_answer(asked[0], full, lexicon, seed).about)
    # The three words of MAAD for races are said by the groups wherever these are known.
    assert set(vocabulary.ids) - spoken <= {"Asian", "White", "Black"}


def test_a_seed_gives_the_same_answer_and_seeds_vary(
    vocabulary: Vocabulary, lexicon: Lexicon, ruleset: RuleSet, asked: tuple[Question, ...]
):
    full, _ = next(consistent(vocabulary, ruleset, 1, seed=3))
    texts = [write_answer(asked[0], full, lexicon, seed).text for seed in range(100)]
    assert texts == [write_answer(asked[0], full, lexicon, seed).text for seed in range(100)]
    assert len(set(texts)) > 90


def test_answers_are_worded_as_appearance(written: list[Written]):
    short = {"Yes.", "No.", UNKNOWN}
    for question, _, _, answer in written:
        bare = question.kind == "group" and " to " not in answer.text
        if answer.text not in short and not bare:
            assert "appear" in answer.text or "seem" in answer.text, answer.text


def test_a_tokenizer_of_all_texts_knows_every_word(
    written: list[Written], vocabulary: Vocabulary, lexicon: Lexicon
):
    from faceinsight.model import build_tokenizer

    tokenizer = build_tokenizer(all_texts(lexicon))
    texts = [text for question, _, _, answer in written for text in (question.text, answer.text)]
    ids = tokenizer(texts, add_special_tokens=False).input_ids
    for text, of_text in zip(texts, ids, strict=True):
        assert tokenizer.unk_token_id not in of_text, text
        assert tokenizer.decode(of_text) == text


def test_a_child_is_not_called_a_man(
    lexicon: Lexicon, vocabulary: Vocabulary, asked: tuple[Question, ...]
):
    members = {"Male": True, "Female": False}
    ages = dict.fromkeys(vocabulary.groups["age"], False)
    for seed in range(200):
        child = write_answer(asked[0], {**members, **ages, "age_3_9": True}, lexicon, seed)
        if "age_3_9" in child.about and "Male" in child.about:
            assert "man" not in child.text.replace(",", "").rstrip(".").split()
            break
    else:
        pytest.fail("no description speaks of both")


def test_of_a_child_it_is_not_told_that_it_has_no_beard_and_no_makeup(
    lexicon: Lexicon, vocabulary: Vocabulary, asked: tuple[Question, ...]
):
    ages = dict.fromkeys(vocabulary.groups["age"], False)
    gone = dict.fromkeys(("Mustache", "Goatee", "Heavy_Makeup", "Bangs"), False)
    labels = {**ages, **gone, "No_Beard": True, "Wearing_Lipstick": True, "age_3_9": True}
    told = worth_telling(labels, lexicon)
    assert labels.keys() - told.keys() == {"No_Beard", "Mustache", "Goatee", "Heavy_Makeup"}
    for seed in range(50):
        text = write_answer(asked[0], told, lexicon, seed).text
        assert not {"beard", "mustache", "goatee", "makeup"} & {*text.strip(".").split()}
    for older in ("age_10_19", "age_70_plus"):
        labels = {**ages, **gone, "No_Beard": True, older: True}
        assert worth_telling(labels, lexicon) == labels
    assert worth_telling({**gone, "No_Beard": False, "age_0_2": True}, lexicon) == {
        **{"Bangs": False, "No_Beard": False, "age_0_2": True}
    }


def test_labels_that_contradict_each_other_are_not_spoken_of(
    lexicon: Lexicon, asked: tuple[Question, ...]
):
    gender = next(q for q in asked if q.about == ("Male", "Female"))
    assert write_answer(gender, {"Male": True, "Female": True}, lexicon, 0) == Answer(UNKNOWN, ())
    assert write_answer(gender, {"Male": False}, lexicon, 0).about == ("Male",)
