"""`--env=paper`'s own configuration on checkpoints of the published form; only sizes are tiny."""

import json
import os

import huggingface_hub
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from faceinsight.errors import WeightsError
from faceinsight.pipelines.priors.nodes import encode_phrases
from faceinsight.training.loop import train
from tests.model import checkpoints, paper

FROZEN = ("image_encoder", "segmentation_encoder", "language_model")


def newer_llava(folder):
    return checkpoints.write_llava(folder, naming="newer")


LANGUAGES = {
    "llava": checkpoints.write_llava,
    "newer llava": newer_llava,
    "vicuna": checkpoints.write_vicuna,
    "mistral": checkpoints.write_mistral,
    "qwen2": checkpoints.write_qwen2,
}


def test_trained_on_any_layout_a_new_process_gives_the_same_probabilities(
    tmp_path, built, one_thread
):
    expected = {}
    for i, (kind, write) in enumerate(LANGUAGES.items()):
        # The encoders' older form with every other language model.
        form = ("safetensors", "bin")[i % 2]
        bases = tmp_path / kind
        checkpoints.write_clip(bases / "flip", form)
        checkpoints.write_vit(bases / "vit", form)
        paper.write_bases(bases, language=write)
        folder, curve = train(paper.job(bases), tmp_path / "work")
        assert curve["step"].max() == 2
        expected[folder] = paper.probabilities(built.pop()[0])
        assert expected[folder].std() > 0.05
    again = paper.probabilities_in_a_new_process(*expected)
    for probabilities, now in zip(expected.values(), again, strict=True):
        np.testing.assert_array_equal(now, probabilities)


def test_only_adapters_and_graph_network_are_trained_saved_and_held_by_the_optimiser(
    tmp_path, built
):
    job = paper.job(tmp_path, learning_rate=1e-2)
    folder, _ = train(job, tmp_path / "work")
    model, before = built.pop()
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert {name.split(".")[0] for name in trained} == {
        "image_adapter",
        "segmentation_adapter",
        "text_adapter",
        "gcn",
    }
    assert {p.dtype for p in trained.values()} == {torch.float32}
    parameters = dict(model.named_parameters())
    for name, tensor in model.state_dict().items():
        part = name.split(".")[0]
        if part in FROZEN and name in parameters:
            assert tensor.dtype == torch.bfloat16, name
            assert parameters[name].grad is None, name
        # Bit by bit, buffers as well.
        assert torch.equal(tensor, before[name]) != (name in trained), name
    saved = load_file(folder / "model.safetensors")
    assert saved.keys() == trained.keys() | {
        "text_features",
        "map_colours",
        "gcn.edge_index",
        "gcn.edge_weight",
    }
    checkpoint = max((folder.parent / "checkpoints").glob("checkpoint-*"))
    state = torch.load(checkpoint / "optimizer.pt", weights_only=True)
    moments = [s["exp_avg"] for s in state["state"].values()]
    assert sorted(m.shape for m in moments) == sorted(p.shape for p in trained.values())
    assert {m.dtype for m in moments} == {torch.float32}
    assert sum(len(group["params"]) for group in state["param_groups"]) == len(trained)
    # Nothing frozen is in what a run goes on from, either.
    assert load_file(checkpoint / "model.safetensors").keys() == saved.keys()


def alter(folder, name, damage):
    """Damage one tensor of a checkpoint of safetensors, in shards or not."""
    index = folder / "model.safetensors.index.json"
    file = "model.safetensors"
    if index.exists():
        places = json.loads(index.read_text())
        file = places["weight_map"].pop(name)
    state = load_file(folder / file)
    tensor = state.pop(name)
    if damage == "misnamed":
        name = name.replace(".weight", ".wait")
    if damage == "misshapen":
        tensor = tensor[:-1].clone()
    if damage != "missing":
        state[name] = tensor
        if index.exists():
            places["weight_map"][name] = file
    save_file(state, folder / file, metadata={"format": "pt"})
    if index.exists():
        index.write_text(json.dumps(places))


@pytest.mark.parametrize("damage", ["missing", "misnamed", "misshapen"])
@pytest.mark.parametrize(
    ("part", "folder", "tensor"),
    [
        ("language_model", "language", "language_model.model.layers.1.mlp.up_proj.weight"),
        ("language_model", "language", "language_model.lm_head.weight"),
        ("image_encoder", "flip", "vision_model.encoder.layers.2.mlp.fc1.weight"),
        ("segmentation_encoder", "vit", "vit.encoder.layer.1.intermediate.dense.weight"),
    ],
)
def test_a_damaged_tensor_is_refused_by_name(tmp_path, part, folder, tensor, damage):
    job = paper.job(tmp_path)
    alter(tmp_path / folder, tensor, damage)
    own_name = {
        "language_model.lm_head.weight": "lm_head.weight",
        "vit.encoder.layer.1.intermediate.dense.weight": "layers.1.mlp.fc1.weight",
    }.get(tensor, tensor.removeprefix("language_model.").removeprefix("vision_model."))
    with pytest.raises(WeightsError) as error:
        train(job, tmp_path / "work")
    said = str(error.value)
    assert own_name in said
    assert f"model.{part}.pretrained" in said
    assert str(tmp_path / folder) in said
    assert "\n" not in said


def test_a_damaged_text_encoder_is_refused_by_name(tmp_path):
    job = paper.job(tmp_path)
    alter(tmp_path / "flip", "text_projection.weight", "misnamed")
    with pytest.raises(WeightsError, match=r"text_encoder.*text_projection\.weight"):
        encode_phrases(job.vocabulary, job.model)


def test_a_shard_that_is_not_there_is_named(tmp_path):
    job = paper.job(tmp_path)
    (tmp_path / "language/model-00002-of-00003.safetensors").unlink()
    with pytest.raises(WeightsError, match="model-00002-of-00003"):
        train(job, tmp_path / "work")


class Code:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_no_code_of_a_checkpoint_is_run(tmp_path):
    job = paper.job(tmp_path)
    (tmp_path / "vit/model.safetensors").unlink()
    harm = tmp_path / "harm"
    torch.save({"vit.layernorm.weight": Code(str(harm))}, tmp_path / "vit/pytorch_model.bin")
    with pytest.raises(WeightsError, match="segmentation_encoder"):
        train(job, tmp_path / "work")
    assert not harm.exists()
    torch.load(tmp_path / "vit/pytorch_model.bin", weights_only=False)
    assert harm.exists()  # it would have been


@pytest.mark.parametrize(
    "published",
    [
        "llava-hf/llava-1.5-7b-hf",
        "FLIP-dataset/FLIP-base-16",
        "google/vit-base-patch16-224",
    ],
)
def test_without_a_network_a_name_says_what_to_fetch_and_where_to_put_it(
    tmp_path, monkeypatch, published
):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    own = paper.parameters()["model"]
    part = next(p for p in FROZEN if getattr(own, p).pretrained == published)
    # Everything else is at hand.
    job = paper.job(tmp_path, {part: {"pretrained": published}})
    with pytest.raises(WeightsError) as error:
        train(job, tmp_path / "work")
    said = str(error.value)
    assert f"hf download {published} --local-dir FOLDER" in said
    assert f"set model.{part}.pretrained" in said
    assert "\n" not in said


def test_a_folder_of_another_library_is_refused(tmp_path):
    job = paper.job(tmp_path)
    (tmp_path / "flip/config.json").rename(tmp_path / "flip/open_clip_config.json")
    with pytest.raises(WeightsError, match=r"image_encoder.*must hold config\.json"):
        train(job, tmp_path / "work")
