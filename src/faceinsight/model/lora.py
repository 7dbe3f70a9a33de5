"""LoRA on the frozen language model, by way of peft.

Each linear layer W of the language model gets two small matrices, and computes
W x + alpha / r B A x; A and B are trained, W is not (Hu et al. 2022). peft makes, saves and loads
them. This module is imported only where `model.lora` is set, and peft with it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peft import LoraConfig, PeftModel, TaskType, get_peft_model, set_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from peft.utils import SAFETENSORS_WEIGHTS_NAME, get_peft_model_state_dict
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import PreTrainedModel

from faceinsight.errors import ParameterError, WeightsError
from faceinsight.model.encoders import one_line

FOLDER = "lora"
"""Where in a saved model peft's files lie."""

_OURS, _PEFTS = "language_model.", "base_model.model."


def add_lora(language_model: PreTrainedModel, settings: Mapping[str, Any]) -> PeftModel:
    """Put the matrices into the language model, in place; B is zero, so it computes what it did.

    Args:
        language_model: any causal language model; its own weights become frozen.
        settings: `LoraSettings` as plain values.

    Returns:
        peft's view of the same model, through which the matrices are saved and loaded. They are
        held in float32, whatever the number format of the language model.

    Raises:
        ParameterError: a target module is not there, or peft cannot put matrices beside it.
    """
    targets = settings["target_modules"]
    if not isinstance(targets, str):
        modules = [name for name, _ in language_model.named_modules()]
        for target in targets:
            if not any(name == target or name.endswith(f".{target}") for name in modules):
                raise ParameterError(
                    f"model.lora.target_modules: a {type(language_model).__name__} has no module "
                    f"'{target}'; its linear layers are {', '.join(_linear_layers(language_model))}"
                )
    config = LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        r=settings["rank"],
        lora_alpha=settings["alpha"],
        lora_dropout=settings["dropout"],
        target_modules=targets if isinstance(targets, str) else list(targets),
    )
    try:
        with warnings.catch_warnings():
            # peft reads an attribute of transformers by its older name.
            warnings.simplefilter("ignore", FutureWarning)
            return get_peft_model(language_model, config)
    except ValueError as error:
        raise ParameterError(f"model.lora: {one_line(error)}") from error


def is_lora(name: str) -> bool:
    """Whether a tensor of this name belongs to LoRA."""
    return ".lora_" in name


def train_dropout(language_model: nn.Module, mode: bool) -> None:
    """Switch LoRA's own dropout; the language model's modules stay as they are."""
    for module in language_model.modules():
        if isinstance(module, LoraLayer):
            module.lora_dropout.train(mode)


def save_lora(peft_model: PeftModel, folder: Path, state: Mapping[str, Tensor]) -> None:
    """Write peft's `adapter_model.safetensors` and `adapter_config.json` into `folder`/lora.

    Args:
        peft_model: what `add_lora` gave.
        folder: of the saved model.
        state: of the whole FaceInsight model, by its names.
    """
    own = {
        _PEFTS + name.removeprefix(_OURS): tensor.float()
        for name, tensor in state.items()
        if name.startswith(_OURS) and is_lora(name)
    }
    # Else peft asks the hub whether the base model's vocabulary has changed.
    peft_model.save_pretrained(str(folder / FOLDER), state_dict=own, save_embedding_layers=False)
    # An empty form; the model's own card is beside the folder.
    (folder / FOLDER / "README.md").unlink(missing_ok=True)


def load_lora(peft_model: PeftModel, folder: Path) -> None:
    """Put what `save_lora` wrote back, in place.

    Raises:
        WeightsError: a tensor is missing, too many, or of another shape.
    """
    load_matrices(
        peft_model,
        folder / FOLDER / SAFETENSORS_WEIGHTS_NAME,
        "it was not saved with the config.json of this model",
    )


def load_matrices(peft_model: PeftModel, path: Path, else_: str) -> None:
    """Put saved matrices into a model that has a place for each, and for no others.

    Args:
        peft_model: what peft made of a model.
        path: peft's `adapter_model.safetensors`.
        else_: what it means if they do not fit.

    Raises:
        WeightsError: a tensor is missing, too many, or of another shape.
    """
    try:
        saved = load_file(path)
    except Exception as error:
        raise WeightsError(f"{path} cannot be read: {one_line(error)}") from error
    own = get_peft_model_state_dict(peft_model, save_embedding_layers=False)
    wrong = sorted(saved.keys() ^ own.keys())
    wrong += sorted(k for k in saved.keys() & own.keys() if saved[k].shape != own[k].shape)
    if wrong:
        raise WeightsError(
            f"{path} lacks, has too many, or has in another shape: {', '.join(wrong[:5])}; {else_}"
        )
    set_peft_model_state_dict(peft_model, saved)


def _linear_layers(model: nn.Module) -> list[str]:
    names = (name for name, module in model.named_modules() if isinstance(module, nn.Linear))
    return sorted({name.rpartition(".")[2] for name in names} - {"lm_head"})
