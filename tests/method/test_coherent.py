"""The coherent layer against sums over all 2^K assignments, and against a model counter."""

from __future__ import annotations

import ast
import itertools
import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pysdd.sdd import SddManager

from faceinsight.errors import RuleError
from faceinsight.method import coherent
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.coherent import CoherentLayer, Noise, fit_temperatures
from faceinsight.method.rules.compiler import RuleSet
from tests.method.rules.reference import LETTERS, Made, compiled, consistent, rules, table

K = len(LETTERS)
GROUP = ("A", "B", "D")
GROUP_RULE = Made(
    f"exactly one of {{{', '.join(GROUP)}}}", lambda a: sum(a[member] for member in GROUP) == 1
)

made_rules = st.lists(rules(), min_size=1, max_size=4)
logit_rows = st.lists(st.floats(-8, 8), min_size=K, max_size=K)
subsets = st.sets(st.sampled_from(range(K)), min_size=1)


def layer_of(made: list[Made], learnt: set[int] | None = None, groups: bool = False, **more):
    return CoherentLayer.from_rules(
        compiled(*(rule.text for rule in made)),
        {"group": GROUP} if groups else None,
        None if learnt is None else [LETTERS[column] for column in sorted(learnt)],
        **more,
    )


def brute_force(made: list[Made], learnt: set[int], logits: list[float]):
    """Distinct consistent rows over what is learnt (others 0), and their probabilities.

    Characteristics that no rule ties to each other are independent here of themselves: all rows
    over all characteristics are listed.
    """
    left = table(LETTERS)[consistent(made)].astype(float)
    mask = np.isin(np.arange(K), list(learnt))
    rows = np.unique(left * mask, axis=0)
    energy = rows @ np.array(logits)
    weight = np.exp(energy - energy.max())
    return rows, weight / weight.sum(), left


@settings(deadline=None, max_examples=30)
@given(made=made_rules, logits=logit_rows, learnt=subsets)
def test_marginals_are_sums_over_consistent_assignments(made, logits, learnt):
    assume(consistent(made).any())
    rows, weight, _ = brute_force(made, learnt, logits)
    got = layer_of(made, learnt).marginals(torch.tensor([logits], dtype=torch.float64))[0].numpy()
    taught = sorted(learnt)
    np.testing.assert_allclose(got[taught], (weight @ rows)[taught], atol=1e-12)
    assert np.isnan(np.delete(got, taught)).all()


@settings(deadline=None, max_examples=30)
@given(made=made_rules, logits=logit_rows, learnt=subsets)
def test_labels_are_consistent_and_right_as_often_as_can_be(made, logits, learnt):
    assume(consistent(made).any())
    rows, weight, left = brute_force(made, learnt, logits)
    got = layer_of(made, learnt).labels(torch.tensor([logits], dtype=torch.float64))[0].numpy()
    known = np.flatnonzero(got >= 0)
    fitting = left[(left[:, known] == got[known]).all(axis=1)]
    assert len(fitting)
    assert set(learnt) <= set(known.tolist())
    # What is not said can be either way.
    for column in set(range(K)) - set(known.tolist()):
        assert set(fitting[:, column]) == {0.0, 1.0}
    taught = sorted(learnt)

    def right(row):
        return (weight * (rows[:, taught] == row[taught]).sum(axis=1)).sum()

    assert right(got) == pytest.approx(max(right(row) for row in rows), abs=1e-9)


def chance(noted: np.ndarray, row: np.ndarray, noise: Noise, group: list[int] | None) -> float:
    """P(annotation | true labels), a factor an observation."""
    p = 1.0
    for column in range(K):
        if noted[column] < 0 or (group and column in group):
            continue
        if noted[column]:
            p *= 1 - noise.missed[column] if row[column] else noise.invented[column]
        else:
            p *= noise.missed[column] if row[column] else 1 - noise.invented[column]
    if group and (noted[group] >= 0).any():
        present = [c for c in group if noted[c] == 1]
        seen = present or [c for c in group if noted[c] != 0]
        if seen:
            error, others = noise.groups[0], len(group) - 1
            p *= sum((1 - error) if row[c] else error / others for c in seen)
    return p


