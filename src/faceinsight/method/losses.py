"""The losses: over the labels that are known (Eq. 3), and over the rules (Eq. 9).

Their sum, Eq. 4, is taken in `FaceInsightModel.forward`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from faceinsight.method.rules.compiler import RuleSet


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
    terms = functional.binary_cross_entropy_with_logits(
        logits, labels.clamp_min(0).float(), reduction="none"
    )
    return torch.where(known, terms, 0.0).sum() / max(len(logits), 1)


class LogicalLoss(nn.Module):
    """Expected number of broken rules, if characteristics were independent (Eq. 9).

    For rule j of a face, V(rule_j) P(y_j) is the exact probability that it is broken: the sum of
    its disjoint ways to be broken, each a product of probabilities. Products are sums of
    log P = logsigmoid(z) and log(1 - P) = logsigmoid(-z), so that logits of any size give finite
    values and gradients.

    The two matrices are rebuilt from the rules on each device and are no buffers: nothing of this
    module is saved with a model, or lost when one is built without storage (meta device).

    Args:
        ruleset: M rules over K characteristics.
    """

    def __init__(self, ruleset: RuleSet) -> None:
        super().__init__()
        self.ruleset = ruleset
        self._on: dict[tuple[torch.device, torch.dtype], tuple[Tensor, Tensor]] = {}

    def violation_probability(self, logits: Tensor) -> Tensor:
        """Probability of each rule to be broken.

        Args:
            logits: [B, K] float, finite; P = sigmoid(logits). Computed in float64 if they are so,
                else in float32.

        Returns:
            [B, M], in [0, 1] up to rounding.
        """
        with torch.autocast(logits.device.type, enabled=False):
            logits = logits if logits.dtype == torch.float64 else logits.float()
            literals, cubes = self._matrices(logits)
            log_p = torch.cat([functional.logsigmoid(logits), functional.logsigmoid(-logits)], 1)
            return (log_p @ literals).exp() @ cubes

    def forward(self, logits: Tensor) -> Tensor:
        """The loss: summed over rules, averaged over faces.

        Args:
            logits: [B, K] float, finite.

        Returns:
            Scalar, 0 where no rule can be broken, at most M.
        """
        return self.violation_probability(logits).sum(1).mean()

    def _matrices(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Literals of cubes [2K, C] and cubes of rules [C, M], of ones and zeros."""
        key = (logits.device, logits.dtype)
        if key not in self._on:
            rules, k = self.ruleset, len(self.ruleset.ids)
            count = len(rules.cube_rule)
            # Not inference tensors even if first used under inference mode: training may follow.
            with torch.inference_mode(False):
                literals = torch.zeros(2 * k, count, dtype=logits.dtype, device="cpu")
                row = rules.literal_column + k * ~rules.literal_present
                literals[torch.from_numpy(row), torch.from_numpy(rules.literal_cube)] = 1
                cubes = torch.zeros(count, len(rules), dtype=logits.dtype, device="cpu")
                cubes[torch.arange(count, device="cpu"), torch.from_numpy(rules.cube_rule)] = 1
                self._on[key] = literals.to(logits.device), cubes.to(logits.device)
        return self._on[key]
