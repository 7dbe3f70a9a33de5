"""Answers in words: the loss that teaches them, and writing them.

Two ways lead to an answer. *Direct*: question and answer stand after the characteristics in the
sequence of Eq. 2, so what is said comes from the picture; under the causal mask they change no
probability. *Grounded*: the language model reads facts as text, and no picture, and words them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import DynamicCache, PreTrainedTokenizerBase

from faceinsight.model.tokenizer import CHAT_TEMPLATE

if TYPE_CHECKING:
    from faceinsight.model.modeling import FaceInsightModel

SAMPLED = {"do_sample": True, "temperature": 0.7}
"""Options of generation where several attempts shall differ; the temperature was chosen on drawn
validation faces, where chosen answers agree more often than at 1."""

NOT_LEARNT = -100
"""Label of tokens that a model reads and need not predict: question and padding."""


def answer_loss(
    model: FaceInsightModel, hidden: Tensor, labels: Tensor, tokens: float | None = None
) -> Tensor:
    """Cross-entropy of the next token, mean over the tokens that are learnt.

    Args:
        model: gives the output matrix.
        hidden: final hidden states of the tokens before each of the labels, [B, L, D].
        labels: int64 [B, L], token ids, `NOT_LEARNT` where nothing is predicted.
        tokens: what the sum is divided by, if not by the number of these tokens: they may be a part
            of those that the mean is taken over.

    Returns:
        Scalar in nats a token, float32; 0 where nothing is learnt.
    """
    learnt = labels != NOT_LEARNT
    # Logits of the whole vocabulary exist for the answers' own tokens alone.
    logits = model.language_model.get_output_embeddings()(hidden[learnt]).float()
    total = F.cross_entropy(logits, labels[learnt], reduction="sum")
    return total / (learnt.sum().clamp_min(1) if tokens is None else tokens)


def chat_text(tokenizer: PreTrainedTokenizerBase, question: str, system: str | None = None) -> str:
    """A question as the tokenizer's own chat template puts it, ready for the answer to follow.

    A tokenizer that has no template (vicuna's) gets LLaVA-1.5's.
    """
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": question})
    template = tokenizer.chat_template or CHAT_TEMPLATE
    text = tokenizer.apply_chat_template(
        messages, chat_template=template, tokenize=False, add_generation_prompt=True
    )
    return str(text)


def reply_text(tokenizer: PreTrainedTokenizerBase) -> str:
    """What stands between a question and its answer in the chat template, e.g. " ASSISTANT:"."""
    mark = "\N{REPLACEMENT CHARACTER}"
    return chat_text(tokenizer, mark).partition(mark)[2]


def fact_prompt(facts: str, question: str) -> str:
    """The user's turn of a grounded answer: what is known of a face, and the question."""
    return f"What is known of a face: {facts} {question}"


@torch.inference_mode()
def answer_from_picture(
    model: FaceInsightModel,
    photographs: Tensor,
    maps: Tensor | None,
    question: str,
    candidates: int = 1,
    **generate: Any,
) -> tuple[list[str], Tensor]:
    """Answer one question about each photograph, directly.

    Args:
        model: in evaluation mode.
        photographs: uint8 [B, S, S, 3].
        maps: uint8 [B, S, S]; None where the model reads none.
        question: in words.
        candidates: answers a photograph, which is read once for all of them.
        generate: options of `transformers.GenerationMixin.generate`, `streamer` among them.

    Returns:
        The answers, B x candidates, those to one photograph together; and the logits [B, K] of the
        characteristics, from the same pass.
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
    read = asked.new_zeros(length)
    ids = torch.cat([read, asked]).expand(batch * candidates, -1)
    if candidates > 1:
        cache.batch_repeat_interleave(candidates)
    texts = _generate(model, ids, past_key_values=cache, **generate)
    return texts, logits


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
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": _padding(tokenizer)}
    language_model: Any = model.language_model
    made = language_model.generate(ids, attention_mask=torch.ones_like(ids), **(ends | options))
    return [
        text.strip()
        for text in tokenizer.batch_decode(made[:, ids.shape[1] :], skip_special_tokens=True)
    ]


def _padding(tokenizer: PreTrainedTokenizerBase) -> int | None:
    return tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id


def collate_answers(
    conversations: Sequence[Sequence[tuple[Sequence[int], Sequence[int]]]], padding: int
) -> tuple[Tensor, Tensor]:
    """Token ids and labels of questions with their answers, filled up on the right.

    Args:
        conversations: B lists of turns: token ids of a question and of its answer, end token
            included.
        padding: id to fill up with.

    Returns:
        ids int64 [B, L] and labels int64 [B, L], `NOT_LEARNT` but for the answers.
    """
    length = max(sum(len(q) + len(a) for q, a in turns) for turns in conversations)
    ids = torch.full((len(conversations), length), padding, dtype=torch.int64)
    labels = torch.full((len(conversations), length), NOT_LEARNT, dtype=torch.int64)
    for row, turns in enumerate(conversations):
        tokens = [token for question, answer in turns for token in (*question, *answer)]
        ids[row, : len(tokens)] = torch.tensor(tokens)
        start = 0
        for question, answer in turns:
            start += len(question)
            labels[row, start : start + len(answer)] = torch.tensor(list(answer))
            start += len(answer)
    return ids, labels
