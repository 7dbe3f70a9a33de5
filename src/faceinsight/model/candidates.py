"""Direct answers chosen from several by the model's own probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from faceinsight.answers import AnswerParser, Question
from faceinsight.answers.choosing import choose_answer
from faceinsight.model.answering import answer_from_picture

if TYPE_CHECKING:
    from faceinsight.model.modeling import FaceInsightModel

_SEED = 0


def best_from_picture(
    model: FaceInsightModel,
    photographs: Tensor,
    maps: Tensor | None,
    text: str,
    question: Question | None,
    parser: AnswerParser,
    candidates: int,
    **generate: Any,
) -> tuple[list[str], Tensor]:
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

    Returns:
        The answers, and the logits [B, K] of the characteristics, as `answer_from_picture`.
    """
    if candidates == 1:
        return answer_from_picture(model, photographs, maps, text, **generate)
    fixed = "do_sample" not in generate
    with torch.random.fork_rng(enabled=fixed):
        if fixed:
            torch.manual_seed(_SEED)
        texts, logits = answer_from_picture(
            model,
            photographs.repeat_interleave(candidates, dim=0),
            None if maps is None else maps.repeat_interleave(candidates, dim=0),
            text,
            **({"do_sample": True} | generate),
        )
    logits = logits[::candidates]
    chosen = []
    for row, p in enumerate(logits.float().sigmoid().tolist()):
        of_one = texts[row * candidates : (row + 1) * candidates]
        probabilities = dict(zip(model.vocabulary.ids, p, strict=True))
        chosen.append(of_one[choose_answer(of_one, question, probabilities, parser)])
    return chosen, logits
