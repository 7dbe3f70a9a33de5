"""Grounded answers: decoded labels in words, and never said against.

What an answer tells is chosen as the template would choose it, and told a pretrained language model
a few facts at a time, for it to put into one sentence each. A sentence holds that states each of
its facts, and none twice, contradicts no label, and has no word that neither a label nor plain
English accounts for: of clothes, places, names and moods the labels say nothing. What does not hold
is written again, in several ways at once. What never holds is left out of a description; of any
other answer, or where nothing is left, a template takes the place. Any other language model has
learnt no language, and templates speak for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import torch

from faceinsight.answers.grounding import (
    baseless,
    facts,
    infinitive,
    misstated,
    repeated,
    stated,
    unfounded,
)
from faceinsight.answers.labels import label_words
from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import Question, questions
from faceinsight.answers.writer import worth_telling, write_answer
from faceinsight.model.conversation import chat_text
from faceinsight.model.generation import write_on

if TYPE_CHECKING:
    from faceinsight.model.modeling import FaceInsightModel

_SEED = 0

_AT_ONCE = 3
"""Facts a sentence: a small language model leaves out some of more."""

_SAMPLED = {"do_sample": True, "temperature": 0.7}
_WAYS = 8
"""How a sentence that does not hold is written again, and in how many ways."""

_SYSTEM = "You put facts about a face into one sentence, and say nothing else."

_YES_OR_NO = (
    (
        "Does this person appear to be smiling?\nFacts: yes, the person appears to be smiling",
        "Yes, the person appears to be smiling.",
    ),
    (
        "Does this person appear to wear a hat?\nFacts: no, the person appears to wear no hat",
        "No, the person does not appear to wear a hat.",
    ),
)
_STATEMENTS = (
    (
        "Describe this face.\nFacts: The person appears to be a man, young; to have gray hair",
        "The person appears to be a young man with gray hair.",
    ),
    (
        "Describe this face.\nFacts: She appears to have a big nose; not to be smiling",
        "She appears to have a big nose and not to be smiling.",
    ),
    (
        "What is this person wearing?\nFacts: He appears to wear a hat, no necktie, no earrings",
        "He appears to wear a hat, but no necktie and no earrings.",
    ),
)
"""Turns before the question, from which even a small language model takes the form."""


@dataclass(frozen=True)
class GroundedAnswer:
    """An answer that contradicts none of the labels that it was made from.

    Attributes:
        text: the answer.
        way: "grounded", where every sentence is the language model's, or "template".
        reason: why a sentence that the language model wrote was not taken, and none in its place,
            e.g. "contradicts bald"; else empty.
        facts: what the language model was told, a text for each sentence.
        attempts: how often it was let write; the second time what had not held.
    """

    text: str
    way: Literal["grounded", "template"]
    reason: str = ""
    facts: tuple[str, ...] = ()
    attempts: int = 0


def answer_from_labels(
    model: FaceInsightModel,
    labels: Mapping[str, bool],
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
        question: one of `questions(lexicon)`; None asks for a description.
        lexicon: words of facts and templates.
        parser: of the same lexicon, reads what the model writes.
        generate: options of `transformers.GenerationMixin.generate`, for each sentence. A second
            attempt samples, from a fixed seed.
    """
    if not lexicon.entries:
        present = _in_words(id_ for id_, value in labels.items() if value)
        return GroundedAnswer(present or "none of the characteristics", "template")
    asked = question or questions(lexicon)[0]
    told = worth_telling(labels, lexicon) if asked.kind == "describe" else labels
    template = write_answer(asked, told, lexicon, _SEED)
    if model.config.language_model["pretrained"] is None or not template.about:
        return GroundedAnswer(template.text, "template")
    parts = [replace(asked, about=ids) for ids in _parts(asked, template.about, labels, lexicon)]
    given = tuple(facts(part, labels, lexicon) for part in parts)
    sentences, reason, attempts = _sentences(model, parts, given, labels, parser, generate)
    text = " ".join(filter(None, sentences))
    whole = all(sentences) or asked.kind == "describe"
    holds = text and whole and not parser.contradicted(text, labels, asked)
    way: Literal["grounded", "template"] = "grounded" if holds else "template"
    return GroundedAnswer(text if holds else template.text, way, reason, given, attempts)


