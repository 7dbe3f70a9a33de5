"""How many floating-point operations the model's matrix products need for one image.

An n x m matrix costs 2 n m operations a token: once forward, once more for the gradient of what
goes in, and once more for its own gradient. A frozen language model between trained adapters needs
the first two, 4 operations a parameter and token, and only the first in scoring.

Not counted: products inside attention (softmax(Q K) V: 2 % of the work at 7B and 514 tokens),
normalisation and other pointwise work, what is computed once a batch (characteristic tokens, the
two rows of the output matrix), and work that is done twice (gradient checkpointing). A share of the
machine's matrix rate that is computed from these counts is therefore a lower bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from faceinsight.model.modeling import FaceInsightModel


@dataclass(frozen=True)
class Work:
    """Floating-point operations for one image, by part.

    Attributes:
        language_model: all layers, over the whole sequence.
        encoders: image and segmentation encoder, over their tokens. Too few for a convolutional
            encoder, whose early layers work on more positions than it yields tokens.
        adapters: of image and segmentation tokens.
    """

    language_model: float
    encoders: float
    adapters: float

    @property
    def total(self) -> float:
        """Of all parts."""
        return self.language_model + self.encoders + self.adapters


def matrices(module: nn.Module) -> Iterator[nn.Linear | nn.Conv2d]:
    """The layers of a module that multiply by a matrix once a token; embeddings do not."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            yield layer


def matrix_parameters(module: nn.Module) -> int:
    """Number of weights in a module's matrices."""
    return sum(layer.weight.numel() for layer in matrices(module))


def sequence_length(model: FaceInsightModel) -> int:
    """T: tokens of the sequence of Eq. 2, for each image."""
    config = model.config
    pictures = [config.image_encoder] + [config.segmentation_encoder] * config.segmentation
    words = len(config.system_ids) + len(config.query_ids)
    return words + sum(part["tokens"] for part in pictures) + len(config.characteristics)


def work_per_image(model: FaceInsightModel, *, training: bool) -> Work:
    """Count the operations for one image.

    Args:
        model: what is trained in it decides what a training step costs.
        training: a training step, forward and backward; else scoring, forward alone.
    """
    config = model.config
    encoders = adapters = 0.0
    names = ["image"] + ["segmentation"] * config.segmentation
    for name in names:
        tokens = getattr(config, f"{name}_encoder")["tokens"]
        encoder, adapter = getattr(model, f"{name}_encoder"), getattr(model, f"{name}_adapter")
        # No gradient goes into pictures, but between the layers of a trained encoder one does.
        encoders += tokens * _operations(encoder, training, through=_is_trained(encoder))
        first, second = adapter.hidden, adapter.out
        adapters += tokens * _operations(first, training, through=_is_trained(encoder))
        adapters += tokens * _operations(second, training, through=True)
    body = model.language_model.base_model
    language = sequence_length(model) * _operations(body, training, through=True)
    return Work(language, encoders, adapters)


def _operations(module: nn.Module, training: bool, *, through: bool) -> float:
    """Operations a token; `through`: whether a gradient of the module's input is needed."""
    total = 0
    for layer in matrices(module):
        passes = 1 + training * (through + layer.weight.requires_grad)
        total += 2 * passes * layer.weight.numel()
    return total


def _is_trained(module: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters())
