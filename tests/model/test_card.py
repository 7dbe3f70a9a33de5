import re

import yaml
from huggingface_hub import ModelCard
from PIL import Image

from faceinsight.data.parsing.detector import PyfacerDetector
from faceinsight.method.variants import ORG
from faceinsight.model.card import model_card
from faceinsight.model.saving import CARD
from tests.conftest import ROOT
from tests.model import tiny

VALIDATION = {"accuracy": 0.75, "celeba/attributes": 0.9, "fairface/age": 0.6}
PROVENANCE = {
    "faceinsight": "0.1.0",
    "commit": "abc123",
    "packages": {"torch": "2.15.0", "transformers": "5.23.0"},
    "training": {
        "settings": {
            "batch_size": 32,
            "gradient_accumulation_steps": 4,
            "learning_rate": 2e-5,
            "schedule": "cosine",
            "precision": "bf16",
            "seed": 0,
        },
        "steps": 90,
        "epochs": 1.0,
        "datasets": ["celeba", "fairface", "maad"],
        "faces": {"celeba": 162770, "fairface": 86744},
        "drawn": False,
        "validation": VALIDATION,
    },
}


def drawn():
    return PROVENANCE | {"training": PROVENANCE["training"] | {"drawn": True}}


def config(**changes):
    config = tiny.model(**changes).config
    config.image_encoder |= {"pretrained": "FLIP-dataset/FLIP-base-16"}
    config.text_encoder |= {"pretrained": "FLIP-dataset/FLIP-base-16"}
    config.language_model |= {"pretrained": "llava-hf/llava-1.5-7b-hf", "revision": "v1"}
    if config.segmentation:
        config.segmentation_encoder |= {"pretrained": "/somewhere/vit"}
    config.frozen = ["image_encoder", "language_model"]
    return config


def figure(value):
    if value is None:
        return {"value": None, "low": None, "high": None}
    return {"value": value, "low": value - 0.1, "high": 1}


def task(n=10, **values):
    figures = dict.fromkeys(("accuracy", "precision", "recall", "f1", "map")) | values
    return {"n": n, "metrics": {name: figure(value) for name, value in figures.items()}}


TEST = {
    "datasets": {
        "celeba": {"tasks": {"attributes": task(accuracy=0.8, f1=0.5)}},
        "fairface": {"tasks": {"age": task(n=0, accuracy=0.4)}},
    },
    "overall": {"map": {"value": 0.66, "low": 0.6, "high": 0.7}},
}


def words(text):
    return " ".join(text.split())


def test_the_metadata_is_the_hubs():
    card = ModelCard(model_card(config(), PROVENANCE))
    data = card.data
    assert data.license == "apache-2.0"
    assert data.base_model == ["FLIP-dataset/FLIP-base-16", "llava-hf/llava-1.5-7b-hf"]
    assert data.datasets == ["celeba", "fairface"]  # maad has no examples
    results = {
        (r.dataset_name, r.task_name, r.dataset_split, r.metric_type): r.metric_value
        for r in data.eval_results
    }
    assert results == {
        ("celeba", "attributes", "validation", "accuracy"): 0.9,
        ("fairface", "age", "validation", "accuracy"): 0.6,
    }


def test_test_metrics_are_filled_in_where_they_are_given():
    without = model_card(config(), PROVENANCE)
    assert "## Test" not in without
    text = model_card(config(), PROVENANCE, TEST)
    assert "| celeba | attributes | 10 | 0.8000 (0.7000 to 1.0000) |  |  | 0.5000" in text
    assert "0.6600 (0.6000 to 0.7000)" in text
    results = [r for r in ModelCard(text).data.eval_results if r.dataset_split == "test"]
    # A task without faces is left out.
    assert {(r.dataset_name, r.metric_type, r.metric_value) for r in results} == {
        ("celeba", "accuracy", 0.8),
        ("celeba", "f1", 0.5),
    }