def objection(text: str, labels: Mapping[str, bool], parser: AnswerParser, part: Question) -> str:
    """Why a sentence cannot stand; empty if it can.

    Args:
        text: what was written.
        labels: id to present or absent.
        parser: reads it.
        part: what was asked, with the ids alone that the sentence is to state.
    """
    if against := parser.contradicted(text, labels, part):
        wrong = misstated(against, labels, parser.vocabulary.groups)
        return f"contradicts {_in_words(wrong)}"
    if loose := unfounded(text, part, labels, parser):
        return f"speaks of {_in_words(loose)}"
    if words := baseless(text, part, parser):
        return f"speaks of {', '.join(words)}"
    if words := repeated(text, parser):
        return f"says {', '.join(words)} twice"
    if part.kind == "yes_no":
        said = re.match(r"(yes|no)\b", text, re.IGNORECASE)
        if said is None or (said[1].lower() == "yes") is not labels[part.about[0]]:
            return "is no yes or no to what was asked"
    settled = parser.parse(text, part).labels
    if left := [id_ for id_ in part.about if id_ not in settled]:
        return f"says nothing of {_in_words(left)}"
    return "" if text.endswith((".", "!")) else "breaks off"


def _parts(
    asked: Question, about: Sequence[str], labels: Mapping[str, bool], lexicon: Lexicon
) -> list[tuple[str, ...]]:
    """What each sentence is to state, of one subject each, with what shares a verb side by side."""
    if asked.kind == "yes_no":
        return [asked.about]
    entries, groups = lexicon.entries, lexicon.groups
    held = [id_ for members in groups.values() for id_ in members if labels.get(id_)]
    listed = dict.fromkeys([*(held if asked.kind == "describe" else ()), *about])
    told = stated({id_: labels[id_] for id_ in listed}, groups)
    by_subject: dict[str, dict[str, list[str]]] = {}
    for id_ in sorted(told, key=lambda id_: not told[id_]):
        verb, _ = infinitive(entries[id_], told[id_])
        by_subject.setdefault(entries[id_].subject, {}).setdefault(verb, []).append(id_)
    parts = []
    for by_verb in by_subject.values():
        ids = [id_ for of in by_verb.values() for id_ in of]
        count = -(-len(ids) // _AT_ONCE)
        cuts = [len(ids) * number // count for number in range(count + 1)]
        parts += [tuple(ids[a:b]) for a, b in pairwise(cuts)]
    return parts


def _sentences(
    model: FaceInsightModel,
    parts: Sequence[Question],
    given: Sequence[str],
    labels: Mapping[str, bool],
    parser: AnswerParser,
    generate: Mapping[str, Any],
) -> tuple[list[str], str, int]:
    """A sentence for each part, empty where none holds; why one does not; and the attempts."""
    examples = _YES_OR_NO if parts[0].kind == "yes_no" else _STATEMENTS
    prompts = [
        chat_text(model.tokenizer, f"{part.text}\nFacts: {told}", _SYSTEM, examples)
        for part, told in zip(parts, given, strict=True)
    ]
    found, against = [""] * len(parts), [""] * len(parts)
    for attempt, ways in enumerate((1, _WAYS), 1):
        again = [n for n, text in enumerate(found) if not text for _ in range(ways)]
        options = generate if attempt == 1 else {**generate, **_SAMPLED}
        with torch.random.fork_rng(enabled=attempt > 1):
            if attempt > 1:
                torch.manual_seed(_SEED)
            written = write_on(model, [prompts[n] for n in again], **options)
        for n, text in zip(again, map(first_sentence, written), strict=True):
            if not found[n]:
                against[n] = objection(text, labels, parser, parts[n])
                found[n] = "" if against[n] else text
        if all(found):
            break
    return found, next(filter(None, against), ""), attempt


def first_sentence(text: str) -> str:
    """A text up to its first full stop; all of it where there is none."""
    return re.split(r"(?<=[.!?])\s", text.strip(), maxsplit=1)[0]


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
