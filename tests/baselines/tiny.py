"""Tiny checkpoints of four rivals' native classes: random weights, real processors.

The chat templates are those of the published checkpoints: LLaVA-1.5's and LLaVA-OneVision's
`chat_template.json`, the one that transformers' own conversion of InternVL writes, and
Qwen2.5-VL's.
"""

from functools import cache

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    GotOcr2ImageProcessor,
    InternVLConfig,
    InternVLForConditionalGeneration,
    InternVLProcessor,
    InternVLVideoProcessor,
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
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2Config,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
    SiglipVisionConfig,
)

SIZE = 28
PATCH = 14
LANGUAGE = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
    "initializer_range": 0.3,
}
VISION = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": SIZE,
    "patch_size": PATCH,
}
IMAGES_FIRST = (
    "{# Render all images first #}{% for content in message['content'] | "
    "selectattr('type', 'equalto', 'image') %}{{ '<image>\n' }}{% endfor %}"
)
TEXTS = "{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}"
TEMPLATES = {
    "llava": "{% for message in messages %}{% if message['role'] != 'system' %}"
    "{{ message['role'].upper() + ': '}}{% endif %}"
    + IMAGES_FIRST
    + TEXTS
    + "{{ content['text'] + ' '}}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}",
    "llava_onevision": "{% for message in messages %}{{'<|im_start|>' + message['role'] + ' '}}"
    + IMAGES_FIRST
    + TEXTS
    + "{{ content['text'] }}{% endfor %}{{'<|im_end|>'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "internvl": "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n'}}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for content in message['content'] %}{% if content['type'] == 'image' %}"
    "{{ '<IMG_CONTEXT>\n' }}{% elif content['type'] == 'text' %}{{ content['text'] }}{% endif %}"
    "{% endfor %}{% endif %}{{'<|im_end|>\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{'<|im_start|>assistant\n' }}{% endif %}",
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
    "<s>", "</s>", "<pad>", "<image>", "<video>", "<img>", "</img>", "<IMG_CONTEXT>",
    "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>",
    "<|video_pad|>",
)  # fmt: skip
CORPUS = [
    "USER: ASSISTANT: Analyze the facial features in this image. Is this a face with bushy hair?",
    "Answer with yes or no. Answer with the option's letter from the given choices directly.",
    *["Yes", "No", "yes", "no", " Yes", " No"] * 20,
    *[f"{space}{letter}" for letter in "ABCDEFGHIJ" for space in ("", " ")] * 9,
]


@cache
def _backend():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer.to_str()


def tokenizer():
    """Byte-level, with the special tokens of all four."""
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(_backend()),
        eos_token="</s>",
        pad_token="<pad>",
        extra_special_tokens={
            "start_image_token": "<img>",
            "end_image_token": "</img>",
            "context_image_token": "<IMG_CONTEXT>",
            "video_token": "<video>",
        },
    )


def save(kind, folder, seed=0):
    """Write a checkpoint of this kind into `folder` and return the model."""
    torch.manual_seed(seed)
    words = tokenizer()
    model, processor = BUILDERS[kind](words, TEMPLATES[kind])
    model.generation_config.eos_token_id = words.eos_token_id
    model.generation_config.pad_token_id = words.pad_token_id
    model.eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    return model


def _ids(words):
    return {"vocab_size": len(words), "eos_token_id": words.eos_token_id, "bos_token_id": None}


def _llava(words, template):
    config = LlavaConfig(
        text_config=LlamaConfig(**LANGUAGE, **_ids(words)),
        vision_config=CLIPVisionConfig(**VISION),
        image_token_id=words.convert_tokens_to_ids("<image>"),
    )
    pictures = CLIPImageProcessor(
        size={"shortest_edge": SIZE}, crop_size={"height": SIZE, "width": SIZE}
    )
    processor = LlavaProcessor(
        pictures,
        words,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template,
    )
    return LlavaForConditionalGeneration(config), processor


def _onevision(words, template):
    config = LlavaOnevisionConfig(
        text_config=Qwen2Config(**LANGUAGE, **_ids(words)),
        vision_config=SiglipVisionConfig(**VISION, vision_use_head=False),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        video_token_id=words.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=[[SIZE, SIZE], [SIZE, 2 * SIZE], [2 * SIZE, SIZE]],
    )
    pictures = LlavaOnevisionImageProcessor(
        size={"height": SIZE, "width": SIZE}, image_grid_pinpoints=config.image_grid_pinpoints
    )
    processor = LlavaOnevisionProcessor(
        pictures,
        words,
        LlavaOnevisionVideoProcessor(size={"height": SIZE, "width": SIZE}),
        num_image_tokens=(SIZE // PATCH) ** 2,
        vision_feature_select_strategy="full",
        chat_template=template,
    )
    return LlavaOnevisionForConditionalGeneration(config), processor


def _internvl(words, template):
    vision = VISION | {"image_size": [SIZE, SIZE], "patch_size": [PATCH, PATCH]}
    config = InternVLConfig(
        text_config=Qwen2Config(**LANGUAGE, **_ids(words)).to_dict(),
        vision_config=vision,
        image_token_id=words.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=1,
        downsample_ratio=0.5,
    )
    processor = InternVLProcessor(
        GotOcr2ImageProcessor(size={"height": SIZE, "width": SIZE}),
        words,
        InternVLVideoProcessor(size={"height": SIZE, "width": SIZE}),
        image_seq_length=1,
        chat_template=template,
    )
    return InternVLForConditionalGeneration(config), processor


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


BUILDERS = {
    "llava": _llava,
    "llava_onevision": _onevision,
    "internvl": _internvl,
    "qwen2_5_vl": _qwen,
}
