"""LoRA beside the linear layers of a vision-language model, by way of peft.

LLaVA's recipe: all linear layers of the language model but the output matrix. Where the image
encoder is trained, its linear layers and the projector's have LoRA as well.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from peft import LoraConfig, PeftModel, TaskType, get_peft_model
from torch import nn

from faceinsight.errors import WeightsError
from faceinsight.rivals.finetuning.settings import FinetuningSettings, ImageEncoder


def add_adapter(
    model: Any, settings: FinetuningSettings, image_encoder: ImageEncoder, checkpoint: str
) -> PeftModel:
    """Put LoRA's matrices into the model, in place; as B is zero, it computes what it did.

    Args:
        model: a native class of transformers; its own weights become frozen.
        image_encoder: whether it and the projector have LoRA as well.
        checkpoint: whose adapter this is, as its `adapter_config.json` shall say.
    """
    config = LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=target_modules(model, image_encoder),
        bias="none",
    )
    made = get_peft_model(model, config)
    made.peft_config[made.active_adapter].base_model_name_or_path = checkpoint
    return made


def target_modules(model: Any, image_encoder: ImageEncoder) -> str:
    """A regular expression that fits the full names of the layers that get LoRA, and no others.

    A vision-language model's image encoder has layers of the same last names (`q_proj`), so last
    names alone would not tell them apart.

    Raises:
        WeightsError: the model has no language model of its own, or no linear layer.
    """
    decoder = model.get_decoder()
    within = next((name for name, module in model.named_modules() if module is decoder), "")
    if not within:
        raise WeightsError(f"{type(model).__name__} has no language model apart from the rest")
    head = model.get_output_embeddings()
    names = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
        and module is not head
        and (image_encoder == "trained" or name.startswith(f"{within}."))
    ]
    if not names:
        raise WeightsError(f"{type(model).__name__} has no linear layer that LoRA could go beside")
    # One alternative for all layers of a stack: `layers.0.q_proj` and `layers.1.q_proj`.
    kinds = sorted({re.sub(r"\\\.\d+(?=\\\.|$)", r"\\.\\d+", re.escape(name)) for name in names})
    return "|".join(kinds)


def save_adapter(model: PeftModel, folder: Path) -> None:
    """Write peft's `adapter_model.safetensors` and `adapter_config.json` into `folder`."""
    # Else peft asks the hub whether the checkpoint's vocabulary has changed.
    model.save_pretrained(str(folder), save_embedding_layers=False)
    # An empty form of a model card.
    (folder / "README.md").unlink(missing_ok=True)
