"""Answers that are made up, compared with estimates that are known."""

import pytest
import torch

from faceinsight import FaceInsight
from faceinsight.evaluation.agreement import Asker, measure_agreement
from faceinsight.evaluation.settings import AnswersSettings
from tests.model import talking, tiny

LOGITS = torch.tensor([2.0, -3.0, 1.0, 4.0, -4.0])
"""Bald, no bangs, smiling, a man."""
PLAIN = AnswersSettings(questions=0, grounded=0)


def result(settings=PLAIN, faces=2):
    asker = Asker(talking.model(), settings)
    batch = tiny.batch(faces)
    asker.ask(batch["photographs"], batch["maps"])
    return asker.result()


def test_statements_are_compared_one_by_one(monkeypatch):
    said = ["A smiling man with bangs.", "blah"]
    talking.let_answer(monkeypatch, LOGITS, lambda _, row: said[row])
    direct = result()["direct"]
    assert (direct["answers"], direct["silent"]) == (2, 0.5)
    # That a man is no woman only follows.
    assert direct["statements"] == 3
    assert direct["agree_with_probabilities"] == pytest.approx(2 / 3)
    assert direct["kinds"]["describe"]["statements"] == 3


def test_probabilities_and_labels_are_told_apart(monkeypatch):
    # Bald and bangs are both likely, and a rule lets only the likelier one stand.
    both = torch.tensor([2.0, 1.0, 1.0, 4.0, -4.0])
    talking.let_answer(monkeypatch, both, lambda *_: "He is bald. He has bangs.")
    direct = result()["direct"]
    assert direct["agree_with_probabilities"] == 1
    # Bald agrees with both, "he" says a man, and bangs agree with P alone.
    assert direct["agree_with_labels"] == pytest.approx(1 - 1 / (direct["statements"] / 2))


def test_what_contradicts_itself_agrees_with_nothing(monkeypatch):
    talking.let_answer(monkeypatch, LOGITS, lambda *_: "Bald. Not bald.")
    direct = result()["direct"]
    assert direct["statements"] == 2
    assert direct["agree_with_probabilities"] == 0
    assert direct["silent"] == 0


def test_answers_beside_the_question_are_counted(monkeypatch):
    talking.let_answer(monkeypatch, LOGITS, lambda *_: "He is bald.")
    direct = result(PLAIN.model_copy(update={"questions": 7}))["direct"]
    kinds = direct["kinds"]
    assert kinds["describe"]["on_topic"] is None
    # Of five yes/no questions the pronoun answers two, of gender, and the word one.
    assert kinds["group"]["on_topic"] == 1
    particular = [k for name, k in kinds.items() if name != "describe"]
    expected = sum(k["on_topic"] * k["answers"] for k in particular)
    assert direct["on_topic"] == pytest.approx(expected / sum(k["answers"] for k in particular))
    assert 0 < direct["on_topic"] < 1


def test_grounded_answers_never_contradict_and_templates_are_counted(monkeypatch):
    talking.let_answer(monkeypatch, LOGITS, lambda *_: "Bald.")
    talking.let_ground(monkeypatch, "A woman with bangs.")
    of = result(PLAIN.model_copy(update={"grounded": 2, "questions": 3}))
    assert of["grounded"] == {"answers": 8, "contradictions": 0, "templates": 1.0}
    assert set(of["direct"]["kinds"]) == {"describe", "group", "yes_no"}


def test_no_answers_no_shares(monkeypatch):
    talking.let_answer(monkeypatch, LOGITS, lambda *_: "")
    direct = result()["direct"]
    assert (direct["silent"], direct["statements"]) == (1.0, 0)
    assert direct["agree_with_probabilities"] is None


def test_a_model_that_learnt_no_answers_is_not_asked(tmp_path):
    talking.model(answer_weight=0).save_pretrained(tmp_path)
    model = FaceInsight.from_pretrained(tmp_path, device="cpu")
    assert measure_agreement(model, {}, AnswersSettings()) == {}
