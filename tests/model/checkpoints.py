"""Tiny checkpoints, with random weights, in the layouts of the published ones.

Names of tensors, files, shards and entries of `config.json` are those of the repositories on the
Hugging Face hub, written here by hand and not by the loading library; only the sizes are small.
Published weights are float16, so they are rounded to float16 here, and the model that each function
returns holds the very same numbers in float32.
"""

import json
from functools import cache
from pathlib import Path

import gguf
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaTokenizer,
    LlavaConfig,
    LlavaForConditionalGeneration,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    ViTConfig,
    ViTForImageClassification,
)
from transformers.convert_slow_tokenizer import import_protobuf

SIZE = 32  # side of a picture
PATCH = 8
LANGUAGE = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "initializer_range": 0.2,
}
VISION = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "image_size": SIZE,
    "patch_size": PATCH,
}
_WORDS = (
    "A chat between a curious human and an artificial intelligence assistant. The assistant gives "
    "helpful, detailed, and polite answers to the human's questions. USER: ASSISTANT: "
    "Analyze the facial features in this image. a photo of a person with and without hair "
)
_CORPUS = [_WORDS, _WORDS.lower(), *["yes no"] * 9, *"abcdefghijklmnopqrstuvwxyz0123456789-,.:'"]


@cache
def _byte_pairs(kind):
    """Vocabulary and merges of a byte-pair encoding: `llama`, `clip` or `bytes` (Qwen)."""
    ending = {"end_of_word_suffix": "</w>"} if kind == "clip" else {}
    tokenizer = Tokenizer(models.BPE(**ending))
    if kind == "llama":
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
        special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        special = []
    trainer = trainers.BpeTrainer(
        vocab_size=900,
        special_tokens=special,
        show_progress=False,
        initial_alphabet=[] if kind == "llama" else pre_tokenizers.ByteLevel.alphabet(),
        **ending,
    )
    tokenizer.train_from_iterator(_CORPUS, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    vocabulary = dict(sorted(model["vocab"].items(), key=lambda item: item[1]))
    return vocabulary, [tuple(merge) for merge in model["merges"]]


def llama_tokenizer():
    vocabulary, merges = _byte_pairs("llama")
    return LlamaTokenizer(vocab=vocabulary, merges=merges, add_bos_token=True)


def llava_tokenizer():
    """Llama's, with the two tokens that LLaVA adds behind it."""
    tokenizer = llama_tokenizer()
    tokenizer.add_tokens(["<image>", "<pad>"], special_tokens=True)
    tokenizer.pad_token = "<pad>"
    return tokenizer


def write_sentencepiece(folder):
    """Llama's tokenizer in its first form, `tokenizer.model`, and nothing else."""
    proto = import_protobuf().ModelProto()
    kinds = {"<unk>": 2, "<s>": 3, "</s>": 3}
    for piece, i in _byte_pairs("llama")[0].items():
        kind = kinds.get(piece, 6 if piece.startswith("<0x") else 1)
        proto.pieces.add(piece=piece, score=-float(i) if kind == 1 else 0.0, type=kind)
    proto.trainer_spec.model_type = 2  # byte pairs
    proto.trainer_spec.byte_fallback = True
    proto.normalizer_spec.add_dummy_prefix = True
    (folder / "tokenizer.model").write_bytes(proto.SerializeToString())
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    config = {"add_bos_token": True, "add_eos_token": False, "legacy": False, **names}
    write_json(folder / "tokenizer_config.json", config | {"tokenizer_class": "LlamaTokenizer"})
    write_json(folder / "special_tokens_map.json", names)


def qwen_tokenizer():
    """Byte-level, without a begin-of-sequence token."""
    vocabulary, merges = _byte_pairs("bytes")
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend)
    tokenizer.add_tokens(["<|endoftext|>"], special_tokens=True)
    tokenizer.eos_token = tokenizer.pad_token = "<|endoftext|>"
    return tokenizer