@settings(deadline=None, max_examples=30)
@given(
    made=made_rules,
    logits=logit_rows,
    labels=st.lists(st.integers(-1, 1), min_size=K, max_size=K),
    learnt=subsets,
    grouped=st.booleans(),
    seed=st.integers(0, 99),
)
def test_the_likelihood_is_a_sum_over_true_labels(made, logits, labels, learnt, grouped, seed):
    if grouped:
        made, learnt = [*made, GROUP_RULE], learnt | {0, 1, 3}
    assume(consistent(made).any())
    rates = np.random.default_rng(seed).uniform(1e-4, 0.3, 2 * K + 1).tolist()
    noise = Noise((rates[-1],) if grouped else (), tuple(rates[:K]), tuple(rates[K:-1]))
    rows, weight, _ = brute_force(made, learnt, logits)
    noted = np.array([y if k in learnt else -1 for k, y in enumerate(labels)])
    group = [0, 1, 3] if grouped else None
    each = [chance(noted, row, noise, group) for row in rows]
    layer = layer_of(made, learnt, grouped, noise=noise)
    got = layer.nll(torch.tensor([logits], dtype=torch.float64), torch.tensor([labels]))
    assert got.shape == (1, layer.count + 1)
    assert got.sum().item() == pytest.approx(-math.log(weight @ each), abs=1e-9)


def test_one_of_a_group_that_is_not_taught_may_be_what_was_seen():
    layer = layer_of([GROUP_RULE], {0, 1}, groups=True, noise=Noise((0.1,), (0.1,) * K, (0.1,) * K))
    logits = torch.zeros(1, K, dtype=torch.float64)
    labels = torch.full((1, K), -1)
    labels[0, :2] = 0
    # Rows A, B and neither; "neither" is what was noted.
    assert layer(logits, labels).item() == pytest.approx(-math.log((0.9 + 2 * 0.05) / 3))


def test_gradients_are_those_of_finite_differences(ruleset: RuleSet, vocabulary: Vocabulary):
    layer = CoherentLayer.from_rules(
        ruleset, vocabulary.groups, ruleset.ids[::2] + ruleset.ids[1:9]
    )
    draw = torch.Generator().manual_seed(0)
    logits = torch.randn(2, len(ruleset.ids), dtype=torch.float64, generator=draw)
    labels = torch.randint(-1, 2, logits.shape, generator=draw)
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda z: layer(z, labels), (logits,))
    taught = layer.marginals(logits).isfinite()[0]
    assert torch.autograd.gradcheck(lambda z: layer.marginals(z)[:, taught], (logits,))


def test_the_projects_own_rules_give_no_contradiction(ruleset: RuleSet, vocabulary: Vocabulary):
    layer = CoherentLayer.from_rules(ruleset, vocabulary.groups)
    for scale in (0.1, 3.0, 100.0):
        logits = scale * torch.randn(
            500, len(ruleset.ids), generator=torch.Generator().manual_seed(1)
        )
        p = layer.marginals(logits)
        for members in vocabulary.groups.values():
            columns = [ruleset.ids.index(member) for member in members]
            torch.testing.assert_close(p[:, columns].sum(1), torch.ones(500), atol=1e-6, rtol=0)
        labels = layer.labels(logits).numpy()
        assert not ruleset.violated(labels == 1).any()
        assert (labels >= 0).all()
        implications = 0
        for cube in (cube for rule in ruleset.rules for cube in rule.cubes):
            if sorted(present for _, present in cube) == [False, True]:
                implied, implying = (c for c, _ in sorted(cube, key=lambda literal: literal[1]))
                assert (p[:, implying] <= p[:, implied] + 1e-6).all()
                implications += 1
        assert implications


def test_a_model_counter_finds_the_same_marginals(ruleset: RuleSet):
    logits = np.random.default_rng(3).normal(0, 2, len(ruleset.ids))
    manager = SddManager(var_count=len(ruleset.ids))
    root = manager.true()
    for rule in ruleset.rules:
        for cube in rule.cubes:
            clause = manager.false()
            for column, present in cube:
                clause |= manager.literal(-(column + 1) if present else column + 1)
            root &= clause
            root.ref()
    counter = root.wmc(log_mode=True)
    for column, z in enumerate(logits):
        counter.set_literal_weight(manager.literal(column + 1), z)
        counter.set_literal_weight(manager.literal(-column - 1), 0.0)
    whole = counter.propagate()
    expected = [
        math.exp(counter.literal_derivative(manager.literal(column + 1)) + z - whole)
        for column, z in enumerate(logits)
    ]
    got = CoherentLayer.from_rules(ruleset).marginals(torch.tensor(logits)[None])[0]
    np.testing.assert_allclose(got.numpy(), expected, atol=1e-9)


