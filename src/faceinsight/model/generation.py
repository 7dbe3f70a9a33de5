"""Answers that a language model writes.

*Direct*: question and answer stand after the characteristics in the sequence of Eq. 2, so what is
said comes from the picture; under the causal mask they change no probability. *Grounded*: the
language model reads facts as text, and no picture, and words them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import DynamicCache

from faceinsight.model.conversation import chat_text, reply_text

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
    return _generate(model, ids, past_key_values=cache, **generate), logits


@torch.inference_mode()
def answer_from_text(model: FaceInsightModel, prompt: str, **generate: Any) -> str:
    """Let the language model answer a question about facts, without a picture.

    Args:
        model: in evaluation mode.
        prompt: the user's turn: facts and question.
        generate: options of `transformers.GenerationMixin.generate`, `streamer` among them.
    """
    text = chat_text(model.tokenizer, prompt)
    ids = model.tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
    return _generate(model, ids.to(model.device), **generate)[0]


def question_ids(model: FaceInsightModel, question: str) -> list[int]:
    """Token ids of a question and of what stands between it and the answer."""
    text = question + reply_text(model.tokenizer)
    return model.tokenizer(text, add_special_tokens=False).input_ids


def _generate(model: FaceInsightModel, ids: Tensor, **options: Any) -> list[str]:
    tokenizer = model.tokenizer
    end = tokenizer.eos_token_id
    padding = end if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    language_model: Any = model.language_model
    made = language_model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        **({"eos_token_id": end, "pad_token_id": padding} | options),
    )
    return [
        text.strip()
        for text in tokenizer.batch_decode(made[:, ids.shape[1] :], skip_special_tokens=True)
    ]
