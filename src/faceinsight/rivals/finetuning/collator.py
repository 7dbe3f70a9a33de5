"""Examples to batches: prompt, picture and answer, of which only the answer is learnt."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from faceinsight.errors import PhotographError, WeightsError
from faceinsight.model.conversation import NOT_LEARNT
from faceinsight.rivals.finetuning.examples import Example
from faceinsight.rivals.local import as_inputs, chat_prompt
from faceinsight.rivals.settings import RivalSettings

logger = logging.getLogger(__name__)


class AnswerCollator:
    """Makes what the model reads of examples, for Trainer.

    Each example becomes prompt, answer and the token at which generation ends, padded to the
    right. The prompt is the very one that the rival is asked with. As in LLaVA's own training a
    space stands before the answer where the prompt does not end with white space.

    Args:
        end: id of the token that ends an answer.
    """

    def __init__(
        self, processor: Any, rival: RivalSettings, end: int, longest_side: int | None
    ) -> None:
        self._processor = processor
        self._rival = rival
        self._end: str = processor.tokenizer.convert_ids_to_tokens(end)
        self._longest_side = longest_side
        self._texts: dict[tuple[str, str], tuple[str, int]] = {}

    def __call__(self, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
        """A batch: `input_ids`, `attention_mask`, `labels` [b, t], and the pictures' tensors.

        An example whose photograph cannot be read is left out, with a warning.

        Raises:
            PhotographError: no photograph of the batch can be read.
        """
        seen: list[tuple[Example, np.ndarray]] = []
        for example in examples:
            try:
                seen.append((example, example.face.picture(self._longest_side)))
            except PhotographError as error:
                logger.warning("%s", error)
                if len(examples) == 1 or (example is examples[-1] and not seen):
                    raise
        texts, lengths = zip(*(self._text(example) for example, _ in seen), strict=True)
        pictures = [picture for _, picture in seen]
        batch = as_inputs(self._processor, list(texts), pictures, "right")
        return {**batch, "labels": _of_answers(batch, lengths)}

    def _text(self, example: Example) -> tuple[str, int]:
        """Prompt with answer and end, and how many tokens answer and end are."""
        key = example.question.key, example.answer
        if key not in self._texts:
            prompt = chat_prompt(self._processor, self._rival, example.question.text)
            space = "" if prompt[-1:].isspace() else " "
            text = f"{prompt}{space}{example.answer}{self._end}"
            encode = self._processor.tokenizer.encode
            before = encode(prompt, add_special_tokens=False)
            after = encode(text, add_special_tokens=False)
            if after[: len(before)] != before or len(after) < len(before) + 2:
                raise WeightsError(
                    f"{self._rival.title}: its tokenizer melts the prompt's end and the answer "
                    f"'{example.answer}' into one token, so the answer alone cannot be learnt"
                )
            self._texts[key] = text, len(after) - len(before)
        return self._texts[key]


def _of_answers(batch: Any, lengths: Sequence[int]) -> torch.Tensor:
    """[b, t]: the last so many ids of each row, padding aside; all else is not learnt."""
    ids, seen = batch["input_ids"], batch["attention_mask"]
    ends = seen.sum(dim=1, keepdim=True)
    places = torch.arange(ids.shape[1]).expand_as(ids)
    learnt = (places < ends) & (places >= ends - torch.tensor(lengths)[:, None])
    return torch.where(learnt, ids, NOT_LEARNT)


def end_token(model: Any, tokenizer: Any) -> int:
    """Id of the token that ends an answer: the one at which the model's generation stops.

    Raises:
        WeightsError: neither generation settings nor tokenizer name one.
    """
    stops = getattr(model.generation_config, "eos_token_id", None)
    found = stops if isinstance(stops, list) else [stops]
    if tokenizer.eos_token_id in found or found == [None]:
        found = [tokenizer.eos_token_id]
    if found[0] is None:
        raise WeightsError(
            f"{type(model).__name__}: neither its generation_config.json nor its tokenizer names a "
            "token that ends an answer"
        )
    return int(found[0])
