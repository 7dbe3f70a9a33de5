import pytest
import torch

from faceinsight.model import build_model
from tests.model import tiny

ALL = ["image_encoder", "segmentation_encoder", "language_model"]


def is_frozen(name):
    return name.split(".")[0] in ALL


def test_frozen_parts_stay_as_they_are_and_get_no_gradient():
    model = tiny.model(frozen=ALL)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(2):
        model(**tiny.batch()).loss.backward()
        assert all((p.grad is None) == is_frozen(n) for n, p in model.named_parameters())
        optimiser.step()
        optimiser.zero_grad()
    # Buffers too: a batch norm in training mode would have moved its statistics.
    for name, tensor in model.state_dict().items():
        learns = not is_frozen(name) and "edge_" not in name and name != "map_colours"
        assert torch.equal(tensor, before[name]) != learns, name


def test_frozen_parts_are_in_evaluation_mode_while_the_rest_trains():
    model = tiny.model(frozen=["image_encoder"]).train()
    assert not any(module.training for module in model.image_encoder.modules())
    assert model.image_adapter.training
    assert model.language_model.training
    assert not model.eval().image_adapter.training


@pytest.mark.parametrize("frozen", [[], ["language_model"]])
def test_layers_are_recomputed_to_save_memory_even_if_frozen(frozen):
    batch = tiny.batch()
    gradients = {}
    for recompute in (False, True):
        model = tiny.model(frozen=[*frozen, "image_encoder"])
        if recompute:
            # transformers 5.23 calls it by the first name, 5.17 by the second.
            for name in ("activation_checkpointing_enable", "gradient_checkpointing_enable"):
                if hasattr(model, name):
                    getattr(model, name)({"use_reentrant": False})
                    break
        calls = []
        layer = model.language_model.base_model.layers[0]
        layer.input_layernorm.register_forward_hook(
            lambda _, given, __, calls=calls: calls.extend([1] * (len(given[0]) > 1))
        )
        model.train()(**batch).loss.backward()
        assert len(calls) == 1 + recompute
        gradients[recompute] = model.text_adapter.hidden.weight.grad
    torch.testing.assert_close(gradients[True], gradients[False])


def test_frozen_parts_of_random_weights_are_held_in_their_own_number_format():
    model = tiny.model(frozen=ALL[1:], frozen_dtype="bfloat16")
    formats = {
        part: {p.dtype for p in getattr(model, part).parameters()}
        for part in (*ALL, "text_adapter")
    }
    whole, half = {torch.float32}, {torch.bfloat16}
    assert formats == dict(zip(formats, (whole, half, half, whole), strict=True))


def test_frozen_parts_from_checkpoints_are_held_in_their_own_number_format(tmp_path):
    tiny.save_llama(tmp_path)
    settings = tiny.settings(
        language_model={"pretrained": str(tmp_path)},
        frozen=["language_model"],
        frozen_dtype="bfloat16",
    )
    model = build_model(settings, tiny.vocabulary(), None, tiny.adjacency(), tiny.ruleset())
    assert {p.dtype for p in model.language_model.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in model.text_adapter.parameters()} == {torch.float32}
    model.train()
    for automatic in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=automatic):
            out = model(**tiny.batch())
        out.loss.backward()
        assert out.logits.dtype == torch.float32
        assert model.gcn.layers[0].lin.weight.grad.any()


@pytest.mark.parametrize("attend", ["causal", "independent"])
def test_the_system_prompt_is_read_once_a_batch_where_it_learns_nothing(monkeypatch, attend):
    """Logits and gradients are those of sequences that are read whole."""
    answers = {"answer_ids": torch.tensor([[5, 6, 7], [6, 8, 3]])}
    answers["answer_labels"] = torch.tensor([[-100, 6, 7], [-100, 8, 3]])
    results = {}
    for shared in (True, False):
        model = tiny.model(
            frozen=["language_model"], characteristics_attend=attend, answer_weight=1.0
        ).train()
        lengths = []
        model.language_model.base_model.register_forward_pre_hook(
            lambda _, __, given, lengths=lengths: lengths.append(given["inputs_embeds"].shape[:2]),
            with_kwargs=True,
        )
        if not shared:
            monkeypatch.setattr(model, "_shares_system_prompt", lambda sequence: False)
        output = model(**tiny.batch(), **answers)
        output.loss.backward()
        gradients = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
        results[shared] = {"logits": output.logits, "answer": output.answer, **gradients}
        system = len(model.config.system_ids)
        assert system > 1
        assert ((1, system) in lengths) == shared
    torch.testing.assert_close(results[True], results[False], rtol=1e-4, atol=1e-5)


def test_it_is_read_whole_where_layers_are_recomputed_or_the_language_model_learns(monkeypatch):
    sequence = torch.zeros(1, 1, 1)
    assert not tiny.model()._shares_system_prompt(sequence)
    frozen = tiny.model(frozen=["language_model"])
    assert frozen._shares_system_prompt(sequence)
    assert not frozen._shares_system_prompt(sequence.to("meta"))
    frozen.gradient_checkpointing_enable()
    assert frozen._shares_system_prompt(sequence)
    assert not frozen.train()._shares_system_prompt(sequence)
    lora = tiny.model(frozen=["language_model"], lora={"rank": 2})
    assert lora._shares_system_prompt(sequence)
    assert not lora.train()._shares_system_prompt(sequence)


@pytest.mark.parametrize(("native", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_the_number_format_follows_the_processor(monkeypatch, native, dtype):
    monkeypatch.setattr("faceinsight.model.building.computes_in_bfloat16", lambda: native)
    model = tiny.model(frozen=["language_model"], frozen_dtype="auto")
    assert model.config.frozen_dtype == dtype
    assert model.language_model.dtype == getattr(torch, dtype)
