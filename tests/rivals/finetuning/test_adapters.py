"""Where LoRA goes, and what it leaves as it was."""

import re

import pytest
import torch
from peft import LoraConfig, get_peft_model

from faceinsight.errors import WeightsError
from faceinsight.rivals.finetuning.adapters import (
    add_adapter,
    save_adapter,
    target_modules,
)
from faceinsight.rivals.finetuning.collator import AnswerCollator, end_token
from faceinsight.rivals.finetuning.examples import sample_of, tasks_of, training_examples
from faceinsight.rivals.finetuning.settings import Point
from faceinsight.rivals.finetuning.training import train_point
from faceinsight.rivals.local import load_checkpoint, put_adapter
from tests.rivals.finetuning.conftest import recipe

LANGUAGE = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


@pytest.fixture
def model(tiny):
    return load_checkpoint(tiny.rivals.rival, tiny.rivals.local)[1]


def chosen(model, image_encoder):
    pattern = target_modules(model, image_encoder)
    return {name for name, _ in model.named_modules() if re.fullmatch(pattern, name)}


def test_frozen_means_the_language_model_alone(model):
    names = chosen(model, "frozen")
    assert names == {
        f"model.language_model.layers.{layer}.{part}.{kind}"
        for layer in range(2)
        for kind in LANGUAGE
        for part in ["self_attn" if kind in ("q_proj", "k_proj", "v_proj", "o_proj") else "mlp"]
    }


def test_trained_means_image_encoder_and_projector_as_well(model):
    more = chosen(model, "trained") - chosen(model, "frozen")
    assert {name.split(".")[1] for name in more} == {"vision_tower", "multi_modal_projector"}
    linear = {
        name
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and name != "lm_head"
    }
    assert chosen(model, "trained") == linear


@pytest.mark.parametrize("tiny", ["llava"], indirect=True)
@pytest.mark.parametrize("image_encoder", ["frozen", "trained"])
def test_training_changes_no_weight_of_the_checkpoint(
    tiny, crops, vocabulary, tmp_path, image_encoder
):
    processor, model = load_checkpoint(tiny.rivals.rival, tiny.rivals.local)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    settings = recipe(epochs=3, train_faces=16, image_encoders=(image_encoder,))
    (task,) = tasks_of(vocabulary, crops, "fairface/gender", tiny.rivals.questions)
    sample = sample_of(task, crops, "train", vocabulary, 16, 0)
    examples = training_examples(task, sample, settings)
    end = end_token(model, processor.tokenizer)
    train_point(
        model,
        Point(learning_rate=4e-3, image_encoder=image_encoder),
        settings,
        examples,
        AnswerCollator(processor, tiny.rivals.rival, end, None),
        lambda tuned: 0.5,
        tmp_path,
        checkpoint="the checkpoint",
        label="training",
    )
    after = {name.replace(".base_layer", ""): t for name, t in model.state_dict().items()}
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    trained = [name for name in after if name.endswith("lora_B.default.weight")]
    assert any(bool(after[name].any()) for name in trained)
    assert any("vision_tower" in name for name in trained) == (image_encoder == "trained")


def test_a_saved_adapter_computes_the_same(tiny, model, tmp_path):
    torch.manual_seed(1)
    adapted = add_adapter(model, recipe(), "frozen", "the checkpoint")
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    save_adapter(adapted, tmp_path / "adapter")
    plain = load_checkpoint(tiny.rivals.rival, tiny.rivals.local)[1]
    ids = torch.arange(20, 40)[None]
    with torch.no_grad():
        wanted = adapted.get_base_model().eval()(input_ids=ids).logits
        untuned = plain(input_ids=ids).logits
        found = put_adapter(plain, tmp_path / "adapter")(input_ids=ids).logits
    assert torch.equal(found, wanted)
    assert not torch.allclose(found, untuned, atol=1e-2)


def test_an_adapter_of_another_model_is_refused(model, tmp_path):
    with pytest.raises(WeightsError, match="holds no adapter"):
        put_adapter(model, tmp_path)
    other = torch.nn.Sequential(torch.nn.Linear(4, 4))
    made = get_peft_model(other, LoraConfig(target_modules=["0"]))
    made.save_pretrained(tmp_path / "other")
    with pytest.raises(WeightsError):
        put_adapter(model, tmp_path / "other")
