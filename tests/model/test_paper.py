"""`--env=paper`'s own configuration on checkpoints of the published form; only sizes are tiny."""

import numpy as np
import torch
from safetensors.torch import load_file

from faceinsight.model import FaceInsightModel
from faceinsight.training.loop import train
from tests.model import checkpoints, paper

FROZEN = ("image_encoder", "segmentation_encoder", "language_model")


def test_a_trained_model_is_read_back_with_its_checkpoints(tmp_path, built, one_thread):
    """On older files, and a language model whose output matrix is tied to its embeddings."""
    checkpoints.write_clip(tmp_path / "flip", "bin")
    checkpoints.write_vit(tmp_path / "vit", "bin")
    paper.write_bases(tmp_path, language=checkpoints.write_qwen2)
    folder, curve = train(paper.job(tmp_path), tmp_path / "work")
    assert curve["step"].max() == 2
    read_back(folder, built.pop()[0])


def read_back(folder, model):
    expected = paper.probabilities(model)
    assert expected.std() > 0.01
    again = FaceInsightModel.from_pretrained(folder)
    np.testing.assert_array_equal(paper.probabilities(again), expected)


def test_only_adapters_and_graph_network_are_trained_saved_and_held_by_the_optimiser(
    tmp_path, built, one_thread
):
    job = paper.job(tmp_path, learning_rate=1e-2)
    folder, _ = train(job, tmp_path / "work")
    model, before = built.pop()
    read_back(folder, model)
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
