"""Grounded answers: decoded labels in words, and never said against.

A pretrained language model words the labels that stand in its prompt, and what it writes is read
back. Words that contradict the labels, or state nothing of what was asked, are written once more in
another way, and after that from the labels by a template. Any other language model has learnt no
language, and templates speak for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch

from faceinsight.answers.grounding import grounding, misstated, on_topic, unfounded
from faceinsight.answers.labels import label_words
from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import Question, questions
from faceinsight.answers.writer import UNKNOWN, worth_telling, write_answer
from faceinsight.model.conversation import fact_prompt
from faceinsight.model.generation import answer_from_text

if TYPE_CHECKING:
    from faceinsight.model.modeling import FaceInsightModel

_SEED = 0

_SAMPLED = {"do_sample": True, "temperature": 0.7}
"""Options of generation where a second attempt shall differ from the first."""


@dataclass(frozen=True)
class GroundedAnswer:
    """An answer that contradicts none of the labels that it was made from.

    Attributes:
        text: the answer.
        way: "grounded", the language model's words, or "template".
        reason: why the words that the language model wrote gave way to a template, e.g.
            "contradicts bald"; else empty.
    """

    text: str
    way: Literal["grounded", "template"]
    reason: str = ""


def answer_from_labels(
    model: FaceInsightModel,
    labels: Mapping[str, bool],
    text: str,
    question: Question | None,
    lexicon: Lexicon,
    parser: AnswerParser,
    **generate: Any,
) -> GroundedAnswer:
    """Answer a question from labels: in the language model's words if it is pretrained.

    Without words for sentences the answer is a plain list of what is present.

    Args:
        model: in evaluation mode.
        labels: id to present or absent, breaking no rule; of what is left out nothing is known,
            and nothing is said.
        text: the question as it is put.
        question: the known one that it is; only what this asks for is told to the model. None
            tells everything.
        lexicon: words of facts and templates.
        parser: of the same lexicon, reads what the model writes.
        generate: options of `transformers.GenerationMixin.generate`. A second attempt samples
            where the first did not, from a fixed seed, and else does not.
    """
    against = ""
    if not lexicon.entries:
        present = _in_words(id_ for id_, value in labels.items() if value)
        return GroundedAnswer(present or "none of the characteristics", "template")
    asked = question or questions(lexicon)[0]
    told = worth_telling(labels, lexicon) if asked.kind == "describe" else labels
    if model.config.language_model["pretrained"] is not None:
        about = None if question is None else question.about
        prompt = fact_prompt(grounding(told, lexicon, about), text)
        for options in _attempts(generate):
            with torch.random.fork_rng(enabled=options is not generate):
                if options is not generate:
                    torch.manual_seed(_SEED)
                written = whole_sentences(answer_from_text(model, prompt, **options))
            against = objection(written, labels, parser, question)
            if not against:
                return GroundedAnswer(written, "grounded")
    return GroundedAnswer(write_answer(asked, told, lexicon, _SEED).text, "template", against)


def objection(
    text: str, labels: Mapping[str, bool], parser: AnswerParser, question: Question | None
) -> str:
    """Why an answer from labels cannot stand; empty if it can."""
    if against := parser.contradicted(text, labels, question):
        wrong = misstated(against, labels, parser.vocabulary.groups)
        return f"contradicts {_in_words(wrong)}"
    parsed = parser.parse(text, question)
    if loose := unfounded(text, question, labels, parser):
        return f"speaks of {_in_words(loose)}"
    declines = parsed.refused or text.strip() == UNKNOWN
    if question is not None and declines and labels.keys().isdisjoint(question.about):
        return ""
    return "" if on_topic(parsed.labels, question) else "says nothing of what was asked"


def _in_words(ids: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(map(label_words, ids)))


def put_question(
    model: FaceInsightModel, text: str, question: Question | None, lexicon: Lexicon
) -> str:
    """A question in words that the model knows.

    A tokenizer of whole words reads any other word as the same unknown one; a text with such words
    is replaced by the known question that it is, or else by the request for a description.
    """
    tokenizer = model.tokenizer
    ids = tokenizer(text, add_special_tokens=False).input_ids
    if tokenizer.unk_token_id is None or tokenizer.unk_token_id not in ids:
        return text
    return lexicon.settings.description if question is None else question.text


def whole_sentences(text: str) -> str:
    """A text without a last sentence that was cut off; as it is where that is the only one."""
    end = max(text.rfind(mark) for mark in ".!?")
    return text[: end + 1] if end >= 0 else text


def _attempts(generate: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield generate
    if not generate.get("do_sample"):
        yield {**generate, **_SAMPLED}
        return
    of_sampling = ("do_sample", "temperature", "top_k", "top_p")
    yield {name: value for name, value in generate.items() if name not in of_sampling}
