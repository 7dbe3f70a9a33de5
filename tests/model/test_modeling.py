import pytest
import torch
from pydantic import ValidationError

from faceinsight.data.classes import MAP_COLOURS
from faceinsight.errors import ParameterError
from faceinsight.method.coherent import CoherentLayer
from faceinsight.method.losses import masked_bce
from faceinsight.method.variants import COH, CORR, LGC, ORG, SEG
from faceinsight.model import ModelSettings, build_model
from tests.model import tiny


@torch.no_grad()
def probabilities_by_hand(model, photographs, maps):
    """Eq. 2 image by image, with the logits of the whole vocabulary from the language model."""
    tokenizer, words = model.tokenizer, model.get_input_embeddings()
    prompts = tiny.settings().prompts
    system = tokenizer(prompts.system, return_tensors="pt").input_ids[0]
    query = tokenizer(prompts.query, add_special_tokens=False, return_tensors="pt").input_ids[0]
    yes, no = (tokenizer.convert_tokens_to_ids("▁" + word) for word in ("yes", "no"))
    colours = torch.tensor(MAP_COLOURS)
    features = model.text_features
    refined = features
    c_hat = torch.tensor(tiny.adjacency(), dtype=torch.float32)
    for layer in model.gcn.layers:
        refined = torch.nn.functional.leaky_relu(c_hat @ refined @ layer.lin.weight.T, 0.2)
    characteristics = model.text_adapter(features + refined)
    rows = []
    for photograph, label_map in zip(photographs, maps, strict=True):
        eyes = []
        for part, picture in (("image", photograph), ("segmentation", colours[label_map.long()])):
            pixels = ((picture / 255 - 0.5) / 0.5).permute(2, 0, 1)[None]
            out = getattr(model, f"{part}_encoder").backbone(pixel_values=pixels).last_hidden_state
            tokens = out[0].flatten(1).T if out.ndim == 4 else out[0, 1:]
            eyes.append(getattr(model, f"{part}_adapter")(tokens))
        sequence = torch.cat([words(system), *eyes, words(query), characteristics])[None]
        logits = model.language_model(inputs_embeds=sequence).logits[0, -len(tiny.IDS) :]
        pair = logits[:, [yes, no]]
        rows.append(pair.softmax(-1)[:, 0])
    return torch.stack(rows)


def test_probabilities_equal_those_from_the_whole_vocabulary():
    model, batch = tiny.model(), tiny.batch()
    expected = probabilities_by_hand(model, batch["photographs"], batch["maps"])
    with torch.no_grad():
        logits = model(**batch).logits
    assert logits.std() > 0.1  # the comparison would otherwise show little
    torch.testing.assert_close(logits.sigmoid(), expected, rtol=1e-4, atol=1e-5)


def test_under_a_causal_mask_what_comes_later_changes_nothing_before():
    model, batch = tiny.model(variant=SEG), tiny.batch()
    with torch.no_grad():
        before = model(**batch).logits
        model.text_features[3:] += 1
        after = model(**batch).logits
    torch.testing.assert_close(after[:, :3], before[:, :3])
    assert ((after - before)[:, 3:].abs() > 1e-4).all()


def permuted(model, order):
    with torch.no_grad():
        model.text_features.copy_(model.text_features[order].clone())
    return model


@pytest.mark.parametrize("attend", ["causal", "independent"])
def test_only_independent_characteristics_ignore_their_order(attend):
    model, batch = tiny.model(variant=SEG, characteristics_attend=attend), tiny.batch()
    order = [3, 0, 4, 2, 1]
    with torch.no_grad():
        before = model(**batch).logits
        after = permuted(model, order)(**batch).logits
    same = torch.allclose(after, before[:, order], atol=1e-5)
    assert same == (attend == "independent")


def test_independent_characteristics_see_pictures_and_query_alone():
    model, batch = tiny.model(variant=SEG, characteristics_attend="independent"), tiny.batch()
    with torch.no_grad():
        before = model(**batch).logits
        model.text_features[0] += 1
        after = model(**batch).logits
        other = model(**tiny.batch(seed=1)).logits
    torch.testing.assert_close(after[:, 1:], before[:, 1:])
    assert ((after - before)[:, 0].abs() > 1e-4).all()
    assert not torch.allclose(other, after, atol=1e-3)


def test_the_first_characteristic_is_the_same_in_both_modes():
    batch = tiny.batch()
    causal = tiny.model()
    independent = tiny.model(characteristics_attend="independent")
    with torch.no_grad():
        one, other = causal(**batch).logits, independent(**batch).logits
    torch.testing.assert_close(one[:, 0], other[:, 0], rtol=1e-4, atol=1e-5)


