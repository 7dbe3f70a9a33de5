"""Batch normalisation over the batches of all processes together.

Its statistics are of the batch it sees. With a process's own part of the batch alone, training in
several processes would be another training than in one; here all parts count.
"""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm


def normalise_over_processes(model: nn.Module, device: torch.device) -> None:
    """Let every batch norm of a model that trains take its statistics over all processes.

    On a GPU by PyTorch's `SyncBatchNorm`, which is for GPUs only; on a CPU by the same arithmetic
    in plain operations. Names and shapes of what is saved stay as they are.

    Args:
        model: changed in place.
        device: where it will train.
    """
    if device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.forward = MethodType(_forward, module)  # type: ignore[method-assign]


def _forward(self: _BatchNorm, pictures: Tensor) -> Tensor:
    """[B, C, ...] of this process, normalised by mean and variance over all processes."""
    if not self.training:
        return type(self).forward(self, pictures)
    axes = [0, *range(2, pictures.ndim)]
    shape = [1, -1] + [1] * (pictures.ndim - 2)
    # Sums in double precision, as in PyTorch's own on a CPU.
    wide = pictures.double()
    n = wide.new_full((1,), pictures.numel() / pictures.shape[1])
    total = _Sum.apply(torch.cat([wide.sum(axes), n]))
    count = total[-1].detach()
    mean = total[:-1] / count
    centred = wide - mean.view(shape)
    variance = _Sum.apply(centred.square().sum(axes)) / count
    _track(self, mean.detach(), variance.detach() * count / (count - 1))
    normal = centred * (variance + self.eps).rsqrt().view(shape)
    if self.affine:
        normal = normal * self.weight.view(shape) + self.bias.view(shape)
    return normal.to(pictures.dtype)


@torch.no_grad()
def _track(norm: _BatchNorm, mean: Tensor, variance: Tensor) -> None:
    """Move the running statistics, as PyTorch's own batch norm does."""
    if norm.running_mean is None or norm.running_var is None:
        return
    share = norm.momentum
    if norm.num_batches_tracked is not None:
        norm.num_batches_tracked.add_(1)
        if share is None:
            share = 1 / float(norm.num_batches_tracked)
    norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), share or 0.0)
    norm.running_var.lerp_(variance.to(norm.running_var.dtype), share or 0.0)


class _Sum(torch.autograd.Function):
    """Sum over processes; its gradient is the sum of the gradients of all of them."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        value = value.clone()
        distributed.all_reduce(value)
        return value

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        gradient = gradient.contiguous().clone()
        distributed.all_reduce(gradient)
        return gradient
