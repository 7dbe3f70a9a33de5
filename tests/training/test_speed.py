import types
from functools import partial

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from faceinsight.training import callbacks, speed
from faceinsight.training.callbacks import Throughput
from faceinsight.training.settings import TrainingSettings
from faceinsight.training.speed import Speed, matrix_rate, training_flops_per_image
from tests.model import tiny

ALL = ["image_encoder", "segmentation_encoder", "language_model"]


def counted(model, images):
    """What PyTorch's counter sees while the model really trains."""
    batch = tiny.batch(images)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model(**{k: v for k, v in batch.items() if k != "labels"}).logits.sum().backward()
    return counter.get_total_flops()


@pytest.mark.parametrize("frozen", [[], ALL])
def test_arithmetic_is_what_a_real_step_does(frozen):
    model = tiny.model(frozen=frozen)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    flops = training_flops_per_image(model)
    assert all(p.grad is None for p in model.parameters())
    assert flops == counted(model, 3) - counted(model, 2)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert model(**tiny.batch()).loss.isfinite()


def test_a_frozen_language_model_takes_four_operations_a_parameter_and_token():
    wide = tiny.LLAMA | {"hidden_size": 512, "intermediate_size": 1024, "num_hidden_layers": 3}
    frozen, trained = (
        tiny.model(frozen=parts, language_model={"architecture": wide}, adapter_width=4)
        for parts in (ALL, [p for p in ALL if p != "language_model"])
    )
    layers = frozen.language_model.base_model.layers
    parameters = sum(p.numel() for p in layers.parameters() if p.ndim == 2)
    batch = tiny.batch(1)
    tokens = frozen.embed(batch["photographs"], batch["maps"]).shape[1]
    # Scores and sums of values, T x T x width each, forward once and backward twice.
    attention = 3 * len(layers) * 2 * 2 * tokens * 512
    # The system prompt of a frozen one is read once a batch, and no image's share of it grows.
    own = tokens - len(frozen.config.system_ids)
    expected = 4 * parameters * own + attention * own
    assert training_flops_per_image(frozen) == pytest.approx(expected, rel=0.01)
    expected = 6 * parameters * tokens + attention * tokens
    assert training_flops_per_image(trained) == pytest.approx(expected, rel=0.01)


def test_activations_that_are_computed_again_do_not_count():
    model = tiny.model(frozen=ALL).train()
    once = training_flops_per_image(model)
    names = "activation_checkpointing_enable", "gradient_checkpointing_enable"
    next(getattr(model, name) for name in names if hasattr(model, name))()
    assert training_flops_per_image(model) == once
    assert model.training


def test_rates_follow_from_images_per_second():
    rates = Speed(flops_per_image=2e9, matrix_rate=4e12).rates(500)
    assert rates.gflop_per_image == 2
    assert rates.tflop_per_second == 1
    assert rates.matrix_rate_share == 0.25
    assert "500 images/s" in str(rates)
    assert "25.0%" in str(rates)
    unknown = Speed(flops_per_image=2e9, matrix_rate=None).rates(500)
    assert unknown.matrix_tflop_per_second is None
    assert unknown.matrix_rate_share is None
    assert "%" not in str(unknown)


def test_the_matrix_rate_is_measured_only_if_asked_for(monkeypatch):
    cpu = torch.device("cpu")
    model = tiny.model()
    monkeypatch.setattr(speed, "training_flops_per_image", lambda model: 1e6)
    monkeypatch.setattr(speed, "matrix_rate", partial(matrix_rate, seconds=0))
    assert Speed.of(model, TrainingSettings(), cpu).matrix_rate is None
    assert Speed.of(model, TrainingSettings(measure_matrix_rate=True), cpu).matrix_rate > 1e8


def test_evaluations_and_checkpoints_do_not_slow_down_the_rate(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(callbacks.time, "perf_counter", lambda: clock[0])
    args = types.SimpleNamespace(train_batch_size=4, gradient_accumulation_steps=2, world_size=3)
    throughput = Throughput()
    assert throughput.images_per_second == 0

    def step(seconds):
        clock[0] += seconds
        throughput.on_step_end(args, None, None)

    step(100)  # The first step compiles.
    assert throughput.images_per_second == 0
    step(2)
    clock[0] += 50
    throughput.on_evaluate(args, None, None)
    clock[0] += 30
    throughput.on_save(args, None, None)
    step(4)
    assert throughput.images_per_second == 2 * 24 / 6
