"""Tiny checkpoints of native classes, asked in this process."""

import json
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageTextToText, AutoProcessor

from faceinsight.errors import WeightsError
from faceinsight.rivals.local import LocalRival, chat_prompt
from faceinsight.rivals.questions import questions_of
from faceinsight.rivals.settings import LocalSettings, RivalSettings
from tests.rivals import tiny
from tests.rivals.making import configured

CLASSES = {
    "llava": "LlavaForConditionalGeneration",
    "llava_onevision": "LlavaOnevisionForConditionalGeneration",
    "qwen2_5_vl": "Qwen2_5_VLForConditionalGeneration",
}


def rival_settings(kind, **changes):
    return RivalSettings(
        title=kind,
        checkpoint=f"nobody/{kind}",
        way="transformers",
        model_class=CLASSES[kind],
        licence="none",
        documented="{question}",
        source="a test",
        **changes,
    )


def opened(checkpoint, scored_by="text", **changes):
    kind, folder = checkpoint
    local = LocalSettings(path=str(folder), device="cpu", dtype="float32")
    return LocalRival.load(rival_settings(kind, **changes), local, scored_by)


@pytest.fixture(scope="module")
def asked(vocabulary):
    """Questions of all kinds, and pictures of several sizes."""
    each = questions_of(vocabulary, "celeba", configured().questions)[:3]
    choice = questions_of(vocabulary, "fairface", configured().questions)
    rng = np.random.default_rng(3)
    shapes = [(60, 40), (28, 90), (33, 33)]
    pictures = [rng.integers(0, 256, (*shape, 3), dtype=np.uint8) for shape in shapes]
    return pictures, {"each": each, "choice": choice}


@cache
def loaded(folder):
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
    return AutoProcessor.from_pretrained(folder), model.eval()


def by_hand(folder, prompt, picture):
    """Inputs of one question as the model's documentation makes them, without padding."""
    from PIL import Image

    processor, model = loaded(folder)
    content = [{"type": "image"}, {"type": "text", "text": prompt}]
    text = processor.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True
    )
    inputs = processor(images=Image.fromarray(picture), text=text, return_tensors="pt")
    return processor, model, inputs


def test_a_batch_answers_as_each_question_alone_would(checkpoint, asked):
    pictures, questions = asked[0], asked[1]["choice"]
    answers = opened(checkpoint).ask(pictures, questions)
    for picture, question, answer in zip(pictures, questions, answers, strict=True):
        processor, model, inputs = by_hand(checkpoint[1], question.text, picture)
        with torch.inference_mode():
            out = model.generate(**inputs, do_sample=False, max_new_tokens=question.max_tokens)
        new = out[0, inputs["input_ids"].shape[1] :]
        assert answer.text == processor.tokenizer.decode(new, skip_special_tokens=True).strip()
        assert answer.scores is None
    assert len({answer.text for answer in answers}) > 1


def log_probabilities(folder, question, picture):
    """Log-probability of each option by a forward pass of its own."""
    processor, model, inputs = by_hand(folder, question.text, picture)
    with torch.inference_mode():
        log_p = model(**inputs).logits[0, -1].log_softmax(-1)
    encode = processor.tokenizer.encode
    first = [
        {
            encode(space + word, add_special_tokens=False)[0]
            for word in (option, option.capitalize(), option.upper())
            for space in ("", " ")
        }
        for option in question.options
    ]
    # A space as a token of its own begins them all, and tells nothing.
    common = {token for token in set().union(*first) if sum(token in f for f in first) > 1}
    return [torch.logsumexp(log_p[sorted(f - common)], dim=0).item() for f in first]


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "each by itself"])
def test_likelihood_is_the_first_tokens_log_probability(checkpoint, asked, shared, monkeypatch):
    """Questions about one picture share the work on it where they can."""
    (one, other, _), questions = asked
    if not shared:
        monkeypatch.setattr("faceinsight.rivals.local.next_token_logits", lambda *_: None)
    rival = opened(checkpoint, "likelihood")
    passes = []
    rival.model.register_forward_hook(lambda *_: passes.append(1))
    pictures, mixed = [one] * 5 + [other], [*questions["each"], *questions["choice"]]
    answers = rival.ask(pictures, mixed)
    # The picture and all that follows it, for each of the two; or one pass for each of them.
    assert len(passes) == (4 if shared else 2)
    for picture, question, answer in zip(pictures, mixed, answers, strict=True):
        expected = log_probabilities(checkpoint[1], question, picture)
        np.testing.assert_allclose(answer.scores, expected, atol=1e-4)


