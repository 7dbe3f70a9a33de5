"""Way in: a checkpoint that transformers has a class for, run in this process.

Code that comes with a checkpoint is run only where the rival's `trust_remote_code` is true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from faceinsight.common.devices import find_device
from faceinsight.errors import WeightsError
from faceinsight.rivals.prefix import next_token_logits
from faceinsight.rivals.questions import Question, spellings
from faceinsight.rivals.settings import LocalSettings, RivalSettings, ScoredBy
from faceinsight.rivals.store import Answer

if TYPE_CHECKING:
    import torch

_TAIL = 24
"""So many last characters of a prompt decide how the first token of an answer is cut."""


class LocalRival:
    """Asks questions in batches: chat template, left padding, greedy generation.

    Args:
        model: the checkpoint in evaluation mode, on its device.
        scored_by: text, or the log-probability of the first token of each option.
    """

    def __init__(
        self, rival: RivalSettings, processor: Any, model: Any, scored_by: ScoredBy
    ) -> None:
        self._rival = rival
        self._scored_by = scored_by
        self.processor, self.model = processor, model
        self._first: dict[tuple[str, str], int | None] = {}

    @classmethod
    def load(
        cls,
        rival: RivalSettings,
        settings: LocalSettings,
        scored_by: ScoredBy,
        adapter: Path | None = None,
    ) -> LocalRival:
        """Load a checkpoint, and put a fine-tuned rival's adapter on it, a folder that peft saved.

        Raises:
            WeightsError: the checkpoint is not there, incomplete, of another class than configured,
                or would have to run code of its own; or the adapter is another checkpoint's.
        """
        processor, model = load_checkpoint(rival, settings)
        if adapter is not None:
            model = put_adapter(model, adapter)
        return cls(rival, processor, model, scored_by)

    def ask(self, pictures: Sequence[np.ndarray], questions: Sequence[Question]) -> list[Answer]:
        """The answers to a batch of questions, each about its own picture.

        By likelihood, neighbouring questions about the very same picture share the work on it.

        Args:
            pictures: [h, w, 3] uint8 each.
            questions: of one kind, as many as pictures.
        """
        import torch

        with torch.inference_mode():
            if self._scored_by == "text":
                return self._generate(pictures, questions)
            answers: list[Answer] = []
            for _, of_one in groupby(range(len(questions)), key=lambda i: id(pictures[i])):
                rows = list(of_one)
                answers += self._score(pictures[rows[0]], [questions[i] for i in rows])
            return answers

    def _generate(
        self, pictures: Sequence[np.ndarray], questions: Sequence[Question]
    ) -> list[Answer]:
        inputs = self._inputs(self._prompts(questions), pictures)
        out = self.model.generate(
            **inputs,
            max_new_tokens=max(question.max_tokens for question in questions),
            pad_token_id=self.processor.tokenizer.pad_token_id,
            **_GREEDY,
        )
        new = out[:, inputs["input_ids"].shape[1] :]
        texts = self.processor.tokenizer.batch_decode(new, skip_special_tokens=True)
        return [Answer(text.strip()) for text in texts]

    def _score(self, picture: np.ndarray, questions: Sequence[Question]) -> list[Answer]:
        prompts = self._prompts(questions)
        logits = next_token_logits(
            self.model, self.processor, self._inputs(prompts[:1], [picture]), prompts
        )
        if logits is None:
            inputs = self._inputs(prompts, [picture] * len(prompts))
            logits = self.model(**inputs, logits_to_keep=1).logits[:, -1]
        return [
            self._scores(row, prompt, question.options)
            for row, prompt, question in zip(logits.float(), prompts, questions, strict=True)
        ]

    def _prompts(self, questions: Sequence[Question]) -> list[str]:
        return [chat_prompt(self.processor, self._rival, of.text) for of in questions]

    def _inputs(self, prompts: list[str], pictures: Sequence[np.ndarray]) -> Any:
        inputs = as_inputs(self.processor, prompts, pictures, "left")
        return inputs.to(self.model.device, dtype=self.model.dtype)

    def _scores(self, logits: torch.Tensor, prompt: str, options: Sequence[str]) -> Answer:
        """Log-probability of each option: the sum over the first tokens of its spellings."""
        import torch

        log_p = torch.log_softmax(logits, dim=-1)
        tokens = self._first_tokens(prompt, options)
        return Answer("", tuple(float(torch.logsumexp(log_p[ids], dim=0)) for ids in tokens))

    def _first_tokens(self, prompt: str, options: Sequence[str]) -> list[list[int]]:
        """First tokens of each option behind this prompt; one that begins two options counts for
        neither.

        Raises:
            WeightsError: an option has no first token of its own.
        """
        found = [
            {
                token
                for spelling in spellings(option)
                for written in (spelling, f" {spelling}")
                if (token := self._first_token(prompt[-_TAIL:], written)) is not None
            }
            for option in options
        ]
        begins = Counter(token for tokens in found for token in tokens)
        own = [sorted(token for token in tokens if begins[token] == 1) for tokens in found]
        for option, tokens in zip(options, own, strict=True):
            if not tokens:
                raise WeightsError(
                    f"{self._rival.title}: its tokenizer begins '{option}' like another of the "
                    f"answers {list(options)}, so they cannot be scored by likelihood; use "
                    "scored_by=text"
                )
        return own

    def _first_token(self, tail: str, written: str) -> int | None:
        """The token that follows the prompt where the answer begins with `written`."""
        key = tail, written
        if key not in self._first:
            encode = self.processor.tokenizer.encode
            before = encode(tail, add_special_tokens=False)
            after = encode(tail + written, add_special_tokens=False)
            # Where prompt and answer melt into one token, no token of the answer follows.
            same = after[: len(before)] == before and len(after) > len(before)
            self._first[key] = after[len(before)] if same else None
        return self._first[key]


_GREEDY = {"do_sample": False, "num_beams": 1, "temperature": None, "top_p": None, "top_k": None}
"""Unset what a checkpoint's own generation settings say of sampling."""


