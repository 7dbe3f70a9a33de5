import json
import sys

import numpy as np
import pytest
import torch
from peft import PeftModel
from pydantic import ValidationError
from safetensors.torch import load_file, save_file

from faceinsight.errors import ParameterError, WeightsError
from faceinsight.model import FaceInsightModel
from faceinsight.model.pretrained import load_language_model
from faceinsight.training.loop import train
from tests.model import paper, tiny

LORA = {"rank": 3, "alpha": 6, "dropout": 0.5, "target_modules": ["q_proj", "down_proj"]}


def lora_model(**changes):
    lora = LORA | changes
    return tiny.model(frozen=["language_model"], lora=lora)


def trained(model):
    """One step that is large enough to see."""
    model.train()
    optimiser = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=1e-1)
    model(**tiny.batch(8)).loss.backward()
    optimiser.step()
    return model.eval()


def names(model, trains=True):
    return {name for name, p in model.named_parameters() if p.requires_grad == trains}


def test_at_first_it_changes_nothing():
    plain = tiny.model(frozen=["language_model"])
    batch = tiny.batch()
    torch.testing.assert_close(lora_model()(**batch).logits, plain(**batch).logits)


def test_only_its_matrices_train_beside_what_trains_without_it():
    plain, model = tiny.model(frozen=["language_model"]), lora_model()
    added = names(model) - names(plain)
    assert names(plain) < names(model)
    layers = tiny.LLAMA["num_hidden_layers"]
    assert len(added) == 2 * 2 * layers  # A and B of two modules a layer
    assert all(("q_proj.lora_" in n) != ("down_proj.lora_" in n) for n in added)
    shapes = {tuple(dict(model.named_parameters())[n].shape) for n in added if "q_proj" in n}
    assert shapes == {(3, 24), (24, 3)}


def test_all_linear_layers_are_all_but_the_output():
    model = lora_model(target_modules="all-linear")
    modules = {name.split(".lora_")[0] for name in names(model) if ".lora_" in name}
    assert len(modules) == 7 * tiny.LLAMA["num_hidden_layers"]
    assert not any("lm_head" in name for name in modules)


def test_its_dropout_is_on_while_training_and_the_language_models_off():
    model = lora_model().train()
    modules = dict(model.language_model.named_modules())
    training = {name for name, module in modules.items() if module.training}
    assert training
    assert all(".lora_dropout" in name for name in training)
    assert not any(module.training for module in model.eval().language_model.modules())


def test_after_training_it_comes_back(tmp_path):
    model = trained(lora_model())
    plain = tiny.model(frozen=["language_model"])
    batch = tiny.batch()
    model.save_pretrained(tmp_path)
    again = FaceInsightModel.from_pretrained(tmp_path)
    assert torch.equal(again(**batch).logits, model(**batch).logits)
    assert not torch.allclose(again(**batch).logits, plain(**batch).logits, atol=1e-2)
    # Not in the file of what else was trained; frozen weights of no checkpoint are there.
    saved = load_file(tmp_path / "model.safetensors")
    assert not any("lora" in name for name in saved)
    files = {path.name for path in (tmp_path / "lora").iterdir()}
    assert files == {"adapter_model.safetensors", "adapter_config.json"}
    adapter = json.loads((tmp_path / "lora/adapter_config.json").read_text())
    assert (adapter["peft_type"], adapter["r"], adapter["lora_alpha"]) == ("LORA", 3, 6)


def test_a_gathered_state_can_be_given(tmp_path):
    model = trained(lora_model())
    state = {name: t + ("lora_" in name) for name, t in model.state_dict().items()}
    model.save_pretrained(tmp_path, state_dict=state)
    again = FaceInsightModel.from_pretrained(tmp_path).state_dict()
    lora = [name for name in state if "lora_" in name]
    assert lora
    for name in lora:
        assert torch.equal(again[name], state[name]), name