def test_it_computes_in_float32_under_autocast_and_compiled(ruleset: RuleSet, vocabulary):
    layer = CoherentLayer.from_rules(ruleset, vocabulary.groups)
    draw = torch.Generator().manual_seed(2)
    logits = 20 * torch.randn(8, len(ruleset.ids), generator=draw)
    labels = torch.randint(-1, 2, logits.shape, generator=draw)
    plain = layer.marginals(logits), layer(logits, labels)
    exact = layer.marginals(logits.double()), layer(logits.double(), labels)
    for one, other in zip(plain, exact, strict=True):
        torch.testing.assert_close(one.double(), other, atol=1e-5, rtol=1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        within = layer.marginals(logits), layer(logits, labels)
    assert within[0].dtype == within[1].dtype == torch.float32
    compiled_layer = torch.compile(layer, backend="aot_eager", fullgraph=True)
    for one, *others in zip(plain, within, (plain[0], compiled_layer(logits, labels)), strict=True):
        for other in others:
            torch.testing.assert_close(one, other)
    assert torch.isfinite(layer(logits.bfloat16(), labels))
    assert not list(layer.parameters())
    assert not layer.state_dict()


def test_what_is_unknown_costs_nothing(ruleset: RuleSet, vocabulary: Vocabulary):
    layer = CoherentLayer.from_rules(ruleset, vocabulary.groups)
    logits = torch.randn(3, len(ruleset.ids), requires_grad=True)
    layer(logits, torch.full(logits.shape, -1)).backward()
    assert (logits.grad == 0).all()


def drawn_from(layer: CoherentLayer, logits: torch.Tensor, seed: int) -> torch.Tensor:
    """Labels of the distribution itself, one face each."""
    draw = torch.Generator().manual_seed(seed)
    labels = torch.zeros(logits.shape, dtype=torch.int8)
    for component in layer._components:
        columns = list(component.columns)
        own = layer._rows[component.rows].double()
        row = torch.multinomial((logits @ own.T).softmax(1), 1, generator=draw)[:, 0]
        labels[:, columns] = own[row][:, columns].to(torch.int8)
    free = list(layer.free)
    uniform = torch.rand(len(logits), len(free), generator=draw, dtype=torch.float64)
    labels[:, free] = (uniform < logits[:, free].sigmoid()).to(torch.int8)
    return labels


def test_temperatures_that_were_in_the_data_are_found(ruleset: RuleSet, vocabulary: Vocabulary):
    groups = [[0]] * len(vocabulary.groups)
    nearly_none = Noise.of_prevalence([0.5] * len(ruleset.ids), groups, 1e-6)
    layer = CoherentLayer.from_rules(ruleset, vocabulary.groups, noise=nearly_none)
    draw = torch.Generator().manual_seed(5)
    truth = torch.randn(4000, len(ruleset.ids), generator=draw, dtype=torch.float64)
    labels = drawn_from(layer, truth, 6)
    hidden = int(layer.part[ruleset.ids.index("Bald")])
    labels[:, layer.part == hidden] = -1
    times = torch.linspace(0.4, 3.0, layer.count + 1, dtype=torch.float64)
    found = torch.tensor(fit_temperatures(layer, truth * times[layer.part], labels, 20.0))
    assert found[hidden] == 1
    seen = torch.arange(layer.count + 1) != hidden
    torch.testing.assert_close(found[seen].double(), times[seen], rtol=0.12, atol=0)
    # Sure of what is always right, but not without end.
    limit = fit_temperatures(layer, torch.where(labels == 1, 1.0, -1.0), labels, 20.0)
    assert 1 / 20 <= min(limit) < 0.2
    # Of few faces next to nothing is known, and of none nothing.
    for few in range(1, 4):
        of = fit_temperatures(layer, truth[:few], labels[:few], 20.0)
        assert 0.4 < min(of) <= max(of) < 2.5
    assert set(fit_temperatures(layer, truth[:0], labels[:0], 20.0)) == {1.0}


def test_temperatures_divide_energies_and_leave_labels_coherent(ruleset: RuleSet, vocabulary):
    plain = CoherentLayer.from_rules(ruleset, vocabulary.groups)
    warm = CoherentLayer.from_rules(ruleset, vocabulary.groups)
    warm.temperatures = torch.linspace(0.5, 4, warm.count + 1).tolist()
    logits = 3 * torch.randn(50, len(ruleset.ids), generator=torch.Generator().manual_seed(4))
    by_hand = logits / torch.tensor(warm.temperatures)[warm.part]
    torch.testing.assert_close(warm.marginals(logits), plain.marginals(by_hand))
    assert torch.equal(warm.labels(logits), plain.labels(by_hand))
    assert not ruleset.violated(warm.labels(logits).numpy() == 1).any()
    labels = torch.ones_like(logits)
    torch.testing.assert_close(warm(logits, labels), plain(logits, labels))


def test_a_group_that_no_rule_ties_together_is_none(vocabulary: Vocabulary):
    alone = RuleSet(vocabulary.ids, [])
    noise = Noise.of_prevalence([0.5] * len(vocabulary), [[0]] * len(vocabulary.groups))
    layer = CoherentLayer.from_rules(alone, vocabulary.groups, noise=noise)
    assert layer.groups == layer.noise.groups == ()
    logits = torch.randn(4, len(vocabulary), generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(layer.marginals(logits), logits.sigmoid())


def test_noise_is_a_tenth_of_what_is_rare_at_most():
    noise = Noise.of_prevalence([0.025, 0.5, 0.9, math.nan, 0.1], [[0, 4], [3]])
    assert noise.missed == pytest.approx([0.0025, 0.02, 0.01, 0.02, 0.01])
    assert noise.invented == noise.missed
    assert noise.groups == pytest.approx([0.0025, 0.02])


def test_what_cannot_be_listed_is_refused():
    ids = [f"c{number}" for number in range(20)]
    chain = [f"{a} -> not {b}" for a, b in itertools.pairwise(ids)]
    wide = compiled(*chain, f"at least one of {{{', '.join(ids)}}}", ids=ids)
    assert CoherentLayer.from_rules(wide).count == 1
    loose = compiled(f"at least one of {{{', '.join(ids)}}}", ids=ids)
    with pytest.raises(RuleError, match=r"20 characteristics .* more than 65,536 .* at least one"):
        CoherentLayer.from_rules(loose)
    with pytest.raises(RuleError, match="there are no such: A and B; not A"):
        CoherentLayer.from_rules(compiled("A and B", "not A"))
    with pytest.raises(ValueError, match="group 0 lies in no component"):
        CoherentLayer(3, [([0, 1], [[0, 1]])], groups=[[1, 2]])
    with pytest.raises(ValueError, match="component 1 shares a column"):
        CoherentLayer(3, [([0, 1], [[0, 1]]), ([1, 2], [[0, 1]])])
    with pytest.raises(ValueError, match="component 0 has no consistent assignment"):
        CoherentLayer(2, [([0, 1], np.zeros((0, 2), dtype=bool))])


def test_the_page_runs_as_printed(project_root, monkeypatch):
    text = (project_root / "docs/coherent.md").read_text(encoding="utf-8")
    (snippet,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    found: dict = {}
    exec(snippet, found)
    rows = {tuple(row) for row in found["rows"]}
    assert len(rows) == 5
    assert {tuple(row) for row in found["labels"][:, :4].tolist()} <= rows
    assert found["logits"].grad.abs().sum() > 0


def test_it_needs_pytorch_alone():
    tree = ast.parse(Path(coherent.__file__).read_text(encoding="utf-8"))
    named = {
        alias.name if isinstance(node, ast.Import) else node.module
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    others = {name for name in named if name.split(".")[0] not in sys.stdlib_module_names}
    assert others == {"torch", "torch.nn", "faceinsight.errors"}