def test_loss_is_the_sum_of_equation_4():
    batch = tiny.batch()
    model = tiny.model(logic_weight=0.5)
    out = model(**batch)
    torch.testing.assert_close(out.bce, masked_bce(out.logits, batch["labels"]))
    p = out.logits.sigmoid()
    broken = p[:, 0] * p[:, 1] + p[:, 3] * p[:, 4] + (1 - p[:, 3]) * (1 - p[:, 4])
    torch.testing.assert_close(out.logic, broken.mean())
    torch.testing.assert_close(out.loss, out.bce + 0.5 * out.logic)
    assert model(batch["photographs"], batch["maps"]).loss is None


def test_the_coherent_loss_takes_the_place_of_both():
    model, batch = tiny.model(COH), tiny.batch()
    found = model(**batch)
    rules = tiny.ruleset()
    layer = CoherentLayer.from_rules(rules, tiny.vocabulary().groups)
    expected = layer.nll(found.logits, batch["labels"]).sum(1).mean()
    assert found.loss.item() == found.coherent.item() == pytest.approx(expected.item())
    assert found.bce is found.logic is None
    with pytest.raises(ParameterError, match="the variant is coherent, and there are no rules"):
        build_model(tiny.settings(), tiny.vocabulary(), None, tiny.adjacency(), variant=COH)


def test_gradients_reach_every_parameter():
    model = tiny.model().train()
    model(**tiny.batch()).loss.backward()
    still = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    # Of the word embeddings only the prompt's rows get a gradient, but the matrix does.
    assert still == []


def test_variants_have_only_what_they_use():
    names = {
        v.name: {name.split(".")[0] for name, _ in tiny.model(variant=v).named_parameters()}
        for v in (ORG, SEG, CORR, LGC)
    }
    org = {"image_encoder", "image_adapter", "text_features", "text_adapter", "language_model"}
    seg = org | {"segmentation_encoder", "segmentation_adapter"}
    assert names == {"org": org, "seg": seg, "corr": seg | {"gcn"}, "lgc": seg | {"gcn"}}


def test_org_reads_no_maps_and_gives_no_logical_loss():
    model = tiny.model(variant=ORG)
    batch = tiny.batch()
    out = model(batch["photographs"], labels=batch["labels"])
    assert out.logic is None
    torch.testing.assert_close(out.loss, out.bce)
    torch.testing.assert_close(model(**batch).logits, out.logits)


def test_maps_matter_and_must_be_given():
    model, batch = tiny.model(), tiny.batch()
    with pytest.raises(ParameterError, match="maps"):
        model(batch["photographs"])
    with torch.no_grad():
        one = model(**batch).logits
        other = model(batch["photographs"], tiny.batch(seed=5)["maps"]).logits
    assert not torch.allclose(one, other, atol=1e-3)


def test_building_is_reproducible_and_leaves_the_random_state_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    one, other = tiny.model(), tiny.model()
    assert torch.equal(torch.rand(3), expected)
    for (name, a), b in zip(one.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def test_learns_prevalence_quickly():
    model = tiny.model(variant=CORR).train()
    target = torch.tensor([0.02, 0.1, 0.5, 0.9, 0.98])
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(50):
        batch = tiny.batch(12)
        batch["labels"] = (torch.rand(12, 5, generator=generator) < target).to(torch.int8)
        loss = model(**batch).loss
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    with torch.no_grad():
        p = model.eval()(**tiny.batch(64)).logits.sigmoid().mean(0)
    torch.testing.assert_close(p, target, rtol=0, atol=0.15)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"image_encoder": {}}, "pretrained"),
        ({"language_model": {"architecture": {"hidden_size": 8}}}, "model_type"),
        ({"text_encoder": {}}, "width"),
        ({"frozen": ["gcn"]}, "frozen"),
        ({"hidden": 3}, "hidden"),
    ],
)
def test_settings_are_checked_at_once(changes, named):
    with pytest.raises(ValidationError, match=named):
        tiny.settings(**changes)


def test_what_a_switch_needs_must_be_given():
    vocabulary, rules = tiny.vocabulary(), tiny.ruleset()
    with pytest.raises(ParameterError, match="adjacency"):
        build_model(tiny.settings(), vocabulary, None, None, rules)
    with pytest.raises(ParameterError, match="5 x 5"):
        build_model(tiny.settings(), vocabulary, None, tiny.adjacency()[:3, :3], rules)
    with pytest.raises(ParameterError, match="rule"):
        build_model(tiny.settings(), vocabulary, None, tiny.adjacency(), None)
    prompts = {"system": "A face:", "query": "What?", "yes": "two words"}
    with pytest.raises(ParameterError, match=r"prompts\.yes"):
        tiny.model(prompts=prompts)
    with pytest.raises(ParameterError, match=r"language_model\.architecture"):
        tiny.model(language_model={"architecture": {"model_type": "lama"}})


def test_settings_read_from_yaml_types():
    plain = tiny.settings().model_dump(mode="json")
    assert ModelSettings.model_validate(plain) == tiny.settings()
