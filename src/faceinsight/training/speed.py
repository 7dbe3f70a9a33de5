"""How fast a model trains, in images and in arithmetic.

The arithmetic of a step is counted, not estimated, and compared with the machine's own rate of
matrix products where that was measured.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import distributed
from torch._subclasses import FakeTensorMode
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from faceinsight.training.settings import TrainingSettings

if TYPE_CHECKING:
    from faceinsight.model.modeling import FaceInsightModel


@dataclass(frozen=True)
class Rates:
    """Rates over all processes.

    Attributes:
        images_per_second: of training, evaluations and checkpoints not counted.
        gflop_per_image: arithmetic that training on one image needs, in 10^9 operations.
        tflop_per_second: arithmetic done, in 10^12 operations a second.
        matrix_tflop_per_second: the machine's rate of matrix products; None if not measured.
        matrix_rate_share: the rate of training over that; None if not measured.
    """

    images_per_second: float
    gflop_per_image: float
    tflop_per_second: float
    matrix_tflop_per_second: float | None
    matrix_rate_share: float | None

    def __str__(self) -> str:
        text = f"{self.images_per_second:.4g} images/s, {self.tflop_per_second:.3g} TFLOP/s"
        if self.matrix_rate_share is not None:
            text += f", {self.matrix_rate_share:.1%} of the machine's matrix rate"
        return text


@dataclass(frozen=True)
class Speed:
    """What images per second mean in arithmetic.

    Attributes:
        flops_per_image: see `training_flops_per_image`.
        matrix_rate: of all processes' devices, in FLOP/s; None if not measured.
    """

    flops_per_image: float
    matrix_rate: float | None

    @classmethod
    def of(cls, model: FaceInsightModel, settings: TrainingSettings, device: torch.device) -> Speed:
        """Count a model's arithmetic, and measure this machine if the settings say so."""
        rate = None
        if settings.measure_matrix_rate:
            dtype = torch.bfloat16 if settings.precision == "bf16" else torch.float32
            total = torch.tensor(matrix_rate(device, dtype), device=device)
            if distributed.is_initialized():
                distributed.all_reduce(total)
            rate = total.item()
        return cls(training_flops_per_image(model), rate)

    def rates(self, images_per_second: float) -> Rates:
        """All rates that follow from one of them."""
        flops = self.flops_per_image * images_per_second
        return Rates(
            images_per_second=images_per_second,
            gflop_per_image=self.flops_per_image / 1e9,
            tflop_per_second=flops / 1e12,
            matrix_tflop_per_second=self.matrix_rate and self.matrix_rate / 1e12,
            matrix_rate_share=self.matrix_rate and flops / self.matrix_rate,
        )


def training_flops_per_image(model: FaceInsightModel) -> float:
    """Floating-point operations of matrix products that training on one image needs.

    PyTorch's own counter watches a forward and a backward pass over tensors without content:
    nothing is computed, and every kind of layer is counted by its shapes. Per parameter and token
    that is 2 forward, 2 for the gradient of the input where anything before it is trained, and 2
    for the gradient of the parameter where it is trained itself: 6 where a part is trained, 4 where
    a frozen part passes gradients on, 2 where it does not. Attention's products come on top, whole,
    as if nothing were masked. What is computed again to save memory does not count.

    Args:
        model: in any mode, on any device, not yet wrapped or sharded; not changed.

    Returns:
        FLOPs an image. What is done once a batch (the characteristic tokens) is left out.
    """
    return _step_flops(model, images=3) - _step_flops(model, images=2)


def _step_flops(model: FaceInsightModel, images: int) -> float:
    training = model.training
    # In evaluation mode no layer recomputes its activations, and gradients flow all the same.
    model.eval()
    try:
        with (
            FakeTensorMode(),
            sdpa_kernel(SDPBackend.MATH),
            torch.enable_grad(),
            FlopCounterMode(display=False) as counter,
        ):
            state = {
                name: torch.empty(tensor.shape, dtype=tensor.dtype, device="cpu").requires_grad_(
                    tensor.requires_grad
                )
                for tensors in (model.named_parameters(), model.named_buffers())
                for name, tensor in tensors
            }
            size = model.config.image_size
            batch = {"photographs": torch.empty(images, size, size, 3, dtype=torch.uint8)}
            if model.config.segmentation:
                batch["maps"] = torch.empty(images, size, size, dtype=torch.uint8)
            functional_call(model, state, kwargs=batch).logits.sum().backward()
    finally:
        model.train(training)
    return float(counter.get_total_flops())


def matrix_rate(device: torch.device, dtype: torch.dtype, seconds: float = 1.0) -> float:
    """Highest rate of square matrix products seen on a device, in FLOP/s.

    Args:
        device: where.
        dtype: of the factors.
        seconds: how long to measure.
    """
    n = 8192 if device.type == "cuda" else 1024
    a, b = (torch.randn(n, n, device=device, dtype=dtype) for _ in range(2))
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end or best == float("inf"):
        start = time.perf_counter()
        a @ b
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - start)
    return 2 * n**3 / best
