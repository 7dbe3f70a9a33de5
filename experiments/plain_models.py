"""Plain networks to compare FaceInsight with: a ResNet-18, and two ways to classify with it.

Both read photographs alone and take the arguments of `FaceInsightModel.forward`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import ResNetConfig

from faceinsight.method.gcn import NEGATIVE_SLOPE
from faceinsight.method.losses import masked_bce
from faceinsight.model.encoders import Encoder, vision_model
from faceinsight.model.modeling import FaceInsightOutput

RESNET_18: dict[str, Any] = {
    "embedding_size": 64,
    "hidden_sizes": [64, 128, 256, 512],
    "depths": [2, 2, 2, 2],
}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as is usual
EMBEDDING, HIDDEN = 300, 1024  # of ML-GCN


class PlainNetwork(nn.Module):
    """A ResNet, the mean of its feature map, and a classifier of K characteristics.

    Args:
        classifier: pooled features [B, w] to logits [B, K].
        architecture: of the ResNet.
    """

    def __init__(self, classifier: nn.Module, architecture: dict[str, Any] | None = None) -> None:
        super().__init__()
        config = ResNetConfig(layer_type="basic", **(architecture or RESNET_18))
        self.encoder = Encoder(vision_model(config), -1, MEAN, STD)
        self.classifier = classifier

    def forward(
        self, photographs: Tensor, maps: Tensor | None = None, labels: Tensor | None = None
    ) -> FaceInsightOutput:
        """Photographs uint8 [B, S, S, 3] to logits [B, K]; the loss of Eq. 3 where labels are."""
        logits = self.classifier(self.encoder(photographs).mean(dim=1)).float()
        loss = None if labels is None else masked_bce(logits, labels)
        return FaceInsightOutput(loss=loss, logits=logits)


class GraphClassifier(nn.Module):
    """Classifiers that a graph network makes of the characteristics' embeddings.

    Chen et al. 2019, "Multi-Label Image Recognition with Graph Convolutional Networks" (ML-GCN):
    two layers H' = A H W over the label graph, with LeakyReLU(0.2) between them; row k of the
    second is the classifier of characteristic k. Their widths and initial weights. Their label
    embeddings are GloVe's; here they are learnt, as FaceInsight's text features are where nothing
    pretrained is at hand, and A is FaceInsight's prior.

    Args:
        adjacency: A, [K, K]; row k lists whom k listens to.
        width: w of the picture's features.
    """

    adjacency: Tensor

    def __init__(self, adjacency: np.ndarray, width: int) -> None:
        super().__init__()
        self.embeddings = nn.Parameter(torch.randn(len(adjacency), EMBEDDING))
        self.first = nn.Parameter(torch.empty(EMBEDDING, HIDDEN))
        self.second = nn.Parameter(torch.empty(HIDDEN, width))
        for weight in (self.first, self.second):
            nn.init.uniform_(weight, -(weight.shape[1] ** -0.5), weight.shape[1] ** -0.5)
        self.register_buffer("adjacency", torch.from_numpy(adjacency).float())

    def forward(self, features: Tensor) -> Tensor:
        """Features [B, w] to logits [B, K]."""
        hidden = F.leaky_relu(self.adjacency @ self.embeddings @ self.first, NEGATIVE_SLOPE)
        return features @ (self.adjacency @ hidden @ self.second).T


def one_sigmoid_each(
    characteristics: int, architecture: dict[str, Any] | None = None
) -> PlainNetwork:
    """A ResNet-18 with one logistic regression a characteristic."""
    width = (architecture or RESNET_18)["hidden_sizes"][-1]
    return PlainNetwork(nn.Linear(width, characteristics), architecture)


def ml_gcn(adjacency: np.ndarray, architecture: dict[str, Any] | None = None) -> PlainNetwork:
    """The same ResNet-18 with the classifier of ML-GCN over the given prior."""
    width = (architecture or RESNET_18)["hidden_sizes"][-1]
    return PlainNetwork(GraphClassifier(adjacency, width), architecture)
