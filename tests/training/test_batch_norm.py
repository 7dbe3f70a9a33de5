"""Processes are threads here, which add up their tensors where processes would."""

import copy
import threading

import pytest
import torch
from torch import nn

from faceinsight.training import batch_norm
from faceinsight.training.batch_norm import normalise_over_processes


class Group:
    """Stands in for torch.distributed among `n` threads."""

    def __init__(self, n):
        self.barrier = threading.Barrier(n, timeout=20)
        self.tensors = {}

    def all_reduce(self, tensor):
        self.tensors[threading.get_ident()] = tensor.detach().clone()
        self.barrier.wait()
        total = sum(self.tensors.values())
        self.barrier.wait()
        tensor.copy_(total)


def model(layer):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), layer, nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))


@pytest.mark.parametrize(
    "layer",
    [
        lambda: nn.BatchNorm2d(4),
        lambda: nn.BatchNorm2d(4, affine=False),
        lambda: nn.BatchNorm2d(4, momentum=None),
        lambda: nn.BatchNorm2d(4, eps=0.1, momentum=0.3),
    ],
)
@pytest.mark.parametrize("parts", [(8,), (4, 4), (5, 2, 1)])
def test_parts_are_normalised_as_the_whole(monkeypatch, layer, parts):
    whole = model(layer()).train()
    copies = [copy.deepcopy(whole) for _ in parts]
    batches = [torch.randn(sum(parts), 3, 8, 8) * 3 + 7 for _ in range(2)]
    for batch in batches:
        loss = whole(batch).square().sum()
    loss.backward()

    group = Group(len(parts))
    monkeypatch.setattr(batch_norm, "distributed", group)
    losses = [None] * len(parts)

    def train(rank):
        normalise_over_processes(copies[rank], torch.device("cpu"))
        for batch in batches:
            losses[rank] = copies[rank](batch.split(parts)[rank]).square().sum()
        losses[rank].backward()

    threads = [threading.Thread(target=train, args=(rank,)) for rank in range(len(parts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    torch.testing.assert_close(sum(losses), loss)
    for name, parameter in whole.named_parameters():
        total = sum(dict(c.named_parameters())[name].grad for c in copies)
        torch.testing.assert_close(total, parameter.grad, rtol=1e-4, atol=1e-3)
    for name, buffer in whole.named_buffers():
        for c in copies:
            torch.testing.assert_close(dict(c.named_buffers())[name], buffer)


def test_in_evaluation_nothing_is_asked_of_other_processes(monkeypatch):
    whole = model(nn.BatchNorm2d(4)).eval()
    batch = torch.randn(3, 3, 8, 8)
    before = whole(batch)
    monkeypatch.setattr(batch_norm, "distributed", None)
    normalise_over_processes(whole, torch.device("cpu"))
    assert torch.equal(whole(batch), before)


def test_names_of_what_is_saved_stay():
    whole = model(nn.BatchNorm2d(4))
    names = list(whole.state_dict())
    normalise_over_processes(whole, torch.device("cpu"))
    assert list(whole.state_dict()) == names


def test_half_precision_goes_in_and_out(monkeypatch):
    monkeypatch.setattr(batch_norm, "distributed", Group(1))
    norm = nn.Sequential(nn.BatchNorm2d(4)).train()
    normalise_over_processes(norm, torch.device("cpu"))
    pictures = torch.randn(2, 4, 5, 5, dtype=torch.bfloat16)
    out = norm(pictures)
    assert out.dtype == torch.bfloat16
    reference = nn.BatchNorm2d(4).train()(pictures.float())
    torch.testing.assert_close(out.float(), reference, rtol=0.01, atol=0.02)
