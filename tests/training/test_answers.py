from itertools import groupby
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml

from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import questions
from faceinsight.answers.writer import UNKNOWN
from faceinsight.method.rules.compiler import compile_rules
from faceinsight.method.rules.decode import decode
from faceinsight.model.building import default_tokenizer
from faceinsight.model.conversation import NOT_LEARNT
from faceinsight.model.modeling import FaceInsightOutput
from faceinsight.training.answers import AnswerWriter, Places, SpokenAnswers
from tests.model import tiny


@pytest.fixture(scope="module")
def tokenizer(vocabulary, lexicon):
    return default_tokenizer(tiny.settings(), vocabulary, lexicon)


@pytest.fixture(scope="module")
def rule_set(project_root, vocabulary):
    text = (project_root / "conf/base/rules.yml").read_text(encoding="utf-8")
    return compile_rules(yaml.safe_load(text)["rules"], vocabulary)


@pytest.fixture(scope="module")
def estimated(vocabulary):
    """What a model estimates of some faces, as logits."""
    return np.random.default_rng(0).normal(0, 3, (60, len(vocabulary)))


@pytest.fixture(scope="module")
def labels(estimated, rule_set):
    return decode(estimated, rule_set)


@pytest.fixture(scope="module")
def held(estimated, labels):
    """Where what breaks no rule is also likelier than not."""
    return labels == (estimated >= 0)


def rng(seed=1):
    return np.random.default_rng(seed)


def texts(tokenizer, ids, labels):
    """Questions and answers of each row in words, a list of turns."""
    for row, learnt in zip(ids.tolist(), labels.tolist(), strict=True):
        turns, start = [], 0
        for spoken, of in groupby(range(len(row)), key=lambda i: learnt[i] != NOT_LEARNT):
            at = list(of)
            if spoken:
                question = tokenizer.decode(row[start : at[0]], skip_special_tokens=True)
                answer = tokenizer.decode(row[at[0] : at[-1] + 1], skip_special_tokens=True)
                turns.append((question.removesuffix("ASSISTANT:").strip(), answer.strip()))
                start = at[-1] + 1
        yield turns


def conversations(vocabulary, lexicon, tokenizer, batch):
    """Each row's known questions with what the parser reads from their answers."""
    parser = AnswerParser(lexicon)
    asked = {question.text: question for question in questions(lexicon)}
    for turns in texts(tokenizer, batch["answer_ids"], batch["answer_labels"]):
        yield [(asked[q], answer, parser.parse(answer, asked[q]).labels) for q, answer in turns]


def test_answers_say_what_is_held(vocabulary, lexicon, tokenizer, labels, held):
    batch = AnswerWriter(lexicon, tokenizer, 3)(labels, held, rng())
    parser = AnswerParser(lexicon)
    said = 0
    rows = conversations(vocabulary, lexicon, tokenizer, batch)
    for turns, row, sure in zip(rows, labels, held, strict=True):
        assert len(turns) == 3
        assert all(question.kind == "yes_no" for question, _, _ in turns[1:])
        for question, answer, read in turns:
            known = dict(zip(vocabulary.ids, row.tolist(), strict=True))
            assert not parser.contradicted(answer, known, question), (question.text, answer)
            if question.kind == "yes_no" and read:
                assert sure[vocabulary.index[question.about[0]]], (question.text, answer)
            said += bool(read)
    assert said > len(labels)


def test_what_is_not_held_is_not_said(vocabulary, lexicon, tokenizer, labels):
    writer = AnswerWriter(lexicon, tokenizer, 1)
    batch = writer(labels, np.zeros_like(labels), rng())
    for [(question, answer, read)] in conversations(vocabulary, lexicon, tokenizer, batch):
        if question.kind == "group":
            assert read
        else:
            assert answer == UNKNOWN
            assert not read


def test_no_word_is_unknown_to_the_tokenizer(lexicon, tokenizer, labels, held):
    writer = AnswerWriter(lexicon, tokenizer, 2)
    for seed in range(6):
        batch = writer(labels, held, rng(seed))
        assert not (batch["answer_ids"] == tokenizer.unk_token_id).any()


