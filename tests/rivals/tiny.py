"""Tiny checkpoints of three rivals' native classes: random weights, real processors.

Beside the project's own two Qwen2.5-VL, with its published chat template: its text goes on from
positions in two dimensions.
"""

from functools import partial

import torch
from experiments.tiny_checkpoints import word_ids as _ids
from transformers import (
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
)

from experiments import tiny_checkpoints as tiny

SIZE = 28
PATCH = 14
SIZES = tiny.Sizes(image=SIZE, patch=PATCH, width=32, layers=2, spread=0.3)
LANGUAGE = SIZES.language
VISION = SIZES.vision
TEMPLATES = tiny.TEMPLATES | {
    "qwen2_5_vl": "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}"
    "{{ message['content'] }}<|im_end|>\n{% else %}{% for content in message['content'] %}"
    "{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% elif 'text' in content %}{{ content['text'] }}"
    "{% endif %}{% endfor %}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
}
SPECIAL = (
    *("<s>", "</s>", "<pad>", "<image>", "<video>", "<|im_start|>", "<|im_end|>"),
    *("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"),
)


def save(kind, folder, seed=0):
    """Write a checkpoint of this kind into `folder` and return the model."""
    words = tiny.build_words(SPECIAL)
    torch.manual_seed(seed)
    model, processor = BUILDERS[kind](words, TEMPLATES[kind])
    return tiny.save_checkpoint(model, processor, words, folder)


def _qwen(words, template):
    def id_of(token):
        return words.convert_tokens_to_ids(token)

    config = Qwen2_5_VLConfig(
        text_config={
            **LANGUAGE,
            **_ids(words),
            "rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2]},
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_heads": 4,
            "patch_size": PATCH,
            "out_hidden_size": LANGUAGE["hidden_size"],
            "fullatt_block_indexes": [1],
            "window_size": 56,
        },
        image_token_id=id_of("<|image_pad|>"),
        video_token_id=id_of("<|video_pad|>"),
        vision_start_token_id=id_of("<|vision_start|>"),
        vision_end_token_id=id_of("<|vision_end|>"),
    )
    processor = Qwen2_5_VLProcessor(
        Qwen2VLImageProcessor(size={"shortest_edge": 28 * 28, "longest_edge": 84 * 84}),
        words,
        Qwen2VLVideoProcessor(),
        chat_template=template,
    )
    return Qwen2_5_VLForConditionalGeneration(config), processor


BUILDERS = {kind: partial(build, sizes=SIZES) for kind, build in tiny.BUILDERS.items()} | {
    "qwen2_5_vl": _qwen,
}
