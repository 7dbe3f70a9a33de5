"""Answers that a language model writes.

*Direct*: question and answer stand after the characteristics in the sequence of Eq. 2, so what is
said comes from the picture; under the causal mask they change no probability. *Grounded*: the
language model reads facts as text, and no picture, and words them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import DynamicCache

from faceinsight.model.conversation import reply_text

if TYPE_CHECKING:
    from faceinsight.model.modeling import FaceInsightModel


@torch.inference_mode()
def answer_from_picture(
    model: FaceInsightModel,
    photographs: Tensor,
    maps: Tensor | None,
    question: str,
    **generate: Any,
) -> tuple[list[str], Tensor]:
    """Answer one question about each photograph, directly.

    Args:
        model: in evaluation mode.
        photographs: uint8 [B, S, S, 3].
        maps: uint8 [B, S, S]; None where the model reads none.
        question: in words.
        generate: options of `transformers.GenerationMixin.generate`, `streamer` among them.

    Returns:
        The answers, B, and the logits [B, K] of the characteristics, from the same pass.
    """
    sequence = model.embed(photographs, maps)
    batch, length = sequence.shape[:2]
    cache = DynamicCache(config=model.language_model.config)
    body = model.language_model.base_model
    hidden = body(
        inputs_embeds=sequence, use_cache=True, past_key_values=cache, **model.attention(length)
    ).last_hidden_state
    logits = model.read_out(hidden[:, -len(model.config.characteristics) :])
    asked = torch.tensor(question_ids(model, question), device=sequence.device)
    # What the cache holds has no token ids; these stand for it, and are never looked up.
    ids = torch.cat([asked.new_zeros(length), asked]).expand(batch, -1)
    made = _generate(model, ids, torch.ones_like(ids), past_key_values=cache, **generate)
    return made, logits


@torch.inference_mode()
def write_on(model: FaceInsightModel, texts: Sequence[str], **generate: Any) -> list[str]:
    """What the language model writes after some texts, in one batch and without a picture.

    What all texts begin with is read once: a prompt with its examples, or all of a text that stands
    there several times to be gone on with in several ways.

    Args:
        model: in evaluation mode.
        texts: B texts, one or more, laid out by the chat template (`chat_text`).
        generate: options of `transformers.GenerationMixin.generate`.

    Returns:
        What it wrote after each, B texts.
    """
    rows = [model.tokenizer(text, add_special_tokens=False).input_ids for text in texts]
    longest = max(map(len, rows))
    # Of each row a token is left to go on from.
    columns = zip(*(row[:-1] for row in rows), strict=False)
    shared = [ids[0] for ids in takewhile(lambda ids: len({*ids}) == 1, columns)]
    cache = DynamicCache(config=model.language_model.config)
    if shared:
        model.language_model.base_model(
            input_ids=torch.tensor([shared], device=model.device), past_key_values=cache
        )
        cache.batch_repeat_interleave(len(rows))
    start = len(shared)
    ids = torch.full((len(rows), longest), _padding(model))
    mask = torch.zeros_like(ids)
    ids[:, :start], mask[:, :start] = torch.tensor(shared), 1
    for number, row in enumerate(rows):
        end = longest - len(row) + start
        ids[number, end:], mask[number, end:] = torch.tensor(row[start:]), 1
    ids, mask = ids.to(model.device), mask.to(model.device)
    return _generate(model, ids, mask, past_key_values=cache, **generate)


def question_ids(model: FaceInsightModel, question: str) -> list[int]:
    """Token ids of a question and of what stands between it and the answer."""
    text = question + reply_text(model.tokenizer)
    return model.tokenizer(text, add_special_tokens=False).input_ids


def _padding(model: FaceInsightModel) -> int:
    ids = (model.tokenizer.pad_token_id, model.tokenizer.eos_token_id)
    return next((id_ for id_ in ids if id_ is not None), 0)


def _generate(model: FaceInsightModel, ids: Tensor, mask: Tensor, **options: Any) -> list[str]:
    tokenizer = model.tokenizer
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": _padding(model)}
    language_model: Any = model.language_model
    made = language_model.generate(ids, attention_mask=mask, **(ends | options))
    return [
        text.strip()
        for text in tokenizer.batch_decode(made[:, ids.shape[1] :], skip_special_tokens=True)
    ]
