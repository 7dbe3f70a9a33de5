import numpy as np
import torch

from faceinsight.method.gcn import CorrelationGCN
from tests.model.tiny import adjacency


def dense(gcn, c_hat, features):
    """Eq. 8 as it stands: T^l = rho(C_hat T^(l-1) W^(l-1)); T_hat = T^0 + T^L."""
    refined = features
    for layer in gcn.layers:
        product = torch.tensor(c_hat, dtype=torch.float32) @ refined @ layer.lin.weight.T
        refined = torch.where(product >= 0, product, 0.2 * product)
    return features + refined


def built(c_hat, layers=2):
    torch.manual_seed(0)
    gcn = CorrelationGCN(7, layers, np.count_nonzero(c_hat))
    gcn.set_adjacency(c_hat)
    return gcn, torch.randn(len(c_hat), 7)


def test_equals_the_dense_formula_on_an_asymmetric_matrix():
    for layers in (1, 2, 3):
        gcn, features = built(adjacency(), layers)
        torch.testing.assert_close(gcn(features), dense(gcn, adjacency(), features))


def test_the_transposed_matrix_gives_something_else():
    gcn, features = built(adjacency())
    assert not torch.allclose(gcn(features), dense(gcn, adjacency().T, features), atol=1e-2)


def test_row_i_lists_whom_i_listens_to():
    gcn, features = built(adjacency(), layers=1)
    changed = features.clone()
    changed[3] += 1  # only 1 and 3 itself listen to 3
    differs = (gcn(changed) != gcn(features)).any(1)
    assert differs.tolist() == [False, True, False, True, False]


def test_who_listens_to_nobody_keeps_its_own_features():
    gcn, features = built(np.eye(4), layers=1)
    own = features @ gcn.layers[0].lin.weight.T
    expected = features + torch.nn.functional.leaky_relu(own, 0.2)
    torch.testing.assert_close(gcn(features), expected)


def test_parameters_are_the_weight_matrices_alone():
    gcn, _ = built(adjacency())
    assert sorted(name for name, _ in gcn.named_parameters()) == [
        "layers.0.lin.weight",
        "layers.1.lin.weight",
    ]