def chat_prompt(processor: Any, rival: RivalSettings, question: str) -> str:
    """All that comes before a rival's answer to a question about a picture."""
    text = rival.prompt.replace("{question}", question)
    turn = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": text}]}
    return processor.apply_chat_template([turn], add_generation_prompt=True, tokenize=False)


def as_inputs(
    processor: Any, texts: list[str], pictures: Sequence[np.ndarray], padding_side: str
) -> Any:
    """What the model reads of texts with one picture each.

    Args:
        texts: with the placeholder of a picture.
        pictures: [h, w, 3] uint8 each.
        padding_side: left to generate, right to train.
    """
    from PIL import Image

    bos = processor.tokenizer.bos_token
    processor.tokenizer.padding_side = padding_side
    return processor(
        text=texts,
        images=[[Image.fromarray(picture)] for picture in pictures],
        padding=True,
        return_tensors="pt",
        # A template that writes the begin token itself must not get a second one.
        add_special_tokens=not (bos and texts[0].startswith(bos)),
    )


def load_checkpoint(rival: RivalSettings, settings: LocalSettings) -> tuple[Any, Any]:
    """A rival's processor, and its model in evaluation mode on its device.

    Raises:
        WeightsError: as `LocalRival.load`.
    """
    from transformers import AutoModelForImageTextToText, AutoProcessor

    device = find_device(settings.device, "rivals.local.device")
    place = settings.path or rival.checkpoint
    if settings.path is not None and not Path(settings.path).is_dir():
        raise WeightsError(f"rivals.local.path: {place} is no folder; put {rival.checkpoint} there")
    options: dict[str, Any] = {"trust_remote_code": rival.trust_remote_code}
    if rival.revision is not None and settings.path is None:
        options["revision"] = rival.revision
    if settings.attention is not None:
        options["attn_implementation"] = settings.attention
    loaded: Any
    try:
        loaded = AutoModelForImageTextToText.from_pretrained(
            place, dtype=settings.dtype, output_loading_info=True, **options
        )
        model, info = loaded
        options.pop("attn_implementation", None)
        processor = AutoProcessor.from_pretrained(place, **options)
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())
        if "trust_remote_code" in said:
            raise WeightsError(
                f"{place} brings its own code, which is not run: use a server, or, if you trust "
                f"its authors with all your rights, set trust_remote_code: true for {rival.title}"
            ) from None
        raise WeightsError(f"{place} cannot be loaded as {rival.title}: {said[:300]}") from None
    if missing := sorted(info["missing_keys"]):
        raise WeightsError(
            f"{place} lacks {len(missing)} weights of {type(model).__name__}, '{missing[0]}' the "
            "first of them: it is another model, or incomplete"
        )
    if rival.model_class is not None and type(model).__name__ != rival.model_class:
        raise WeightsError(
            f"{place} is a {type(model).__name__}, not the {rival.model_class} of {rival.title}"
        )
    if getattr(processor, "chat_template", None) is None:
        raise WeightsError(
            f"{place} has no chat template, so nothing says how {rival.title} is asked: use a "
            "newer version of the checkpoint"
        )
    if processor.tokenizer.pad_token_id is None:
        processor.tokenizer.pad_token = processor.tokenizer.eos_token
    return processor, model.to(device).eval()


def put_adapter(model: Any, folder: Path) -> Any:
    """The model with a saved adapter in it, in evaluation mode.

    Args:
        model: the checkpoint that the adapter was trained on.
        folder: that peft saved.

    Raises:
        WeightsError: the folder holds no adapter, or one of another model.
    """
    from peft import PeftConfig, get_peft_model
    from peft.utils import SAFETENSORS_WEIGHTS_NAME

    from faceinsight.model.encoders import one_line
    from faceinsight.model.lora import load_matrices

    try:
        config = PeftConfig.from_pretrained(str(folder))
        made = get_peft_model(model, config)
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"{folder} holds no adapter of a {type(model).__name__}: {one_line(error)}"
        ) from None
    path = folder / SAFETENSORS_WEIGHTS_NAME
    load_matrices(made, path, f"it is of another checkpoint than this {type(model).__name__}")
    return made.get_base_model().eval()
