"""The supervised loss of Eq. 3, over the labels that are known."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def masked_bce(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy, summed over known characteristics and averaged over images (Eq. 3).

    Args:
        logits: [B, K]; P(y_j) is their sigmoid.
        labels: [B, K] of 1 present, 0 absent, -1 unknown. An unknown label adds neither loss nor
            gradient; its image still counts in the mean.

    Returns:
        Scalar in nats an image, float32.
    """
    logits = logits.float()
    known = labels >= 0
    terms = F.binary_cross_entropy_with_logits(
        logits, labels.clamp_min(0).float(), reduction="none"
    )
    return torch.where(known, terms, 0.0).sum() / max(len(logits), 1)
