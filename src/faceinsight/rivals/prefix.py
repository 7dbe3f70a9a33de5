"""Many questions about one picture, for the price of one picture.

A prompt is the picture with all that stands before it, and then the question. The first part is run
through the model once; every question goes on from its keys and values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def next_token_logits(
    model: Any, processor: Any, inputs: Any, prompts: Sequence[str]
) -> torch.Tensor | None:
    """Logits of the token behind each prompt.

    Args:
        inputs: what the processor made of the first prompt and its picture, alone.
        prompts: with the same text before and one placeholder for the same picture.

    Returns:
        [q, vocabulary], or None where the prompts cannot be taken apart behind the picture, since
        the processor's tokens of what follows it are not the tokenizer's own.
    """
    import torch

    tails = [_behind_picture(processor, prompt) for prompt in prompts]
    whole = inputs["input_ids"][0].tolist()
    if not all(tails) or whole[-len(tails[0]) :] != tails[0]:
        return None
    shared = len(whole) - len(tails[0])
    prefix = {
        # Token ids, and what has an entry for each of them.
        name: value[:, :shared] if value.shape == inputs["input_ids"].shape else value
        for name, value in inputs.items()
    }
    cache = model(**prefix, use_cache=True, logits_to_keep=1).past_key_values
    cache.batch_repeat_interleave(len(prompts))
    longest = max(map(len, tails))
    ids = torch.full((len(prompts), longest), processor.tokenizer.pad_token_id)
    seen = torch.zeros((len(prompts), shared + longest), dtype=torch.long)
    seen[:, :shared] = 1
    for row, tail in enumerate(tails):
        ids[row, : len(tail)] = torch.tensor(tail)
        seen[row, shared : shared + len(tail)] = 1
    # Where pictures have positions in two dimensions, those of the text go on from another number.
    skipped = getattr(getattr(model, "model", None), "rope_deltas", None)
    begin = shared + (int(skipped.flatten()[0]) if skipped is not None else 0)
    positions = begin + torch.arange(longest).expand(len(prompts), -1)
    logits = model(
        input_ids=ids.to(model.device),
        attention_mask=seen.to(model.device),
        position_ids=positions.to(model.device),
        past_key_values=cache,
        use_cache=True,
    ).logits
    last = torch.tensor([len(tail) - 1 for tail in tails], device=logits.device)
    return logits[torch.arange(len(prompts), device=logits.device), last]


def _behind_picture(processor: Any, prompt: str) -> list[int]:
    """Ids of what follows the picture's placeholder; none where there is not exactly one."""
    picture = processor.tokenizer.convert_tokens_to_ids(processor.image_token)
    ids: list[int] = processor.tokenizer.encode(prompt, add_special_tokens=False)
    return ids[ids.index(picture) + 1 :] if ids.count(picture) == 1 else []
