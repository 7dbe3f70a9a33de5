import pytest
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from faceinsight.method.variants import of_switches
from faceinsight.model.flops import matrix_parameters, sequence_length, work_per_image
from tests.model import tiny

PARTS = ("image_encoder", "segmentation_encoder", "language_model")
VIT = {"architecture": tiny.VIT, "feature_layer": -1}


def counted(model, training):
    """What torch counts of one image in a language model's matrix products."""
    model.train(training)
    images = 2
    batch = tiny.batch(images)
    hidden = model.embed(batch["photographs"], batch["maps"]).detach().requires_grad_(training)
    body = model.language_model.base_model
    with FlopCounterMode(display=False) as counter:
        out = body(inputs_embeds=hidden, use_cache=False).last_hidden_state
        if training:
            out.sum().backward()
    counts = counter.get_flop_counts()["Global"]
    return sum(n for op, n in counts.items() if str(op) in ("aten.mm", "aten.addmm")) / images


@pytest.mark.parametrize("frozen", [(), PARTS])
@pytest.mark.parametrize("training", [False, True])
def test_language_model_as_torch_counts_it(frozen, training):
    model = tiny.model(frozen=frozen)
    assert work_per_image(model, training=training).language_model == counted(model, training)


def test_frozen_language_model_costs_4_a_parameter_and_token():
    model = tiny.model(frozen=PARTS)
    parameters = matrix_parameters(model.language_model.base_model)
    tokens = sequence_length(model)
    assert tokens == model.embed(*list(tiny.batch().values())[:2]).shape[1]
    work = work_per_image(model, training=True)
    assert work.language_model == 4 * parameters * tokens
    assert work_per_image(model, training=False).language_model == 2 * parameters * tokens
    trained = work_per_image(tiny.model(), training=True)
    assert trained.language_model == 6 * parameters * tokens


def test_encoders_and_adapters_of_a_frozen_model():
    model = tiny.model(frozen=PARTS, image_encoder=VIT, segmentation_encoder=VIT)
    scoring, step = (work_per_image(model, training=t) for t in (False, True))
    tokens = (tiny.SIZE // tiny.VIT["patch_size"]) ** 2
    adapter = model.image_adapter
    first, second = adapter.hidden.weight.numel(), adapter.out.weight.numel()
    # Forward, and the gradient of the weights; only the second layer hands a gradient on.
    assert step.adapters == 2 * tokens * (4 * first + 6 * second)
    assert scoring.adapters == 2 * tokens * 2 * (first + second)
    assert step.encoders == scoring.encoders
    assert scoring.encoders == 2 * 2 * tokens * matrix_parameters(model.image_encoder)
    assert step.total == step.language_model + step.encoders + step.adapters


def test_without_maps_their_encoder_costs_nothing():
    both = tiny.model(image_encoder=VIT, segmentation_encoder=VIT)
    photographs_alone = of_switches(segmentation=False, correlation=True, logic=True)
    one = tiny.model(photographs_alone, image_encoder=VIT, segmentation_encoder=VIT)
    whole = work_per_image(both, training=False)
    assert work_per_image(one, training=False).encoders == whole.encoders / 2
    assert sequence_length(one) == sequence_length(both) - 16


def test_embeddings_and_norms_are_no_matrices():
    module = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 5), nn.LayerNorm(5))
    assert matrix_parameters(module) == 20