def test_the_same_random_numbers_ask_the_same(lexicon, tokenizer, labels, held):
    writer = AnswerWriter(lexicon, tokenizer, 1)
    whole = writer(labels, held, rng())
    assert np.array_equal(writer(labels, held, rng())["answer_ids"], whole["answer_ids"])
    assert not np.array_equal(writer(labels, held, rng(2))["answer_ids"], whole["answer_ids"])


@pytest.mark.parametrize("world", [2, 3])
def test_processes_ask_together_what_one_would(lexicon, tokenizer, labels, held, world):
    labels, held = labels[:7], held[:7]
    writer = AnswerWriter(lexicon, tokenizer, 2)
    whole = writer(labels, held, rng())
    of_all = list(texts(tokenizer, whole["answer_ids"], whole["answer_labels"]))
    assert len(of_all) == 7
    for rank in range(world):
        places = Places.of_rank(7, rank, world)
        own = writer(labels[rank::world], held[rank::world], rng(), places=places)
        said = list(texts(tokenizer, own["answer_ids"], own["answer_labels"]))
        assert said == of_all[rank::world]


def test_a_process_with_nothing_to_say_learns_nothing(lexicon, tokenizer, labels, held):
    writer = AnswerWriter(lexicon, tokenizer, 2)
    batch = writer(labels[:1], held[:1], rng(), places=Places.of_rank(1, 1, 2))
    assert len(batch["answer_ids"]) == 1
    assert (batch["answer_labels"] == NOT_LEARNT).all()


def test_without_topics_none_is_asked_about(tokenizer, labels, held, vocabulary, answers_config):
    plain = Lexicon.from_config(answers_config | {"topics": {}}, vocabulary)
    assert len(AnswerWriter(plain, tokenizer, 1)(labels, held, rng())["answer_ids"]) == len(labels)


class Model(torch.nn.Module):
    """Estimates what it is told to."""

    def __init__(self, logits, vocabulary, rules, learnt=()):
        super().__init__()
        self.vocabulary, self.ruleset = vocabulary, rules
        self.config = SimpleNamespace(learnt=list(learnt), readout="independent")
        self.logits = torch.tensor(logits)
        self.seen = []

    def forward(self, photographs, maps):
        self.seen.append((len(photographs), maps is None, self.training))
        return FaceInsightOutput(logits=self.logits[: len(photographs)])


def test_a_share_of_a_batch_is_asked_about(
    vocabulary, lexicon, tokenizer, estimated, labels, rule_set
):
    writer = AnswerWriter(lexicon, tokenizer, 2)
    spoken = SpokenAnswers(writer, share=0.25, start=0.5, seed=3)
    parser = AnswerParser(lexicon)
    model = Model(estimated, vocabulary, rule_set).train()
    inputs = {"photographs": torch.zeros(10, 4, 4, 3), "labels": torch.zeros(10, 2)}
    added = spoken.add(model, inputs, step=7)
    assert model.training
    assert model.seen == [(3, True, False)]
    assert set(added) - set(inputs) == {"answer_ids", "answer_labels"}
    assert len(added["answer_ids"]) == 3
    for turns, row in zip(
        conversations(vocabulary, lexicon, tokenizer, added), labels[:3], strict=True
    ):
        known = dict(zip(vocabulary.ids, row.tolist(), strict=True))
        assert not any(parser.contradicted(answer, known, asked) for asked, answer, _ in turns)
    again = spoken.add(model, inputs, step=7)
    assert torch.equal(again["answer_ids"], added["answer_ids"])
    assert not torch.equal(spoken.add(model, inputs, step=8)["answer_ids"], added["answer_ids"])


def test_of_what_is_not_taught_nothing_is_known(
    vocabulary, lexicon, tokenizer, estimated, rule_set
):
    learnt = vocabulary.annotated_by("celeba")
    spoken = SpokenAnswers(AnswerWriter(lexicon, tokenizer, 2), share=1, start=0, seed=3)
    model = Model(estimated, vocabulary, rule_set, learnt).train()
    batch = spoken.add(model, {"photographs": torch.zeros(len(estimated), 4, 4, 3)}, step=7)
    unknown = 0
    for turns in conversations(vocabulary, lexicon, tokenizer, batch):
        for question, answer, _ in turns:
            if set(question.about).isdisjoint(learnt):
                assert answer == UNKNOWN
                unknown += 1
    assert unknown
