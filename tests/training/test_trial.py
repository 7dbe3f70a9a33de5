"""A model that cannot be made is told before anything runs, by the parameter that is at fault."""

import pytest
from pydantic import ValidationError

from faceinsight.errors import FaceInsightError
from faceinsight.method.variants import LGC, ORG
from faceinsight.training.trial import try_out
from tests.model import talking, tiny

VISION = {"model_type": "resnet", "embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]}


def tried(variant=LGC, lexicon=None, **changes):
    try_out(tiny.settings(**changes), tiny.vocabulary(), [variant], lexicon)


@pytest.mark.parametrize("variant", [ORG, LGC], ids=lambda variant: variant.name)
def test_what_can_be_made_is_let_through(variant):
    tried(variant)
    tried(variant, talking.lexicon(), answer_weight=1.0)


def language(**changes):
    return {"language_model": {"architecture": tiny.LLAMA | changes}}


def image(**changes):
    return {"image_encoder": {"architecture": VISION | changes}}


FAULTS = {
    "no such language model": (language(model_type="lama"), "'lama'; did you mean 'llama'"),
    "no language model": (language(model_type="vit", max_position_embeddings=None), "model"),
    "of a wrong kind": (language(rms_norm_eps="wide"), r"'rms_norm_eps'.*expected float, got str"),
    "heads that do not fit": (language(num_key_value_heads=3), "cannot be built of these settings"),
    "a misspelt width": (language(hiden_size=8), "'hiden_size'; did you mean 'hidden_size'"),
    "no list of names": (image(out_features=8), r"image_encoder\.architecture.*must be a list"),
    "no such activation": (image(hidden_act="rellu"), "there is no 'rellu'"),
    "a model of no name": (language(model_type=["llama"]), "there is no model_type"),
    "too few positions": (language(max_position_embeddings=20), "it has 20 positions, and"),
    "a misspelt list": (image(hiden_sizes=[8]), r"image_encoder.*did you mean 'hidden_sizes'"),
    "no encoder": (image(model_type="resnett"), "did you mean 'resnet'"),
    "no such layer": ({"image_encoder": {"architecture": VISION, "feature_layer": -9}}, "-9"),
    "no image encoder": ({"image_encoder": {"pretrained": "/a/b"}}, "model.image_encoder.pretr"),
    "no text encoder": ({"text_encoder": {"pretrained": "/a/b"}}, "model.text_encoder.pretrained"),
    "no projector": ({"image_adapter": {"pretrained": "/a/b"}}, "model.image_adapter.pretrained"),
    "no layers for LoRA": (
        {"lora": {"target_modules": ["q_prj"]}, "frozen": ["language_model"]},
        "no module 'q_prj'",
    ),
    "two tokens": ({"prompts": {"yes": "by all means"}}, r"prompts\.yes"),
    "nothing to say": ({"answer_weight": 1.0}, r"model\.answer_weight"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_made_is_told_whole(fault):
    changes, said = FAULTS[fault]
    with pytest.raises(FaceInsightError, match=said) as raised:
        tried(**changes)
    told = str(raised.value)
    assert "\n" not in told
    assert not told.endswith(":")
    assert len(told) < 450


@pytest.mark.parametrize(
    ("part", "name", "sizes", "said"),
    [
        ("image_encoder", "hidden_sizes", 3, "hidden_sizes is 3; give a list of whole numbers"),
        ("image_encoder", "hidden_sizes", [], "list of whole numbers from 1 up"),
        ("segmentation_encoder", "hidden_sizes", [0, 8], "from 1 up"),
        ("segmentation_encoder", "depths", ["one", 1], "from 1 up"),
        ("image_encoder", "depths", [1, 1, 1], "differ in length; give one of each a stage"),
        ("image_encoder", "embedding_size", 2.5, "embedding_size is 2.5; give a whole number"),
        ("language_model", "num_hidden_layers", 0, "num_hidden_layers is 0"),
        ("language_model", "num_attention_heads", True, "num_attention_heads is True"),
        ("language_model", "intermediate_size", -8, "intermediate_size is -8"),
    ],
)
def test_sizes_are_checked_with_the_other_parameters(part, name, sizes, said):
    whole = tiny.LLAMA if part == "language_model" else VISION
    with pytest.raises(ValidationError, match=said) as raised:
        tiny.settings(**{part: {"architecture": whole | {name: sizes}}})
    (fault,) = raised.value.errors()
    assert fault["loc"] == (part, "architecture")


def test_a_deviation_is_above_zero():
    with pytest.raises(ValidationError, match="greater than 0"):
        tiny.settings(image_encoder={"architecture": VISION, "std": [0, 0.5, 0.5]})


def test_maps_that_no_variant_reads_need_no_encoder():
    faulty = {"segmentation_encoder": {"pretrained": "/a/b"}}
    tried(ORG, **faulty)
    with pytest.raises(FaceInsightError, match="segmentation_encoder"):
        tried(LGC, **faulty)
