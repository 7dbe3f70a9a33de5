"""Hugging Face's LLaVA-1.5 on the same device; for `paper_scale.py`.

Two ways to the same 82 answers: describe the photograph in 100 tokens (and parse that), or ask one
yes/no question a characteristic. Both are given the best that transformers offers without other
software: several photographs or questions at a time, the logits of the last place only, and for
questions also the photograph's keys and values computed once.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from transformers import LlavaForConditionalGeneration

from paper_scale_models import NEW_TOKENS, QUESTION_TOKENS, llava, prompt
from paper_scale_ours import Setting
from timing import Results, forget_peak, peak_memory, seconds_of

CHARACTERISTICS = 82


def compare(results: Results, setting: Setting) -> None:
    """All of it with LLaVA's own vision tower, and generating with as many image tokens as ours."""
    text = results.measurements.get("model", {}).get("text_tokens", 40)
    for own_tower in (True, False):
        model = _build(results, setting, own_tower)
        if model is None:
            continue
        tokens = model.config.image_seq_length
        if own_tower:
            results.measure(
                "LLaVA, generating, batch 1", partial(_generate, model, setting, 1, text)
            )
            for each in (1, CHARACTERISTICS) if setting.on_gpu else (1, 4):
                results.measure(
                    f"LLaVA, {each} questions at a time",
                    partial(_questions, model, setting, each),
                )
            results.measure(
                "LLaVA, questions after one photograph", partial(_after, model, setting)
            )
        for batch in (32, 64, 128) if setting.on_gpu else (4, 16):
            results.measure(
                f"LLaVA, generating, batch {batch}, {tokens} image tokens",
                partial(_generate, model, setting, batch, text),
            )
        del model


def static_cache(results: Results, setting: Setting) -> None:
    """Generating with transformers' static cache, which compiles the decoding step on a GPU."""
    text = results.measurements.get("model", {}).get("text_tokens", 40)
    model = _build(results, setting, own_tower=True)
    if model is None:
        return
    for batch in (1, 64) if setting.on_gpu else (1,):
        results.measure(
            f"LLaVA, generating, batch {batch}, static cache",
            partial(_generate, model, setting, batch, text, cache="static"),
        )


def _build(
    results: Results, setting: Setting, own_tower: bool
) -> LlavaForConditionalGeneration | None:
    built: list[LlavaForConditionalGeneration] = []

    def build() -> dict[str, Any]:
        model = llava(setting.scale, setting.device, setting.dtype, own_tower=own_tower)
        built.append(model)
        return {
            "kind": "llava model",
            "parameters": sum(p.numel() for p in model.parameters()),
            "image_tokens": model.config.image_seq_length,
        }

    results.measure(f"LLaVA, {'its own' if own_tower else 'our'} vision tower", build)
    return built[0] if built else None


@torch.inference_mode()
def _generate(
    model: LlavaForConditionalGeneration,
    setting: Setting,
    batch: int,
    text_tokens: int,
    cache: str | None = None,
) -> dict[str, Any]:
    # The protocol that transformers types `generate` for asks for more than its LLaVA declares.
    language_model: Any = model
    inputs = prompt(model, batch, text_tokens)
    options: dict[str, Any] = {
        "do_sample": False,
        "pad_token_id": 0,
        "eos_token_id": None,
        "use_cache": True,
    }
    if cache:
        options["cache_implementation"] = cache

    def generate(tokens: int = NEW_TOKENS) -> torch.Tensor:
        lengths = {"max_new_tokens": tokens, "min_new_tokens": tokens}
        return language_model.generate(**inputs, **lengths, **options)

    forget_peak(setting.device)
    # A static cache is compiled for its length, so that the whole run must be repeated.
    made = generate(NEW_TOKENS if cache else 2).shape[1] - inputs["input_ids"].shape[1]
    if made != (NEW_TOKENS if cache else 2):
        raise ValueError(f"{made} tokens were generated")
    blocks = 3 if batch == 1 else 1
    times = seconds_of(
        generate, setting.device, least=0.0, blocks=blocks, warm=1 if batch == 1 else 0
    )
    return _row("generate", model, setting, batch, batch / times["seconds"], times) | {
        "variation": {"cache": cache} if cache else {},
        "new_tokens": NEW_TOKENS,
    }


@torch.inference_mode()
def _questions(model: LlavaForConditionalGeneration, setting: Setting, each: int) -> dict[str, Any]:
    """One forward pass of `each` questions, all with the photograph; 82 are extrapolated."""
    inputs = prompt(model, each, 35 + QUESTION_TOKENS)

    def ask() -> torch.Tensor:
        return model(**inputs, use_cache=False, logits_to_keep=1).logits

    forget_peak(setting.device)
    times = setting.time(ask)
    rate = each / times["seconds"] / CHARACTERISTICS
    return _row("questions", model, setting, each, rate, times) | {
        "variation": {},
        "extrapolated": each < CHARACTERISTICS,
    }


@torch.inference_mode()
def _after(model: LlavaForConditionalGeneration, setting: Setting) -> dict[str, Any]:
    """The photograph once, then all questions after its keys and values in one batch."""
    first = prompt(model, 1, 35)
    length = first["input_ids"].shape[1]
    questions = torch.randint(
        3, model.config.image_token_index, (CHARACTERISTICS, QUESTION_TOKENS), device=model.device
    )
    mask = questions.new_ones(CHARACTERISTICS, length + QUESTION_TOKENS)

    def ask() -> torch.Tensor:
        seen = model(**first, use_cache=True, logits_to_keep=1).past_key_values
        seen.batch_repeat_interleave(CHARACTERISTICS)
        return model(
            input_ids=questions,
            attention_mask=mask,
            past_key_values=seen,
            use_cache=True,
            logits_to_keep=1,
        ).logits

    forget_peak(setting.device)
    times = setting.time(ask)
    return _row("questions", model, setting, CHARACTERISTICS, 1 / times["seconds"], times) | {
        "variation": {"photograph": "once"},
        "extrapolated": False,
    }


def _row(
    kind: str,
    model: LlavaForConditionalGeneration,
    setting: Setting,
    batch: int,
    rate: float,
    times: dict[str, Any],
) -> dict[str, Any]:
    return {
        "kind": kind,
        "batch": batch,
        "image_tokens": model.config.image_seq_length,
        "images_per_second": rate,
        "peak_gib": peak_memory(setting.device),
        "times": times,
    }
