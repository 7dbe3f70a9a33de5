"""Questions and answers as tokens: how a conversation is laid out, and the loss that teaches it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from faceinsight.model.tokenizer import CHAT_TEMPLATE

NOT_LEARNT = -100
"""Label of tokens that a model reads and need not predict: question and padding."""

_MARK = "\N{REPLACEMENT CHARACTER}"
"""Stands for a question, to find what is around it."""


def answer_loss(head: nn.Module, hidden: Tensor, labels: Tensor, tokens: float | None) -> Tensor:
    """Cross-entropy of the next token, mean over the tokens that are learnt.

    Args:
        head: the output matrix of the language model.
        hidden: final hidden states of the tokens before each of the labels, [B, L, D].
        labels: int64 [B, L], token ids, `NOT_LEARNT` where nothing is predicted.
        tokens: what the sum is divided by; None divides by the number of these tokens, which may be
            a part of those that the mean is taken over.

    Returns:
        Scalar in nats a token, float32; 0 where nothing is learnt.
    """
    learnt = labels != NOT_LEARNT
    # Logits of the whole vocabulary exist for the answers' own tokens alone.
    total = F.cross_entropy(head(hidden[learnt]).float(), labels[learnt], reduction="sum")
    return total / (learnt.sum().clamp_min(1) if tokens is None else tokens)


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


def chat_text(
    tokenizer: PreTrainedTokenizerBase,
    question: str,
    system: str | None = None,
    examples: Sequence[tuple[str, str]] = (),
) -> str:
    """A question as the tokenizer's own chat template puts it, ready for the answer to follow.

    A tokenizer that has no template (vicuna's) gets LLaVA-1.5's.

    Args:
        tokenizer: of the language model.
        question: the user's turn.
        system: what stands before all turns; None leaves it to the template.
        examples: questions with their answers, as turns before this one.
    """
    messages = [{"role": "system", "content": system}] if system else []
    for asked, answered in examples:
        messages.append({"role": "user", "content": asked})
        messages.append({"role": "assistant", "content": answered})
    messages.append({"role": "user", "content": question})
    template = tokenizer.chat_template or CHAT_TEMPLATE
    text = tokenizer.apply_chat_template(
        messages, chat_template=template, tokenize=False, add_generation_prompt=True
    )
    return str(text)


def before_question(tokenizer: PreTrainedTokenizerBase, system: str | None) -> str:
    """What stands before a question in the chat template, the system prompt included."""
    return chat_text(tokenizer, _MARK, system).partition(_MARK)[0]


def reply_text(tokenizer: PreTrainedTokenizerBase) -> str:
    """What stands between a question and its answer in the chat template, e.g. " ASSISTANT:"."""
    return chat_text(tokenizer, _MARK).partition(_MARK)[2]


def fact_prompt(facts: str, question: str) -> str:
    """What is known of a face as a list, and a question; see `building.fact_texts`."""
    return f"What is known of a face: {facts} {question}"
