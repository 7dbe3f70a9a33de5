"""A rival's name says where its weights are not the model's own."""

import json

import numpy as np
import pytest
from experiments.tiny_checkpoints import save_tiny

from faceinsight.rivals.naming import DECLARED, TINY, name_of, shown_name, weights_of
from faceinsight.rivals.record import about
from tests.rivals.making import configured


@pytest.mark.parametrize("kind", ["llava", "llava_onevision"])
def test_a_tiny_checkpoint_says_what_it_is(kind, tmp_path):
    save_tiny(kind, tmp_path)
    settings = configured(chosen="llava_1_5_7b", local__path=str(tmp_path))
    assert weights_of(settings) == about(settings)["weights"] == TINY
    assert name_of(settings) == "LLaVA-v1.5-7B (tiny, random weights)"
    assert about(settings)["title"] == "LLaVA-v1.5-7B"


@pytest.mark.parametrize(
    "config",
    ['{"model_type": "llava"}', f'{{"{DECLARED}": 3}}', "[]", "{half a f", None],
    ids=["real", "no text", "no object", "damaged", "missing"],
)
def test_a_checkpoint_that_says_nothing_has_a_bare_name(config, tmp_path):
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    settings = configured(chosen="llava_1_5_7b", local__path=str(tmp_path))
    assert weights_of(settings) is None
    assert name_of(settings) == "LLaVA-v1.5-7B"


def test_what_a_folder_says_is_not_of_a_rival_behind_a_server(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({DECLARED: TINY}))
    assert name_of(configured(chosen="nvila_8b", local__path=str(tmp_path))) == "NVILA-8B"


@pytest.mark.parametrize("weights", [None, "", np.nan])
def test_without_weights_to_tell_of_a_name_is_bare(weights):
    assert shown_name("M", weights) == "M"
