"""Tiny checkpoints of two rivals' native classes, from random weights: no weights are at hand on
drawn data, yet everything that is done with a rival can be done with these.

    python experiments/tiny_checkpoints.py llava FOLDER

Processors are the real ones, and chat templates those of the published checkpoints (the
`chat_template.json` of LLaVA-1.5 and of LLaVA-OneVision). What the weights are stands in
`config.json`, so that no result passes for the published model's (see `naming`).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    LlavaOnevisionImageProcessor,
    LlavaOnevisionProcessor,
    LlavaOnevisionVideoProcessor,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2Config,
    SiglipVisionConfig,
)

from faceinsight.rivals.naming import DECLARED, TINY

_IMAGES_FIRST = (
    "{# Render all images first #}{% for content in message['content'] | "
    "selectattr('type', 'equalto', 'image') %}{{ '<image>\n' }}{% endfor %}"
)
_TEXTS = "{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}"
TEMPLATES = {
    "llava": "{% for message in messages %}{% if message['role'] != 'system' %}"
    "{{ message['role'].upper() + ': '}}{% endif %}"
    + _IMAGES_FIRST
    + _TEXTS
    + "{{ content['text'] + ' '}}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}",
    "llava_onevision": "{% for message in messages %}{{'<|im_start|>' + message['role'] + ' '}}"
    + _IMAGES_FIRST
    + _TEXTS
    + "{{ content['text'] }}{% endfor %}{{'<|im_end|>'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
}
"""Chat template by kind of checkpoint."""

_SPECIAL = ("<s>", "</s>", "<pad>", "<image>", "<video>", "<|im_start|>", "<|im_end|>")
_CORPUS = (
    *["USER: ASSISTANT: Is this a face with bushy hair? Answer with yes or no."] * 9,
    *["Answer with the option's letter from the given choices directly."] * 9,
    *[f"What is the {what} of the person in this image?\n" for what in ("gender", "race")] * 9,
    *["What is the facial expression of the person in this image?\n"] * 9,
    *["How old is the person in this image?\n", "Analyze the facial features."] * 9,
    *["Yes", "No", "yes", "no", " Yes", " No"] * 20,
    *[f"{space}{letter}" for letter in "ABCDEFGHIJ" for space in ("", " ")] * 9,
)
"""What is asked most is few tokens long."""


_EMBEDDINGS = 0.3
"""Standard deviation of word embeddings, at both ends."""


@dataclass(frozen=True)
class Sizes:
    """How tiny.

    Attributes:
        image: side of the square that the image encoder reads, in pixels.
        patch: side of its patches.
        width: of language model and image encoder.
        layers: of each.
        spread: standard deviation of the language model's random weights.
    """

    image: int = 64
    patch: int = 16
    width: int = 64
    layers: int = 2
    spread: float = 0.05

    def _of_each(self, **others: Any) -> dict[str, Any]:
        return {
            "hidden_size": self.width,
            "intermediate_size": self.width * 3 // 2,
            "num_hidden_layers": self.layers,
            "num_attention_heads": 4,
            **others,
        }

    @property
    def language(self) -> dict[str, Any]:
        """Of the language model's configuration."""
        return self._of_each(
            num_key_value_heads=2, max_position_embeddings=4096, initializer_range=self.spread
        )

    @property
    def vision(self) -> dict[str, Any]:
        """Of the image encoder's configuration."""
        return self._of_each(image_size=self.image, patch_size=self.patch)


def save_tiny(kind: str, folder: Path | str, sizes: Sizes | None = None, seed: int = 0) -> Any:
    """Write a checkpoint of this kind into `folder` and return the model.

    Args:
        kind: `llava` or `llava_onevision`.
        folder: made if need be.
        sizes: of the model.
        seed: of its weights.
    """
    words = build_words()
    torch.manual_seed(seed)
    model, processor = BUILDERS[kind](words, TEMPLATES[kind], sizes or Sizes())
    # Near the identity in between, and with room for sure answers at the end, as trained models
    # are: else a frozen model from random weights can hardly be taught by what is put beside it.
    for embeddings in (model.get_input_embeddings(), model.get_output_embeddings()):
        torch.nn.init.normal_(embeddings.weight, std=_EMBEDDINGS)
    # What the image encoder sees reaches the language model as large as words are.
    for layer in model.model.multi_modal_projector.modules():
        if isinstance(layer, torch.nn.Linear):
            torch.nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
    setattr(model.config, DECLARED, TINY)
    return save_checkpoint(model, processor, words, folder)


def save_checkpoint(
    model: Any, processor: Any, words: PreTrainedTokenizerFast, folder: Path | str
) -> Any:
    """Write model and processor as a checkpoint whose answers end with the tokenizer's end."""
    model.generation_config.eos_token_id = words.eos_token_id
    model.generation_config.pad_token_id = words.pad_token_id
    model.eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    return model


def build_words(special: Sequence[str] = _SPECIAL) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer that knows these special tokens and a few words of questions."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_CORPUS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="</s>",
        pad_token="<pad>",
        extra_special_tokens={"video_token": "<video>"},
    )


def word_ids(words: PreTrainedTokenizerFast) -> dict[str, Any]:
    """What a language model's configuration takes from its tokenizer."""
    return {"vocab_size": len(words), "eos_token_id": words.eos_token_id, "bos_token_id": None}


def _llava(words: PreTrainedTokenizerFast, template: str, sizes: Sizes) -> tuple[Any, Any]:
    config = LlavaConfig(
        text_config=LlamaConfig(**sizes.language, **word_ids(words)),
        vision_config=CLIPVisionConfig(**sizes.vision),
        image_token_index=words.get_vocab()["<image>"],
    )
    side = sizes.image
    pictures = CLIPImageProcessor(
        size={"shortest_edge": side}, crop_size={"height": side, "width": side}
    )
    processor = LlavaProcessor(
        pictures,
        words,
        patch_size=sizes.patch,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template,
    )
    return LlavaForConditionalGeneration(config), processor


def _onevision(words: PreTrainedTokenizerFast, template: str, sizes: Sizes) -> tuple[Any, Any]:
    side = sizes.image
    grid = [[side, side], [side, 2 * side], [2 * side, side]]
    config = LlavaOnevisionConfig(
        text_config=Qwen2Config(**sizes.language, **word_ids(words)),
        vision_config=SiglipVisionConfig(**sizes.vision, vision_use_head=False),
        image_token_index=words.get_vocab()["<image>"],
        video_token_index=words.get_vocab()["<video>"],
        image_grid_pinpoints=grid,
    )
    pictures = LlavaOnevisionImageProcessor(
        size={"height": side, "width": side}, image_grid_pinpoints=grid
    )
    processor = LlavaOnevisionProcessor(
        pictures,
        words,
        LlavaOnevisionVideoProcessor(size={"height": side, "width": side}),
        num_image_tokens=(side // sizes.patch) ** 2,
        vision_feature_select_strategy="full",
        chat_template=template,
    )
    return LlavaOnevisionForConditionalGeneration(config), processor


BUILDERS = {"llava": _llava, "llava_onevision": _onevision}


def main() -> None:
    """Write one checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=sorted(BUILDERS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    save_tiny(given.kind, given.folder, seed=given.seed)


if __name__ == "__main__":
    main()
