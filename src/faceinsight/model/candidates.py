"""Direct answers chosen from several by the model's own probabilities."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from faceinsight.answers import AnswerParser, Question
from faceinsight.answers.choosing import choose_answer
from faceinsight.inference.prediction import taught
from faceinsight.model.generation import SAMPLED, answer_from_picture

if TYPE_CHECKING:
    from faceinsight.model.modeling import FaceInsightModel

_SEED = 0


class DirectAnswers(NamedTuple):
    """Answers to one question about each of B photographs.

    Attributes:
        texts: the answers, B.
        unchosen: the first candidate of each, one sampled answer without a choice; the answer
            itself where there is no other.
        logits: of the characteristics, [B, K].
    """

    texts: list[str]
    unchosen: list[str]
    logits: Tensor


def best_from_picture(
    model: FaceInsightModel,
    photographs: Tensor,
    maps: Tensor | None,
    text: str,
    question: Question | None,
    parser: AnswerParser,
    candidates: int,
    **generate: Any,
) -> DirectAnswers:
    """Answer one question about each photograph, directly, several times, and keep the best.

    Args:
        model: in evaluation mode.
        photographs: uint8 [B, S, S, 3].
        maps: uint8 [B, S, S]; None where the model reads none.
        text: the question as it is put.
        question: the known one that it is, if it is one; it decides what an answer says.
        parser: reads the answers.
        candidates: answers a photograph, sampled from a fixed seed unless `generate` says
            otherwise; 1 gives the likeliest words, and nothing is chosen.
        generate: options of `transformers.GenerationMixin.generate`.
    """
    if candidates == 1:
        texts, logits = answer_from_picture(model, photographs, maps, text, **generate)
        return DirectAnswers(texts, texts, logits)
    fixed = "do_sample" not in generate
    if fixed:
        generate = SAMPLED | generate
    with torch.random.fork_rng(enabled=fixed):
        if fixed:
            torch.manual_seed(_SEED)
        texts, logits = answer_from_picture(
            model,
            photographs,
            maps,
            text,
            candidates,
            **generate,
        )
    chosen = []
    ids, known = model.vocabulary.ids, taught(model)
    for row, p in enumerate(logits.float().sigmoid().tolist()):
        of_one = texts[row * candidates : (row + 1) * candidates]
        probabilities = dict(compress(zip(ids, p, strict=True), known))
        chosen.append(of_one[choose_answer(of_one, question, probabilities, parser)])
    return DirectAnswers(chosen, texts[::candidates], logits)
