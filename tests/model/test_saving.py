import json
import shutil
from dataclasses import asdict

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel

from faceinsight.errors import WeightsError
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.coherent import Noise
from faceinsight.method.variants import COH, CORR, LGC
from faceinsight.model import FaceInsightModel, build_model
from faceinsight.model.calibration import Calibration
from faceinsight.model.labels import calibration_of, probabilities
from tests.model import checkpoints, tiny


@pytest.fixture(scope="module")
def saved_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("once")
    tiny.model().save_pretrained(folder)
    return folder


@pytest.fixture
def saved(saved_once, tmp_path):
    """The folder of a saved model that may be damaged."""
    return shutil.copytree(saved_once, tmp_path / "saved")


def trained(model):
    """One step, so that nothing is as it was first made."""
    model.train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    model(**tiny.batch(8)).loss.backward()
    optimiser.step()
    return model.eval()


def with_bases(tmp_path, **changes):
    checkpoints.write_clip(tmp_path / "clip")
    checkpoints.write_llava(tmp_path / "llava")
    settings = tiny.settings(
        **{
            "image_encoder": {"pretrained": str(tmp_path / "clip")},
            "language_model": {"pretrained": str(tmp_path / "llava")},
            "text_encoder": {"pretrained": str(tmp_path / "clip")},
            "frozen": ["image_encoder", "language_model"],
            "frozen_dtype": "bfloat16",
        }
        | changes
    )
    features = np.random.default_rng(0).normal(size=(5, 10))
    vocabulary, rules = tiny.vocabulary(), tiny.ruleset()
    return build_model(settings, vocabulary, None, tiny.adjacency(), rules, text_features=features)


@pytest.mark.parametrize("kind", ["tied", "bases"])
def test_a_model_that_was_read_gives_the_same_probabilities_to_the_bit(tmp_path, one_thread, kind):
    tied = {"architecture": tiny.LLAMA | {"tie_word_embeddings": True}}
    model = {
        "tied": lambda: tiny.model(language_model=tied),
        "bases": lambda: with_bases(tmp_path),
    }[kind]()
    trained(model).save_pretrained(tmp_path / "saved")
    again = FaceInsightModel.from_pretrained(tmp_path / "saved")
    batch = tiny.batch()
    with torch.no_grad():
        assert torch.equal(again(**batch).logits, model(**batch).logits)


def test_everything_comes_back(tmp_path):
    model = trained(tiny.model())
    model.save_pretrained(tmp_path)
    again = FaceInsightModel.from_pretrained(tmp_path)
    assert again.vocabulary == model.vocabulary
    assert again.ruleset.to_config() == model.ruleset.to_config()
    assert again.tokenizer.get_vocab() == model.tokenizer.get_vocab()
    assert not again.training
    batch = tiny.batch()
    torch.testing.assert_close(again(**batch).loss, model(**batch).loss, rtol=0, atol=0)
    state = again.state_dict()
    for name, tensor in model.state_dict().items():
        assert torch.equal(state[name], tensor), name


def test_a_coherent_model_keeps_its_noise_and_temperatures(tmp_path):
    noise = Noise((0.3,), (0.1,) * 5, (0.2,) * 5)
    model = build_model(
        tiny.settings(),
        tiny.vocabulary(),
        None,
        tiny.adjacency(),
        tiny.ruleset(),
        variant=COH,
        learnt=tiny.IDS[1:],
        noise=noise,
    )
    calibration = Calibration((2.0, 3.0, 0.5), 0.9, {"gender": 0.7}, {"Bangs": 0.4}, {"Bangs": 1.0})
    model.config.calibration = asdict(calibration)
    model.save_pretrained(tmp_path)
    again = FaceInsightModel.from_pretrained(tmp_path)
    assert again.coherent.noise == noise
    assert list(again.coherent.temperatures) == [2.0, 3.0, 0.5]
    assert asdict(calibration_of(again)) == json.loads(json.dumps(asdict(calibration)))
    logits = np.random.default_rng(0).normal(0, 2, (20, 5)).astype(np.float32)
    p = probabilities(again, logits)
    np.testing.assert_allclose(p[:, 3:].sum(1), 1, atol=1e-6)
    assert np.isnan(p[:, 0]).all()
    at = np.exp(logits[:, 3:] / again.coherent.temperatures[again.coherent.part[3]])
    np.testing.assert_allclose(p[:, 3:], at / at.sum(1, keepdims=True), atol=1e-6)


