import json

import pytest
import torch

import paper_scale_llava
import paper_scale_ours
from paper_scale_models import SEVEN_B, SMALL, Scale, face_insight, llava
from timing import Results

VISION = {"hidden_size": 16, "intermediate_size": 32}
VISION |= {"num_hidden_layers": 2, "num_attention_heads": 2}
TINY = Scale(
    "tiny",
    SMALL.language | {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2},
    SMALL.encoder | VISION,
    SMALL.tower | VISION,
    8,
)


@pytest.fixture
def setting(monkeypatch):
    """One step instead of many."""
    monkeypatch.setattr(
        paper_scale_ours.Setting, "time", lambda self, step: (step(), {"seconds": 2.0})[1]
    )
    return paper_scale_ours.Setting(TINY, torch.device("cpu"), torch.float32)


def test_results_outlive_what_fails(tmp_path):
    path = tmp_path / "results.json"
    results = Results(path, seconds=100)

    def no_memory():
        raise torch.cuda.OutOfMemoryError("too much")

    def fault():
        raise ValueError("first line\nsecond line")

    results.measure("first", lambda: {"images_per_second": 3.0})
    results.measure("second", no_memory)
    results.measure("third", fault)
    kept = json.loads(path.read_text())["measurements"]
    assert kept["first"]["images_per_second"] == 3.0
    assert kept["second"]["status"] == "out of memory"
    assert kept["third"]["reason"] == "ValueError: first line"

    late = Results(path, seconds=-1)
    late.measure("first", lambda: {"images_per_second": 4.0})
    late.measure("fourth", lambda: {"images_per_second": 4.0})
    kept = json.loads(path.read_text())["measurements"]
    assert kept["first"]["images_per_second"] == 3.0
    assert kept["fourth"]["status"] == "no time left"


def test_our_side_counts_images_and_operations(setting):
    model = face_insight(TINY, setting.device, setting.dtype)
    scored = paper_scale_ours._score(model, setting, 2)
    trained = paper_scale_ours._train(model, setting, 2)
    assert scored["images_per_second"] == trained["images_per_second"] == 1.0
    # Two layers of 4 matrices 16 x 16 and 3 of 16 x 32, over 196 + 196 + 82 + 40 tokens.
    scoring = 2 * 514 * 2 * (4 * 16 * 16 + 3 * 16 * 32)
    assert scored["flops"] == scoring
    assert trained["flops"] == 2 * scoring
    assert trained["variation"] == {}


def test_scale_of_the_paper_has_its_tokens():
    model = face_insight(SEVEN_B, torch.device("meta"), torch.bfloat16)
    config = model.config
    assert config.image_encoder["tokens"] == config.segmentation_encoder["tokens"] == 196
    assert len(config.characteristics) == 82
    frozen = sum(p.numel() for p in model.parameters() if not p.requires_grad)
    assert 6.7e9 < frozen < 7.1e9
    assert {p.dtype for p in model.language_model.parameters()} == {torch.bfloat16}
    saved = sum(tensor.numel() * 4 for tensor in paper_scale_ours._saved(model))
    assert saved < 250e6


@pytest.mark.parametrize("own_tower", [True, False])
def test_llava_answers_in_every_form(setting, own_tower):
    model = llava(TINY, setting.device, setting.dtype, own_tower=own_tower)
    assert model.config.image_seq_length == (576 if own_tower else 196)
    one = paper_scale_llava._questions(model, setting, 2)
    assert one["images_per_second"] == pytest.approx(2 / 2 / 82)
    assert one["extrapolated"]
    assert not paper_scale_llava._after(model, setting)["extrapolated"]


def test_llava_generates_as_many_tokens_as_it_should(setting, monkeypatch):
    monkeypatch.setattr(paper_scale_llava, "NEW_TOKENS", 3)
    model = llava(TINY, setting.device, setting.dtype, own_tower=False)
    row = paper_scale_llava._generate(model, setting, 2, 40)
    assert (row["batch"], row["image_tokens"], row["new_tokens"]) == (2, 196, 3)


def test_questions_after_one_photograph_are_answered_as_if_asked_alone(setting, monkeypatch):
    """Keeping keys and values is no short cut to other answers."""
    kept = {}
    model = llava(TINY, setting.device, setting.dtype, own_tower=False)
    monkeypatch.setattr(
        paper_scale_ours.Setting,
        "time",
        lambda self, step: (kept.update(logits=step()), {"seconds": 1.0})[1],
    )
    torch.manual_seed(0)
    paper_scale_llava._after(model, setting)
    after = kept["logits"][5, -1]
    torch.manual_seed(0)
    first = paper_scale_llava.prompt(model, 1, 35)
    words = torch.randint(3, model.config.image_token_index, (82, 20))
    ids = torch.cat([first["input_ids"], words[5:6]], dim=1)
    with torch.inference_mode():
        alone = model(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            pixel_values=first["pixel_values"],
            logits_to_keep=1,
        ).logits[0, -1]
    torch.testing.assert_close(after, alone, rtol=1e-4, atol=1e-5)
