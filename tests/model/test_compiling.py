import pytest
import torch
from torch import nn

from faceinsight.model.compiling import compile_layers
from tests.model import tiny

PARTS = ("image_encoder", "segmentation_encoder", "language_model")


@pytest.fixture(autouse=True)
def _nothing_compiled_before():
    torch.compiler.reset()
    yield
    torch.compiler.reset()


class Backend:
    """Runs graphs as they are, and keeps the masks that attention is called with."""

    def __init__(self):
        self.graphs = 0
        self.masks = []

    def __call__(self, graph, inputs):
        self.graphs += 1
        for node in graph.graph.nodes:
            if node.target is nn.functional.scaled_dot_product_attention:
                self.masks.append(node.kwargs.get("attn_mask"))
        return graph.forward


def step(model):
    out = model(**tiny.batch())
    out.loss.backward()
    gradient = model.image_adapter.hidden.weight.grad.clone()
    model.zero_grad()
    return out.loss.detach(), gradient


@pytest.mark.parametrize("checkpointing", [False, True])
def test_layers_share_a_graph_and_compute_the_same(checkpointing):
    model = tiny.model(frozen=PARTS)
    if checkpointing:
        model.gradient_checkpointing_enable()
    model.train()
    names = list(model.state_dict())
    loss, gradient = step(model)
    backend = Backend()
    assert compile_layers(model.language_model, backend=backend) == 2
    compiled_loss, compiled_gradient = step(model)
    torch.testing.assert_close(compiled_loss, loss)
    torch.testing.assert_close(compiled_gradient, gradient)
    assert list(model.state_dict()) == names
    assert backend.graphs == 1


def test_attention_stays_causal_without_a_mask():
    model = tiny.model()
    backend = Backend()
    compile_layers(model.language_model, backend=backend)
    batch = tiny.batch()
    batch.pop("labels")
    with torch.no_grad():
        model(**batch)
    assert backend.masks == [None]