def test_only_what_was_trained_is_saved_in_full_precision(tmp_path):
    model = with_bases(tmp_path)
    model.save_pretrained(tmp_path / "saved")
    state = load_file(tmp_path / "saved/model.safetensors")
    assert {name.split(".")[0] for name in state} == {
        "image_adapter",
        "segmentation_encoder",
        "segmentation_adapter",
        "text_adapter",
        "text_features",
        "gcn",
        "map_colours",
    }
    assert {t.dtype for t in state.values() if t.is_floating_point()} == {torch.float32}
    names = {path.name for path in (tmp_path / "saved").iterdir()}
    assert {"config.json", "vocabulary.json", "rules.json", "tokenizer.json"} <= names


def test_a_frozen_part_of_random_weights_is_saved(tmp_path):
    model = tiny.model(frozen=["language_model"])
    model.save_pretrained(tmp_path)
    again = FaceInsightModel.from_pretrained(tmp_path)
    assert torch.equal(again.language_model.lm_head.weight, model.language_model.lm_head.weight)
    assert not again.language_model.lm_head.weight.requires_grad


def test_a_trained_checkpoint_is_no_longer_needed(tmp_path):
    model = trained(with_bases(tmp_path, frozen=[]))
    model.save_pretrained(tmp_path / "saved")
    shutil.rmtree(tmp_path / "llava")
    shutil.rmtree(tmp_path / "clip")
    again = FaceInsightModel.from_pretrained(tmp_path / "saved")
    batch = tiny.batch()
    assert torch.equal(again(**batch).logits, model(**batch).logits)


def test_a_missing_base_is_named_and_may_have_moved(tmp_path):
    model = with_bases(tmp_path)
    model.save_pretrained(tmp_path / "saved")
    (tmp_path / "llava").rename(tmp_path / "elsewhere")
    with pytest.raises(WeightsError, match=r"language_model\.pretrained") as error:
        FaceInsightModel.from_pretrained(tmp_path / "saved")
    assert str(tmp_path / "llava") in str(error.value)
    bases = {"language_model": str(tmp_path / "elsewhere")}
    again = FaceInsightModel.from_pretrained(tmp_path / "saved", bases=bases)
    batch = tiny.batch()
    assert torch.equal(again(**batch).logits, model(**batch).logits)
    with pytest.raises(WeightsError, match="no part 'languages'"):
        FaceInsightModel.from_pretrained(tmp_path / "saved", bases={"languages": "x"})


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "vocabulary.json"])
def test_a_missing_file_is_named(saved, name):
    (saved / name).unlink()
    with pytest.raises(WeightsError, match=name):
        FaceInsightModel.from_pretrained(saved)