def write_clip_tokenizer(folder):
    """`vocab.json` and `merges.txt`, the form that CLIP's repositories have had from the start."""
    vocabulary, merges = _byte_pairs("clip")
    for token in ("<|startoftext|>", "<|endoftext|>"):
        vocabulary = vocabulary | {token: len(vocabulary)}
    write_json(folder / "vocab.json", vocabulary)
    lines = ["#version: 0.2", *(" ".join(merge) for merge in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    names = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>"}
    names |= {"unk_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}
    write_json(folder / "special_tokens_map.json", names)
    write_json(
        folder / "tokenizer_config.json",
        names | {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77},
    )
    return CLIPTokenizer.from_pretrained(folder)


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def write_weights(folder, state, form="safetensors", shards=1):
    """Write tensors as `model.safetensors` or `pytorch_model.bin`, or in shards with an index."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = {"safetensors": "model", "bin": "pytorch_model"}[form]
    names = sorted(state)
    places = {}
    for number in range(shards):
        part = {name: state[name].contiguous() for name in names[number::shards]}
        file = f"{stem}.{form}"
        if shards > 1:
            file = f"{stem}-{number + 1:05}-of-{shards:05}.{form}"
        if form == "bin":
            torch.save(part, folder / file)
        else:
            save_file(part, folder / file, metadata={"format": "pt"})
        places |= dict.fromkeys(part, file)
    if shards > 1:
        total = sum(t.numel() * t.element_size() for t in state.values())
        index = {"metadata": {"total_size": total}, "weight_map": places}
        write_json(folder / f"{stem}.{form}.index.json", index)


def _rounded(model):
    """The model and its state in float16, both holding the same numbers."""
    for parameter in model.parameters():  # not the buffers: rotary frequencies stay as they are
        parameter.data = parameter.data.half().float()
    return model.eval(), {name: t.half() for name, t in model.state_dict().items()}


def _padded(size):
    """LLaVA's matrices have more rows than its tokenizer has tokens: a multiple of 64."""
    return -(-size // 64) * 64


def write_llava(folder, naming="published", language=None, vision=None):
    """`llava-hf/llava-1.5-7b-hf`: three shards of safetensors, vision tower and projector present.

    Args:
        folder: new folder.
        naming: `published` (`language_model.model.*`, `vision_tower.*`, ...), or `newer`
            (`model.language_model.*`, `lm_head.*`, ...), as later versions hold it in memory.
        language: other sizes of the language model.
        vision: other sizes of the vision tower.
    """
    folder = Path(folder)
    tokenizer = llava_tokenizer()
    rows = _padded(len(tokenizer))
    config = {
        "architectures": ["LlavaForConditionalGeneration"],
        "ignore_index": -100,
        "image_token_index": tokenizer.convert_tokens_to_ids("<image>"),
        "model_type": "llava",
        "pad_token_id": tokenizer.pad_token_id,
        "projector_hidden_act": "gelu",
        "text_config": {
            "_name_or_path": "lmsys/vicuna-7b-v1.5",
            "architectures": ["LlamaForCausalLM"],
            "max_position_embeddings": 4096,
            "model_type": "llama",
            "rms_norm_eps": 1e-05,
            "torch_dtype": "float16",
            "vocab_size": rows,
            **LANGUAGE,
            **(language or {}),
        },
        "tie_word_embeddings": False,
        "torch_dtype": "float16",
        "transformers_version": "4.36.0.dev0",
        "vision_config": {
            "model_type": "clip_vision_model",
            "projection_dim": 24,
            "vocab_size": 32000,
            **VISION,
            **(vision or {}),
        },
        "vision_feature_layer": -2,
        "vision_feature_select_strategy": "default",
        "vocab_size": rows,
    }
    write_json(folder / "config.json", config)
    model = LlavaForConditionalGeneration(LlavaConfig.from_pretrained(folder))
    with torch.no_grad():  # as large as trained ones: random tokens would be drowned by words
        for parameter in model.model.multi_modal_projector.parameters():
            parameter.mul_(8)
    model, state = _rounded(model)
    names = {
        "model.language_model.": "language_model.model.",
        "lm_head.": "language_model.lm_head.",
        "model.vision_tower.": "vision_tower.vision_model.",
        "model.multi_modal_projector.": "multi_modal_projector.",
    }
    if naming == "newer":
        names = {"model.vision_tower.": "model.vision_tower.vision_model."}
    write_weights(folder, {_renamed(name, names): t for name, t in state.items()}, shards=3)
    tokenizer.save_pretrained(folder)
    write_json(folder / "preprocessor_config.json", CLIP_PROCESSOR)
    return model


def _renamed(name, prefixes):
    for old, new in prefixes.items():
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name


CLIP_PROCESSOR = {
    "crop_size": {"height": SIZE, "width": SIZE},
    "do_center_crop": True,
    "do_convert_rgb": True,
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_processor_type": "CLIPImageProcessor",
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "resample": 3,
    "rescale_factor": 0.00392156862745098,
    "size": {"shortest_edge": SIZE},
}


def write_vicuna(folder, form="bin", shards=2):
    """`lmsys/vicuna-7b-v1.5`: shards of `pytorch_model.bin`, rotary frequencies among the tensors.

    The tokenizer is written as `tokenizer.json`.
    """
    folder = Path(folder)
    tokenizer = llama_tokenizer()
    config = {
        "_name_or_path": "vicuna-7b-v1.5",
        "architectures": ["LlamaForCausalLM"],
        "bos_token_id": 1,
        "eos_token_id": 2,
        "hidden_act": "silu",
        "max_position_embeddings": 4096,
        "model_type": "llama",
        "pad_token_id": 0,
        "pretraining_tp": 1,
        "rms_norm_eps": 1e-05,
        "rope_scaling": None,
        "tie_word_embeddings": False,
        "torch_dtype": "float16",
        "transformers_version": "4.31.0",
        "use_cache": True,
        "vocab_size": len(tokenizer),
        **LANGUAGE,
    }
    write_json(folder / "config.json", config)
    model, state = _rounded(LlamaForCausalLM(LlamaConfig.from_pretrained(folder)))
    for layer in range(LANGUAGE["num_hidden_layers"]):
        state[f"model.layers.{layer}.self_attn.rotary_emb.inv_freq"] = torch.rand(4)
    write_weights(folder, state, form, shards)
    tokenizer.save_pretrained(folder)
    return model


def write_mistral(folder):
    """`mistralai/Mistral-7B-v0.1`: two shards of safetensors, grouped-query attention."""
    folder = Path(folder)
    tokenizer = llama_tokenizer()
    config = {
        "architectures": ["MistralForCausalLM"],
        "bos_token_id": 1,
        "eos_token_id": 2,
        "model_type": "mistral",
        "rms_norm_eps": 1e-05,
        "rope_theta": 10000.0,
        "sliding_window": 4096,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "vocab_size": len(tokenizer),
        **LANGUAGE,
        "num_key_value_heads": 2,
    }
    write_json(folder / "config.json", config)
    model, state = _rounded(MistralForCausalLM(MistralConfig.from_pretrained(folder)))
    write_weights(folder, state, shards=2)
    tokenizer.save_pretrained(folder)
    return model


def write_qwen2(folder):
    """`Qwen/Qwen2-0.5B`: one file, output matrix tied to the word embeddings and not stored."""
    folder = Path(folder)
    tokenizer = qwen_tokenizer()
    config = {
        "architectures": ["Qwen2ForCausalLM"],
        "bos_token_id": tokenizer.eos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "model_type": "qwen2",
        "rms_norm_eps": 1e-06,
        "rope_theta": 1000000.0,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "vocab_size": _padded(len(tokenizer)),
        **LANGUAGE,
    }
    write_json(folder / "config.json", config)
    model, state = _rounded(Qwen2ForCausalLM(Qwen2Config.from_pretrained(folder)))
    del state["lm_head.weight"]
    write_weights(folder, state)
    tokenizer.save_pretrained(folder)
    return model


def write_clip(folder, form="safetensors", vision=None):
    """`openai/clip-vit-large-patch14-336`, and `FLIP-dataset/FLIP-base-16`, whose authors load it
    with the same class: both encoders in one file, position numbers among the tensors.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = write_clip_tokenizer(folder)
    text = {
        "bos_token_id": 0,
        "eos_token_id": 2,  # as published, though neither number is the tokenizer's
        "pad_token_id": 1,
        "hidden_act": "quick_gelu",
        "hidden_size": 16,
        "intermediate_size": 32,
        "max_position_embeddings": 77,
        "model_type": "clip_text_model",
        "num_attention_heads": 2,
        "num_hidden_layers": 2,
        "projection_dim": 24,
        "vocab_size": len(tokenizer),
    }
    picture = {
        "hidden_act": "quick_gelu",
        "model_type": "clip_vision_model",
        "projection_dim": 24,
        **VISION,
        **(vision or {}),
    }
    config = {
        "architectures": ["CLIPModel"],
        "initializer_factor": 1.0,
        "logit_scale_init_value": 2.6592,
        "model_type": "clip",
        "projection_dim": 24,
        "text_config": text,
        "text_config_dict": {k: v for k, v in text.items() if k != "model_type"},
        "torch_dtype": "float32",
        "vision_config": picture,
        "vision_config_dict": {k: v for k, v in picture.items() if k != "model_type"},
    }
    write_json(folder / "config.json", config)
    model, state = _rounded(CLIPModel(CLIPConfig.from_pretrained(folder)))
    state["text_model.embeddings.position_ids"] = torch.arange(77)[None]
    positions = (picture["image_size"] // picture["patch_size"]) ** 2 + 1
    state["vision_model.embeddings.position_ids"] = torch.arange(positions)[None]
    write_weights(folder, state, form)
    write_json(folder / "preprocessor_config.json", CLIP_PROCESSOR)
    return model


def write_vit(folder, form="safetensors"):
    """`google/vit-base-patch16-224`: a classifier on top, no pooler."""
    folder = Path(folder)
    sizes = {k: v for k, v in VISION.items() if k != "num_hidden_layers"}
    config = {
        "architectures": ["ViTForImageClassification"],
        "attention_probs_dropout_prob": 0.0,
        "encoder_stride": 16,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.0,
        "id2label": {str(i): f"LABEL_{i}" for i in range(7)},
        "label2id": {f"LABEL_{i}": i for i in range(7)},
        "layer_norm_eps": 1e-12,
        "model_type": "vit",
        "num_channels": 3,
        "num_hidden_layers": 2,
        "qkv_bias": True,
        **sizes,
    }
    write_json(folder / "config.json", config)
    model, state = _rounded(ViTForImageClassification(ViTConfig.from_pretrained(folder)))
    names = {
        r"vit.layers.": "vit.encoder.layer.",
        r".attention.q_proj.": ".attention.attention.query.",
        r".attention.k_proj.": ".attention.attention.key.",
        r".attention.v_proj.": ".attention.attention.value.",
        r".attention.o_proj.": ".attention.output.dense.",
        r".mlp.fc1.": ".intermediate.dense.",
        r".mlp.fc2.": ".output.dense.",
    }
    published = {}
    for name, tensor in state.items():
        for old, new in names.items():
            name = name.replace(old, new)
        published[name] = tensor
    write_weights(folder, published, form)
    return model


CHATML = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful AI assistant<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_GGUF_NAMES = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def write_gguf(path):
    """SmolLM2-135M-Instruct as llama.cpp converts it: matrices in Q4_1, word embeddings in Q8_0,
    the output matrix tied to them, grouped-query attention, ChatML.

    Returns:
        The model, which holds the very numbers that the file holds.
    """
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    vocabulary, merges = _byte_pairs("bytes")
    tokens = [*special, *vocabulary]
    heads, shared, layers, width = 4, 2, 3, 64
    config = LlamaConfig(
        hidden_size=width,
        intermediate_size=96,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=shared,
        max_position_embeddings=256,
        vocab_size=len(tokens),
        initializer_range=0.2,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 100000.0},
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
    )
    model = LlamaForCausalLM(config).eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(heads)
    writer.add_head_count_kv(shared)
    writer.add_rope_freq_base(100000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_rope_dimension_count(width // heads)
    writer.add_add_space_prefix(False)
    writer.add_add_bos_token(False)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3] * len(special) + [1] * len(vocabulary))
    writer.add_token_merges([" ".join(merge) for merge in merges])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_chat_template(CHATML)
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            kind = gguf.GGMLQuantizationType.Q4_1
            if name == "model.embed_tokens.weight":
                name, kind = "token_embd.weight", gguf.GGMLQuantizationType.Q8_0
            elif name == "model.norm.weight":
                name = "output_norm.weight"
            else:
                number, rest = name.removeprefix("model.layers.").split(".", 1)
                name = f"blk.{number}.{_GGUF_NAMES[rest.removesuffix('.weight')]}.weight"
            if tensor.ndim == 1:
                tensor.uniform_(0.5, 1.5)
                writer.add_tensor(name, tensor.numpy().copy())
                continue
            # llama.cpp turns halves of each head into pairs that rotate together.
            turned = {"attn_q": heads, "attn_k": shared}.get(name.split(".")[-2])
            rows = tensor.numpy()
            if turned:
                rows = rows.reshape(turned, 2, -1, width).swapaxes(1, 2).reshape(rows.shape)
            packed = gguf.quants.quantize(rows, kind)
            writer.add_tensor(name, packed, raw_dtype=kind)
            held = gguf.quants.dequantize(packed, kind)
            if turned:
                held = held.reshape(turned, -1, 2, width).swapaxes(1, 2).reshape(rows.shape)
            tensor.copy_(torch.from_numpy(held.copy()))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return model
