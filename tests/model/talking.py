"""A model whose language model says what a test wants it to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch

import faceinsight.model.generation
import faceinsight.model.grounded
from faceinsight.answers.lexicon import Lexicon
from tests.model import tiny

ANSWERS = {
    "characteristics": {
        "Bald": {"say": ["be bald"], "deny": ["be not bald"], "synonyms": ["bald ~ person"]},
        "Bangs": {"say": ["have bangs"], "deny": ["have no bangs"], "synonyms": ["bangs"]},
        "Smiling": {"say": ["be smiling"], "synonyms": ["smiling ~ person"]},
        "Male": {"say": ["be a man"], "synonyms": ["man", "male ~ person"]},
        "Female": {"say": ["be a woman"], "synonyms": ["woman", "female ~ person"]},
    },
    "groups": {"gender": {"name": "gender", "question": "What is the gender?"}},
}


def lexicon() -> Lexicon:
    return Lexicon.from_config(ANSWERS, tiny.vocabulary())


def model(pretrained: bool = False, **changes: Any) -> Any:
    """A tiny model that knows words of answers; what it says of itself is gibberish.

    With `pretrained` it believes that its language model has learnt to speak.
    """
    made = tiny.model(**({"answer_weight": 0.5} | changes))
    made.lexicon = lexicon()
    if pretrained:
        made.config.language_model["pretrained"] = "somewhere"
    return made.eval()


def let_ground(
    monkeypatch: pytest.MonkeyPatch, *texts: str | Sequence[str]
) -> list[dict[str, Any]]:
    """The language model writes these texts in turn, the last from then on; gives its options.

    A list of texts stands for what it writes after the prompts of one call, the last from then on.
    """
    calls: list[dict[str, Any]] = []

    def write(_: Any, prompts: Sequence[str], **options: Any) -> list[str]:
        calls.append(options | {"prompts": prompts})
        said = texts[min(len(calls), len(texts)) - 1]
        row = [said] if isinstance(said, str) else said
        return [row[min(number, len(row) - 1)] for number in range(len(prompts))]

    monkeypatch.setattr(faceinsight.model.grounded, "write_on", write)
    return calls


def let_answer(
    monkeypatch: pytest.MonkeyPatch, logits: torch.Tensor, say: Callable[[str, int], str]
) -> None:
    """The model estimates `logits` [K] of every face, and says `say(question, row)`."""

    def write(
        _: Any, photographs: torch.Tensor, maps: Any, question: str, **__: Any
    ) -> tuple[list[str], torch.Tensor]:
        faces = len(photographs)
        return [say(question, row) for row in range(faces)], logits.repeat(faces, 1)

    monkeypatch.setattr(faceinsight.model.generation, "answer_from_picture", write)
