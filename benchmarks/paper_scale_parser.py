"""The network of pyfacer's parser `farl/celebm/448` with random weights; for `paper_scale.py`.

Its published configuration: FaRL's ViT-B/16 at 448 pixels, hidden states of layers 4, 6, 8 and 12
at strides 4, 8, 16 and 32, and a UPerNet head 768 wide with 19 classes, in float32. Detection,
reading, warping and storing are not in it, so its rate is the most that segmentation can reach.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from transformers import UperNetConfig, ViTConfig, ViTModel
from transformers.models.upernet.modeling_upernet import UperNetHead

from timing import forget_peak, peak_memory, seconds_of

SIZE, WIDTH, PATCH, CLASSES = 448, 768, 16, 19
LAYERS = (4, 6, 8, 12)
BATCHES = (16, 64)


class ParserNetwork(nn.Module):
    """Pictures [B, 3, 448, 448] to logits [B, 19, 448, 448]."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = ViTModel(
            ViTConfig(image_size=SIZE, patch_size=PATCH), add_pooling_layer=False
        )
        self.strides = nn.ModuleList(
            [
                nn.Sequential(_twice(), nn.BatchNorm2d(WIDTH), nn.GELU(), _twice()),
                _twice(),
                nn.Identity(),
                nn.MaxPool2d(2),
            ]
        )
        config = UperNetConfig(hidden_size=WIDTH)
        config.num_labels = CLASSES
        self.head = UperNetHead(config, [WIDTH] * 4)

    def forward(self, pictures: Tensor) -> Tensor:
        states = self.backbone(pictures, output_hidden_states=True).hidden_states
        side = SIZE // PATCH
        maps = [states[layer][:, 1:].transpose(1, 2).unflatten(2, (side, side)) for layer in LAYERS]
        logits = self.head([step(m) for step, m in zip(self.strides, maps, strict=True)])
        return nn.functional.interpolate(logits, (SIZE, SIZE), mode="bilinear")


def parser_network(device: torch.device) -> dict[str, Any]:
    """Pictures a second through the network, at the better of two batch sizes."""
    if device.type != "cuda":
        return {"status": "not measured", "reason": "takes minutes on a CPU"}
    with torch.device(device):
        network = ParserNetwork().eval()
    rates = {}
    forget_peak(device)
    with torch.inference_mode():
        for batch in BATCHES:
            pictures = torch.rand(batch, 3, SIZE, SIZE, device=device)
            times = seconds_of(partial(network, pictures), device)
            rates[batch] = batch / times["seconds"]
    return {
        "kind": "parser network",
        "images_per_second": max(rates.values()),
        "batches": rates,
        "parameters": sum(p.numel() for p in network.parameters()),
        "peak_gib": peak_memory(device),
    }


def _twice() -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(WIDTH, WIDTH, kernel_size=2, stride=2)
