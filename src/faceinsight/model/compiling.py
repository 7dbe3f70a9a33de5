"""torch.compile for the language model, layer by layer."""

from __future__ import annotations

from typing import Any

from transformers import PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer


def compile_layers(language_model: PreTrainedModel, **options: Any) -> int:
    """Compile each layer of a language model, not the model as a whole.

    All layers share one compiled graph, so that a deep model compiles as fast as a shallow one.
    And what surrounds them runs as ever: transformers builds a mask of shape [B, 1, T, T] for plain
    causal attention while it is being compiled, and with a mask, PyTorch's flash attention is out.

    Weights and their names stay as they are, and so does gradient checkpointing.

    Args:
        language_model: any Hugging Face language model.
        options: of `torch.compile`.

    Returns:
        How many layers there are.
    """
    layers = [m for m in language_model.modules() if isinstance(m, GradientCheckpointingLayer)]
    for layer in layers:
        layer.compile(**options)
    return len(layers)
