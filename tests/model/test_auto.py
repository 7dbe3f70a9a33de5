"""transformers' Auto classes know the model, its configuration and its image processor."""

import json

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoImageProcessor, AutoModel
from transformers.dynamic_module_utils import get_class_from_dynamic_module

from faceinsight.errors import ParameterError
from faceinsight.model import FaceInsightConfig, FaceInsightImageProcessor, FaceInsightModel
from tests.model import tiny


@pytest.fixture(scope="module")
def model():
    model = tiny.model()
    model.config.crops = {"maps": "provided", "size": tiny.SIZE, "margin": 0.3}
    return model


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    model.save_pretrained(folder)
    return folder


def test_a_saved_folder_is_read_by_the_auto_classes(model, folder):
    assert type(AutoConfig.from_pretrained(folder)) is FaceInsightConfig
    again = AutoModel.from_pretrained(folder, dtype="auto")
    assert type(again) is FaceInsightModel
    processor = AutoImageProcessor.from_pretrained(folder)
    assert type(processor) is FaceInsightImageProcessor
    photograph = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    made = processor(photograph, (5, 6, 30, 40), photograph[..., 0] % 19, return_tensors="pt")
    with torch.no_grad():
        assert torch.equal(again(**made).logits, model(**made).logits)


def test_a_configuration_that_is_given_counts(folder):
    config = AutoConfig.from_pretrained(folder, characteristics_attend="independent")
    again = AutoModel.from_pretrained(folder, config=config)
    assert again.config.characteristics_attend == "independent"


def test_the_constructor_takes_a_configuration_alone(model, folder):
    made = AutoModel.from_config(AutoConfig.from_pretrained(folder))
    assert {n: t.shape for n, t in made.state_dict().items()} == {
        n: t.shape for n, t in model.state_dict().items()
    }
    batch = tiny.batch()
    with pytest.raises(ParameterError, match="there are no rules"):
        made(**batch)
    made.complete(model.vocabulary, model.tokenizer, model.ruleset)
    assert made(**batch).loss.isfinite()


def test_remote_code_is_that_of_the_installed_package(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    files = {
        "AutoConfig": ("config.json", FaceInsightConfig),
        "AutoModel": ("config.json", FaceInsightModel),
        "AutoImageProcessor": ("preprocessor_config.json", FaceInsightImageProcessor),
    }
    for auto, (file, class_) in files.items():
        named = json.loads((folder / file).read_text())["auto_map"][auto]
        assert get_class_from_dynamic_module(named, str(folder)) is class_


def test_another_number_format_is_refused(folder):
    with pytest.raises(ParameterError, match=r"dtype: torch\.bfloat16"):
        AutoModel.from_pretrained(folder, dtype=torch.bfloat16)