@pytest.mark.parametrize("damage", ["missing", "misnamed", "reshaped", "cut"])
def test_weights_that_do_not_fit_are_refused(saved, damage):
    path = saved / "model.safetensors"
    state = load_file(path)
    name = "text_adapter.out.bias"
    tensor = state.pop(name)
    if damage == "misnamed":
        state["text_adapter.out.bayes"] = tensor
    if damage == "reshaped":
        state[name] = tensor[:-1].clone()
    save_file(state, path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
        name = "model.safetensors"
    with pytest.raises(WeightsError, match=name):
        FaceInsightModel.from_pretrained(saved)


def test_the_configuration_is_plain_json(saved):
    config = json.loads((saved / "config.json").read_text())
    assert config["model_type"] == "faceinsight"
    assert config["characteristics"] == list(tiny.IDS)
    assert config["gcn_edges"] == 10


def test_a_gathered_state_can_be_given(tmp_path):
    model = trained(tiny.model())
    state = {name: tensor + 1 for name, tensor in model.state_dict().items()}
    model.save_pretrained(tmp_path, state_dict=state)
    saved = load_file(tmp_path / "model.safetensors")
    assert torch.equal(saved["text_features"], model.text_features + 1)


def test_a_vocabulary_of_another_model_is_refused(saved):
    own = tiny.vocabulary()
    other = Vocabulary(own.characteristics[::-1], own.groups, own.to_config()["tasks"])
    (saved / "vocabulary.json").write_text(json.dumps(other.to_config()))
    with pytest.raises(WeightsError, match=r"vocabulary\.json"):
        FaceInsightModel.from_pretrained(saved)


@pytest.mark.parametrize("name", ["config.json", "vocabulary.json", "rules.json", "tokenizer.json"])
def test_a_file_that_is_cut_is_named(saved, name):
    path = saved / name
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(WeightsError, match=name) as error:
        FaceInsightModel.from_pretrained(saved)
    assert "\n" not in str(error.value)


def test_a_model_that_was_saved_before_there_was_lora_is_read(tmp_path):
    model = tiny.model()
    model.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    for newer in ("lora", "image_adapter", "answer_weight"):
        del config[newer]
    (tmp_path / "config.json").write_text(json.dumps(config))
    batch = tiny.batch()
    again = FaceInsightModel.from_pretrained(tmp_path)
    assert torch.equal(again(**batch).logits, model(**batch).logits)


def test_a_model_that_was_saved_when_crops_were_called_frames_is_read(saved):
    made = {"maps": "provided", "size": tiny.SIZE, "margin": 0.25}
    config = json.loads((saved / "config.json").read_text())
    del config["crops"], config["variant"], config["auto_map"]
    switches = dict.fromkeys(("segmentation", "correlation", "logic"), True)
    (saved / "config.json").write_text(json.dumps(config | switches | {"frames": made}))
    again = FaceInsightModel.from_pretrained(saved)
    assert again.config.crops == made
    assert again.config.variant == LGC.model_dump()
    again.save_pretrained(saved)
    assert "frames" not in json.loads((saved / "config.json").read_text())


def test_switches_beside_the_other_values_are_the_variant_that_they_name(tmp_path):
    model = tiny.model(CORR)
    model.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config.pop("variant") == CORR.model_dump()
    old = {"segmentation": True, "correlation": True, "logic": False}
    (tmp_path / "config.json").write_text(json.dumps(config | old))
    again = FaceInsightModel.from_pretrained(tmp_path)
    assert again.config.variant == CORR.model_dump()
    assert "logic" not in again.config.to_dict()
    batch = tiny.batch()
    assert torch.equal(again(**batch).logits, model(**batch).logits)


def test_a_variant_of_another_version_is_refused(saved):
    config = json.loads((saved / "config.json").read_text())
    config["variant"]["loss"] = "of tomorrow"
    (saved / "config.json").write_text(json.dumps(config))
    with pytest.raises(WeightsError, match=r"config.json: variant.loss: Input should be 'paper'"):
        FaceInsightModel.from_pretrained(saved)


def test_another_kind_of_model_is_refused(saved):
    config = json.loads((saved / "config.json").read_text())
    (saved / "config.json").write_text(json.dumps(config | {"model_type": "llava"}))
    with pytest.raises(WeightsError, match="'llava' model, not of FaceInsight"):
        FaceInsightModel.from_pretrained(saved)


def test_an_encoder_of_timm_is_saved_whole_and_needs_its_checkpoint_no_more(tmp_path):
    """Through transformers' TimmWrapper, as `timm/tf_efficientnet_lite0.in1k` is."""
    config = AutoConfig.for_model("timm_wrapper", architecture="mobilenetv3_small_050")
    AutoModel.from_config(config).save_pretrained(tmp_path / "timm")
    encoder = {"pretrained": str(tmp_path / "timm"), "architecture": None, "feature_layer": -1}
    model = tiny.model(image_encoder=encoder)
    trained(model).save_pretrained(tmp_path / "saved")
    (tmp_path / "timm").rename(tmp_path / "elsewhere")
    again = FaceInsightModel.from_pretrained(tmp_path / "saved")
    with torch.no_grad():
        expected, found = model(**tiny.batch()).logits, again(**tiny.batch()).logits
    torch.testing.assert_close(found, expected)
