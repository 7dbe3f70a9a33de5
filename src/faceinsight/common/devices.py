"""The device that something runs on."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from faceinsight.errors import ParameterError

if TYPE_CHECKING:
    import torch


def cores() -> int:
    """How many CPU cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def computes_in_bfloat16() -> bool:
    """Whether a GPU here, or else the CPU, has instructions that multiply matrices in bfloat16.

    Without them it is slower than float32.
    """
    import torch

    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    found = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return any(found.get(name, False) for name in ("amx_bf16", "avx512_bf16", "bf16"))


def known_device(name: str) -> str:
    """Pydantic validator: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`."""
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", name):
        raise ValueError(f"'{name}' is no device: auto, cpu, cuda, cuda:N or mps")
    return name


def find_device(name: str, parameter: str) -> torch.device:
    """The device of a name that `known_device` lets pass.

    Args:
        name: `auto` takes a GPU where PyTorch sees one, else the CPU.
        parameter: that gives the name.

    Raises:
        ParameterError: PyTorch sees no such device here. Nothing runs elsewhere than was asked for:
            who asks for a GPU would wait for days otherwise.
    """
    import torch

    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    device = torch.device(name if name != "auto" else "cuda" if gpus else "cpu")
    if device.type == "cuda" and (device.index or 0) >= gpus:
        seen = f"sees {gpus} GPU(s), counted from 0" if gpus else "sees no GPU"
        raise ParameterError(
            f"{parameter} is {name}, and PyTorch {seen}: set it to auto or cpu, or see to the "
            "driver and install a build of PyTorch for the GPU"
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ParameterError(
            f"{parameter} is mps, which this machine, or this build of PyTorch, has not: set it to "
            "auto or cpu"
        )
    return device