@pytest.mark.parametrize("damage", ["away", "missing", "misnamed", "reshaped", "cut"])
def test_matrices_that_do_not_fit_are_refused(tmp_path, damage):
    lora_model().save_pretrained(tmp_path)
    path = tmp_path / "lora/adapter_model.safetensors"
    state = load_file(path)
    name = next(n for n in state if "q_proj.lora_B" in n)
    tensor = state.pop(name)
    if damage == "misnamed":
        state[name.replace("lora_B", "lora_C")] = tensor
    if damage == "reshaped":
        state[name] = tensor[:-1].clone()
    save_file(state, path)
    if damage in ("cut", "away"):
        content = path.read_bytes()
        path.unlink()
        if damage == "cut":
            path.write_bytes(content[:-10])
        name = "adapter_model.safetensors"
    with pytest.raises(WeightsError, match=name.replace(".", r"\.")):
        FaceInsightModel.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"frozen": []}, "add language_model to 'frozen'"),
        ({"lora": {"target_modules": ["lm_head"]}}, "lm_head"),
        ({"lora": {"target_modules": []}}, "must name layers"),
        ({"lora": {"rank": 0}}, "rank"),
        ({"lora": {"r": 8}}, "r\n"),
    ],
)
def test_settings_that_contradict_are_refused_at_once(changes, said):
    with pytest.raises(ValidationError, match=said):
        tiny.settings(**{"frozen": ["language_model"], "lora": {}} | changes)


def test_a_module_that_is_not_there_is_named():
    with pytest.raises(ParameterError, match="no module 'query'") as error:
        lora_model(target_modules=["q_proj", "query"])
    assert "down_proj, gate_proj, k_proj" in str(error.value)


def test_a_module_that_is_no_layer_is_refused():
    with pytest.raises(ParameterError, match=r"model\.lora: "):
        lora_model(target_modules=["input_layernorm"])


def test_without_it_nothing_of_peft_is_imported(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "faceinsight.model.lora", None)  # importing it would fail
    model = tiny.model(frozen=["language_model"])
    model.train()(**tiny.batch()).loss.backward()
    model.save_pretrained(tmp_path)
    FaceInsightModel.from_pretrained(tmp_path)(**tiny.batch())


def test_at_the_papers_scale(tmp_path, built, one_thread):
    lora = LORA | {"target_modules": "all-linear"}
    # Without a warm-up, whose first step is zero: while B is zero, A has no gradient.
    job = paper.job(tmp_path, {"lora": lora}, learning_rate=1e-2, warmup_ratio=0.0)
    folder, _ = train(job, tmp_path / "work")
    model, before = built.pop()
    trains = names(model)
    own = {"image_adapter", "segmentation_adapter", "text_adapter", "gcn", "language_model"}
    assert {name.split(".")[0] for name in trains} == own
    state, parameters = model.state_dict(), dict(model.named_parameters())
    for name, tensor in state.items():
        if name.startswith("language_model.") and name not in trains:
            assert tensor.dtype == torch.bfloat16, name
            assert torch.equal(tensor, before[name]), name
        if name in trains:
            assert parameters[name].dtype == torch.float32, name
            assert not torch.equal(tensor, before[name]), name

    adapter = json.loads((folder / "lora/adapter_config.json").read_text())
    assert adapter["base_model_name_or_path"] == str(tmp_path / "language")

    # Read back, and by peft itself on the checkpoint's language model.
    again = FaceInsightModel.from_pretrained(folder)
    np.testing.assert_array_equal(paper.probabilities(again), paper.probabilities(model))
    bare = load_language_model("language_model", str(tmp_path / "language"), dtype=torch.bfloat16)
    theirs = PeftModel.from_pretrained(bare, folder / "lora")
    ids = torch.tensor([[1, 300, 310, 320]])
    with torch.no_grad():
        assert torch.equal(theirs(ids).logits, model.language_model(ids).logits)
        with theirs.disable_adapter():
            assert not torch.equal(theirs(ids).logits, model.language_model(ids).logits)
