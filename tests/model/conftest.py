import pytest
import torch

from faceinsight.model import building


@pytest.fixture
def one_thread():
    """How sums are shared between threads decides their last bit."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def built(monkeypatch):
    """The models that training builds, each with a copy of what it was before."""
    build_model = building.build_model
    models = []

    def build(*args, **kwargs):
        model = build_model(*args, **kwargs)
        models.append((model, {name: t.clone() for name, t in model.state_dict().items()}))
        return model

    monkeypatch.setattr(building, "build_model", build)
    return models
