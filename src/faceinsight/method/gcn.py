"""The correlation constraint module: text features refined over the prior (Eq. 8)."""

from __future__ import annotations

import warnings

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

with warnings.catch_warnings():
    # It still compiles with torch.jit on import, which newer versions of torch deprecate.
    warnings.simplefilter("ignore", FutureWarning)
    warnings.simplefilter("ignore", DeprecationWarning)
    from torch_geometric.nn import GCNConv

NEGATIVE_SLOPE = 0.2


def edges_of(adjacency: NDArray[np.floating]) -> tuple[Tensor, Tensor]:
    """Turn C_hat into torch-geometric's edges.

    Row i of C_hat lists whom i listens to, and torch-geometric's messages flow from `edge_index[0]`
    to `edge_index[1]`: the weight c_ij belongs to the edge from j to i.

    Args:
        adjacency: C_hat, [K, K].

    Returns:
        `edge_index`, int64 [2, E], and `edge_weight`, float32 [E], of the weights that are not 0.
    """
    listener, heard = np.nonzero(adjacency)
    index = torch.from_numpy(np.stack([heard, listener]).astype(np.int64))
    return index, torch.from_numpy(adjacency[listener, heard].astype(np.float32))


class CorrelationGCN(nn.Module):
    """T^l = LeakyReLU(C_hat T^(l-1) W^(l-1)), and T_hat = T^0 + T^L (Eq. 8).

    Self-loops and normalisation of the layers are off, since C_hat already holds both.

    Args:
        width: d of the text features.
        layers: L.
        edges: number of weights in C_hat that are not 0; `set_adjacency` gives them.
    """

    edge_index: Tensor
    edge_weight: Tensor

    def __init__(self, width: int, layers: int, edges: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            GCNConv(width, width, normalize=False, add_self_loops=False, bias=False)
            for _ in range(layers)
        )
        self.register_buffer("edge_index", torch.zeros(2, edges, dtype=torch.int64))
        self.register_buffer("edge_weight", torch.zeros(edges))

    def set_adjacency(self, adjacency: NDArray[np.floating]) -> None:
        """Take the weights of C_hat, [K, K]."""
        index, weight = edges_of(adjacency)
        self.edge_index = index.to(self.edge_index.device)
        self.edge_weight = weight.to(self.edge_weight.device)

    def forward(self, features: Tensor) -> Tensor:
        """Refine T^0, [K, d], to T_hat, [K, d]."""
        refined = features
        for layer in self.layers:
            refined = layer(refined, self.edge_index, self.edge_weight)
            refined = F.leaky_relu(refined, NEGATIVE_SLOPE)
        return features + refined
