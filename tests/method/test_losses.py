import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from faceinsight.method.losses import masked_bce


@settings(deadline=None, max_examples=30)
@given(
    arrays("float64", (3, 4), elements=st.floats(-20, 20)),
    arrays("int8", (3, 4), elements=st.integers(-1, 1)),
)
def test_equals_equation_3_over_known_labels(logits, labels):
    total = 0.0
    for row, truth in zip(logits, labels, strict=True):
        for z, y in zip(row, truth, strict=True):
            if y == 1:
                total += math.log1p(math.exp(-z))
            elif y == 0:
                total += math.log1p(math.exp(z))
    loss = masked_bce(torch.tensor(logits), torch.tensor(labels))
    assert loss.item() == pytest.approx(total / 3, rel=1e-4, abs=1e-4)


def test_unknown_labels_give_no_gradient():
    logits = torch.zeros(2, 3, requires_grad=True)
    labels = torch.tensor([[1, -1, 0], [-1, -1, -1]], dtype=torch.int8)
    masked_bce(logits, labels).backward()
    assert logits.grad.tolist() == [[-0.25, 0, 0.25], [0, 0, 0]]


def test_large_logits_and_half_precision_stay_finite():
    logits = torch.tensor([[1e4, -1e4]], dtype=torch.bfloat16, requires_grad=True)
    loss = masked_bce(logits, torch.tensor([[0, 1]]))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()
    assert loss.dtype == torch.float32