@pytest.fixture(scope="module")
def llava(tmp_path_factory):
    folder = tmp_path_factory.mktemp("llava")
    tiny.save("llava", folder)
    return folder


@pytest.fixture
def damaged(llava, tmp_path):
    """A copy, for a test to spoil."""
    return Path(shutil.copytree(llava, tmp_path / "llava"))


def test_the_prompt_of_the_rival_is_laid_around_the_question(llava, asked):
    question = asked[1]["each"][0]
    processor, _ = loaded(llava)
    rival = rival_settings("llava", prompt="Look. {question} Well?")
    assert f"Look. {question.text} Well?" in chat_prompt(processor, rival, question.text)


def test_a_checkpoint_without_all_its_weights_is_refused(damaged):
    weights = load_file(damaged / "model.safetensors")
    del weights[sorted(weights)[0]]
    save_file(weights, damaged / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(WeightsError, match="lacks 1 weights"):
        opened(("llava", damaged))


def test_another_model_is_refused(llava):
    local = LocalSettings(path=str(llava), device="cpu")
    with pytest.raises(WeightsError, match="not the Qwen2_5_VLForConditionalGeneration"):
        LocalRival.load(rival_settings("qwen2_5_vl"), local, "text")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(WeightsError, match="no folder"):
        opened(("llava", tmp_path / "nowhere"))


def test_a_checkpoint_without_a_chat_template_is_refused(damaged):
    (damaged / "chat_template.jinja").unlink()
    with pytest.raises(WeightsError, match="chat template"):
        opened(("llava", damaged))


@pytest.fixture
def bringing_code(damaged, tmp_path):
    """A checkpoint whose class comes as code beside it; the code leaves a mark when it is run."""
    folder = damaged
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "own_llava",
        "auto_map": {"AutoConfig": "own.Config", "AutoModelForImageTextToText": "own.Model"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    # Names of weights are translated for the classes that transformers knows, and only for them.
    weights = load_file(folder / "model.safetensors")
    weights["lm_head.weight"] = weights.pop("language_model.lm_head.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    mark = tmp_path / "was_run"
    (folder / "own.py").write_text(
        "from pathlib import Path\n"
        "from transformers import LlavaConfig, LlavaForConditionalGeneration\n"
        f"Path({str(mark)!r}).touch()\n"
        "class Config(LlavaConfig):\n    model_type = 'own_llava'\n"
        "class Model(LlavaForConditionalGeneration):\n    config_class = Config\n"
    )
    return folder, mark


def test_code_that_comes_with_a_checkpoint_is_not_run(bringing_code):
    folder, mark = bringing_code
    with pytest.raises(WeightsError, match="trust_remote_code: true"):
        opened(("llava", folder))
    assert not mark.exists()


def test_code_is_run_where_a_parameter_says_so(bringing_code, asked, monkeypatch, tmp_path):
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "m"))
    folder, mark = bringing_code
    local = LocalSettings(path=str(folder), device="cpu")
    settings = rival_settings("llava", trust_remote_code=True)
    settings = settings.model_copy(update={"model_class": None})
    rival = LocalRival.load(settings, local, "text")
    assert mark.exists()
    assert len(rival.ask(asked[0], asked[1]["each"])) == 3
