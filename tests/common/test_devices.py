import pytest
import torch

from faceinsight.common.devices import find_device
from faceinsight.errors import ParameterError


@pytest.fixture
def gpus(monkeypatch):
    def make(count, mps=False):
        monkeypatch.setattr("torch.cuda.is_available", lambda: count > 0)
        monkeypatch.setattr("torch.cuda.device_count", lambda: count)
        monkeypatch.setattr("torch.backends.mps.is_available", lambda: mps)

    return make


@pytest.mark.parametrize(
    ("visible", "name", "found"),
    [(0, "auto", "cpu"), (2, "auto", "cuda"), (2, "cpu", "cpu"), (2, "cuda:1", "cuda:1")],
)
def test_a_device_that_is_there(gpus, visible, name, found):
    gpus(visible)
    assert find_device(name, "p.device") == torch.device(found)


@pytest.mark.parametrize(
    ("visible", "name", "said"),
    [
        (0, "cuda", "p.device is cuda, and PyTorch sees no GPU"),
        (0, "cuda:0", "p.device is cuda:0, and PyTorch sees no GPU"),
        (2, "cuda:2", r"PyTorch sees 2 GPU\(s\), counted from 0"),
        (2, "mps", "p.device is mps"),
    ],
)
def test_a_device_that_is_not_there_is_refused_instead_of_replaced(gpus, visible, name, said):
    gpus(visible)
    with pytest.raises(ParameterError, match=said):
        find_device(name, "p.device")


def test_apples_gpu(gpus):
    gpus(0, mps=True)
    assert find_device("mps", "p.device").type == "mps"