def test_what_it_cannot_tell_and_which_annotations_are_noisy():
    assert "cannot tell" not in model_card(config(), PROVENANCE, TEST)
    worst = {"task": "gender", "group": "Male", "coverage": figure(0.8)}
    tasks = {"gender": {"n": 40, "coverage": figure(0.9), "size": figure(1.25)}}
    age = {"children": {"n": 7, "error": figure(3.5), "coverage": figure(None)}}
    coverage = {
        "level": 0.9,
        "datasets": {"utkface": {"tasks": tasks, "worst": worst}},
        "age": {"utkface": age},
    }
    noisy = {"Bald": "some reason", "Oval_Face": "which this model was not taught"}
    text = model_card(config(), PROVENANCE, TEST | {"coverage": coverage}, noisy)
    assert "| utkface | gender | 40 | 0.9000 (0.8000 to 1.0000) | 1.2500 (1.1500 to 1.0000)" in text
    assert "utkface gender `Male` 0.8000 (0.7000 to 1.0000)." in text
    assert "| utkface | children | 7 | 3.5000 (3.4000 to 1.0000) |  |" in text
    assert "| `Bald` | some reason |" in text
    assert "Oval_Face" not in text


def test_noisy_annotations_are_characteristics_with_a_source(vocabulary):
    text = (ROOT / "conf/base/characteristics.yml").read_text(encoding="utf-8")
    noisy = yaml.safe_load(text)["noisy_labels"]
    assert set(noisy) < set(vocabulary.ids)
    assert all("Wu et al. 2023" in reason for reason in noisy.values())


def test_it_says_what_is_inside_and_how_it_was_made():
    text = model_card(config(), PROVENANCE)
    for row in (
        "| image encoder | `FLIP-dataset/FLIP-base-16` |  | frozen, and read from there |",
        "| language model | `llava-hf/llava-1.5-7b-hf` | v1 | frozen, and read from there |",
        "| segmentation encoder | `/somewhere/vit` |  | trained, and in this repository |",
        "| data sets | celeba (162770), fairface (86744) |",
        "| batch | 128 |",
        "| learning rate | 2e-05, cosine |",
        "| commit | abc123 |",
        "| celeba | attributes | 0.9000 |",
        "| **mean** |  | **0.7500** |",
    ):
        assert row in text
    assert "# FaceInsight +lgc" in text
    assert "LoRA" not in text
    lora = tiny.settings(frozen=["language_model"], lora={}).lora.model_dump()
    with_lora = config()
    with_lora.lora = lora
    assert "LoRA of rank 128" in model_card(with_lora, PROVENANCE)
    org = model_card(config(variant=ORG), PROVENANCE)
    assert "# FaceInsight org" in org
    assert "segmentation map" not in org


def test_what_it_must_not_be_used_for_is_what_the_project_says():
    page = (ROOT / "docs/limits.md").read_text(encoding="utf-8")
    section = words(page.partition("# What it must not be used for")[2].partition("\n## ")[0])
    card = words(model_card(config(), PROVENANCE))
    use = section[section.index("to identify people") : section.index("Accuracy differs")]
    assert len(use) > 200
    assert use in card
    assert section[: section.index("Do not use")] in card


def test_drawn_faces_are_not_taken_for_people():
    text = model_card(config(), drawn())
    assert "drawn faces" in text
    data = ModelCard(text).data
    assert data.datasets is None
    assert {r.dataset_type for r in data.eval_results} == {"celeba-drawn", "fairface-drawn"}


def test_without_validation_there_is_a_card_all_the_same():
    without = PROVENANCE | {"training": PROVENANCE["training"] | {"validation": {}}}
    card = ModelCard(model_card(tiny.model().config, without))
    assert card.data.eval_results is None
    assert "nothing in it comes from another checkpoint" in card.text
    assert "## Validation" not in card.text


def test_the_snippet_runs_as_it_is_printed(tmp_path, monkeypatch, capsys):
    model = tiny.model(ORG)
    model.config.crops = {"maps": "none", "size": tiny.SIZE, "margin": 0.25}
    model.documents = {CARD: model_card(model.config, drawn())}
    model.save_pretrained(tmp_path)
    Image.new("RGB", (60, 50), "grey").save(tmp_path / "photo.jpg")
    found = [[((10, 5, 40, 45), 0.9)]]
    monkeypatch.setattr(PyfacerDetector, "find", lambda *_: found)
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", (tmp_path / CARD).read_text(), re.DOTALL)
    exec(code)
    said = capsys.readouterr().out
    assert said.startswith("(10, 5, 40, 45) (")
    assert "'Smiling': 0." in said
